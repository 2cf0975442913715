package dev.mayfly.config;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;

/**
 * What surrounds the process and takes part in its configuration.
 *
 * @param variables the environment variables
 * @param home the user's home directory
 * @param root whether the process runs as root
 */
public record Environment(Map<String, String> variables, Path home, boolean root) {

    private static final Path OWN_PROCESS = Path.of("/proc/self");

    public Environment {
        variables = Map.copyOf(variables);
    }

    /** The surroundings of this process. */
    public static Environment ofProcess() {
        return new Environment(
                System.getenv(), Path.of(System.getProperty("user.home", "/")), runsAsRoot());
    }

    /** A variable's value, or empty when it is not set or set to nothing. */
    public Optional<String> variable(String name) {
        return Optional.ofNullable(variables.get(name)).filter(value -> !value.isEmpty());
    }

    /** Where systemd put the unit's credentials, or empty when it put none. */
    public Optional<Path> credentialsDirectory() {
        return variable("CREDENTIALS_DIRECTORY").map(Path::of);
    }

    /** Where Mayfly keeps its state unless the configuration says otherwise. */
    public Path stateDirectory() {
        return root
                ? Path.of("/var/lib/mayfly")
                : variable("XDG_STATE_HOME")
                        .map(Path::of)
                        .orElse(home.resolve(".local/state"))
                        .resolve("mayfly");
    }

    /** Leaves the variables out: they may hold secrets. */
    @Override
    public String toString() {
        return "Environment[home=" + home + ", root=" + root + "]";
    }

    private static boolean runsAsRoot() {
        // The user's name is unknown to a JVM in a container without an entry in /etc/passwd.
        if (!Files.exists(OWN_PROCESS)) {
            return "root".equals(System.getProperty("user.name"));
        }
        try {
            return Integer.valueOf(0).equals(Files.getAttribute(OWN_PROCESS, "unix:uid"));
        } catch (IOException e) {
            throw new UncheckedIOException("could not read the owner of " + OWN_PROCESS, e);
        }
    }
}
