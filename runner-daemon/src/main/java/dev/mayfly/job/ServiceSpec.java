package dev.mayfly.job;

import java.util.List;
import java.util.Map;

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

    /** What people call it. */
    public String alias() {
        return aliases.getFirst();
    }

    /** Leaves the variables out: they may hold passwords. */
    @Override
    public String toString() {
        return "ServiceSpec[image=" + image.reference() + ", alias=" + alias() + "]";
    }
}
