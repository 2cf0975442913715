package dev.mayfly.job;

import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * What a registry wants of who pulls from it.
 *
 * @param registry its host, with a port where it is not the usual one; a path in it limits the
 *     login to images below. Docker's ways to write that are understood: with a scheme, with {@code
 *     /v1/} at the end, {@code index.docker.io} for {@code docker.io}, and the usual port
 * @param user the user's name
 * @param password in memory only
 * @param origin who it is from
 */
public record RegistryLogin(String registry, String user, SecretValue password, Origin origin) {

    private static final Pattern SCHEME = Pattern.compile("^[a-z]+://", Pattern.CASE_INSENSITIVE);
    private static final Pattern PATH = Pattern.compile("/.*$");

    /** Who a login is from; of two for the same images, the one that is first here counts. */
    public enum Origin {
        /** The variable {@code DOCKER_AUTH_CONFIG} of the job. */
        VARIABLE("the job's DOCKER_AUTH_CONFIG"),
        /** Whoever runs this host. */
        HOST("this host's configuration"),
        /** The CI server, for its own registry. */
        SERVER("the job's server");

        private final String words;

        Origin(String words) {
            this.words = words;
        }

        /** For sentences. */
        @Override
        public String toString() {
            return words;
        }
    }

    public RegistryLogin {
        String written = registry.strip();
        String path = SCHEME.matcher(written).replaceFirst("");
        // With a scheme it is the form of old, in which a path is a version of the protocol.
        registry =
                named(
                        path.equals(written)
                                ? path.replaceFirst("/+$", "")
                                : PATH.matcher(path).replaceFirst(""));
    }

    /** A login that the CI server has sent. */
    public RegistryLogin(String registry, String user, SecretValue password) {
        this(registry, user, password, Origin.SERVER);
    }

    /** Whether it is for this image. */
    public boolean covers(ImageReference image) {
        String path = image.repository();
        return path.equals(registry) || path.startsWith(registry + "/");
    }

    /** The login for an image: the one with the longest path, then the one of the first origin. */
    public static Optional<RegistryLogin> of(ImageReference image, List<RegistryLogin> logins) {
        return logins.stream()
                .filter(login -> login.covers(image))
                .min(
                        Comparator.comparingInt((RegistryLogin login) -> -login.registry().length())
                                .thenComparing(RegistryLogin::origin));
    }

    private static String named(String path) {
        int slash = path.indexOf('/');
        return slash < 0
                ? ImageReference.registryOf(path)
                : ImageReference.registryOf(path.substring(0, slash)) + path.substring(slash);
    }
}
