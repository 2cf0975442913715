package dev.mayfly.secrets.vault;

import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a server is reached.
 *
 * @param address for example {@code https://vault.example.com:8200}, without a slash at its end
 * @param others further addresses of the same cluster; a standby server may send there
 * @param namespace of everything that is asked for, or empty
 * @param tls certificates
 * @param limit the longest that one request may take
 */
public record VaultConnection(
        URI address, List<URI> others, String namespace, Tls tls, Duration limit) {

    public VaultConnection {
        others = List.copyOf(others);
    }

    /**
     * Certificates; files are read again when they change. Both of the last two are there, or
     * neither.
     *
     * @param authorities PEM with all that may sign the server's, which then are the only ones; or
     *     null for the usual ones
     * @param certificate PEM with the chain that Mayfly shows, or null for none
     * @param key PEM, PKCS#8, or null for none
     */
    public record Tls(@Nullable Path authorities, @Nullable Path certificate, @Nullable Path key) {

        /** The usual authorities, and no certificate. */
        public static final Tls USUAL = new Tls(null, null, null);
    }
}
