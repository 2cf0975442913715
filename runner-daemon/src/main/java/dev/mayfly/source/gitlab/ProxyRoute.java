package dev.mayfly.source.gitlab;

import dev.mayfly.job.SecretValue;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * An HTTP proxy between Mayfly and the server.
 *
 * @param host where it is
 * @param port 1 to 65535
 * @param user whom it knows, or null
 * @param password of the user, or null
 */
public record ProxyRoute(
        String host, int port, @Nullable String user, @Nullable SecretValue password) {

    /**
     * The proxy that the environment names for a server: {@code HTTPS_PROXY} or {@code HTTP_PROXY},
     * unless {@code NO_PROXY} excepts the host. Lower case is read first, as curl does.
     *
     * @throws IllegalArgumentException naming the variable, when it holds no proxy
     */
    public static Optional<ProxyRoute> of(Map<String, String> environment, ServerAddress server) {
        String name = server.tls() ? "HTTPS_PROXY" : "HTTP_PROXY";
        String proxy = variable(environment, name);
        if (proxy.isEmpty() || excepted(variable(environment, "NO_PROXY"), server.host())) {
            return Optional.empty();
        }
        try {
            URI uri = new URI(proxy.contains("://") ? proxy : "http://" + proxy);
            if (uri.getHost() == null || !"http".equals(uri.getScheme())) {
                throw notAProxy(name);
            }
            String credentials = uri.getUserInfo();
            int colon = credentials == null ? -1 : credentials.indexOf(':');
            String user =
                    credentials == null || colon < 0
                            ? credentials
                            : credentials.substring(0, colon);
            SecretValue password =
                    credentials == null || colon < 0
                            ? null
                            : new SecretValue(
                                    credentials
                                            .substring(colon + 1)
                                            .getBytes(StandardCharsets.UTF_8));
            return Optional.of(
                    new ProxyRoute(
                            uri.getHost(), uri.getPort() < 0 ? 80 : uri.getPort(), user, password));
        } catch (URISyntaxException e) {
            throw notAProxy(name);
        }
    }

    private static String variable(Map<String, String> environment, String name) {
        String lower = environment.get(name.toLowerCase(Locale.ROOT));
        return (lower == null ? environment.getOrDefault(name, "") : lower).strip();
    }

    private static boolean excepted(String list, String host) {
        for (String entry : list.toLowerCase(Locale.ROOT).split("[,\\s]+", -1)) {
            String name = entry.startsWith(".") ? entry.substring(1) : entry;
            if (entry.equals("*")
                    || (!name.isEmpty() && (host.equals(name) || host.endsWith("." + name)))) {
                return true;
            }
        }
        return false;
    }

    /** Without the value: it may hold a password. */
    private static IllegalArgumentException notAProxy(String name) {
        return new IllegalArgumentException(
                "the environment variable "
                        + name
                        + " must look like http://proxy.example.com:3128");
    }
}
