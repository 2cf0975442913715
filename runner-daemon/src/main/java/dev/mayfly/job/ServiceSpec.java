package dev.mayfly.job;

import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A container beside the job, such as a database.
 *
 * @param image what it runs
 * @param aliases host names under which the job reaches it; the first is what people call it
 * @param command arguments instead of the image's CMD; empty for the image's
 * @param variables its environment
 */
public record ServiceSpec(
        ImageSpec image,
        List<String> aliases,
        List<String> command,
        Map<String, String> variables) {

    public ServiceSpec {
        aliases = List.copyOf(aliases);
        command = List.copyOf(command);
        variables = Map.copyOf(variables);
        if (aliases.isEmpty()) {
            throw new IllegalArgumentException(
                    "service " + image.reference() + " needs a host name");
        }
    }

    /** A service of one name that runs as its image says. */
    public ServiceSpec(
            String image, String alias, List<String> command, Map<String, String> variables) {
        this(new ImageSpec(image, null), List.of(alias), command, variables);
    }

    /** The same, its image fetched by these policies where it does not name its own. */
    public ServiceSpec orPulled(List<PullPolicy> policies) {
        return new ServiceSpec(image.orPulled(policies), aliases, command, variables);
    }

    /** What people call it. */
    public String alias() {
        return aliases.getFirst();
    }

    /**
     * The host names that GitLab makes of an image's name: with the slashes as dashes and as
     * underscores.
     */
    public static Set<String> namesOf(String image) {
        String name = ImageReference.nameIn(image);
        int slash = name.indexOf('/');
        int port = name.indexOf(':');
        if (port >= 0 && port < slash) {
            name = name.substring(0, port) + name.substring(slash);
        }
        name = name.toLowerCase(Locale.ROOT);
        return new TreeSet<>(List.of(name.replace("/", "-"), name.replace("/", "__")));
    }

    /** Leaves the variables out: they may hold passwords. */
    @Override
    public String toString() {
        return "ServiceSpec[image=" + image.reference() + ", alias=" + alias() + "]";
    }
}
