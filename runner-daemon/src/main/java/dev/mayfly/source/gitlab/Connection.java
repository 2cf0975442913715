package dev.mayfly.source.gitlab;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import org.jspecify.annotations.Nullable;

/**
 * How a server is reached.
 *
 * @param server where it is
 * @param authority a PEM file of certificates to trust beside the usual ones, or null
 * @param client what Mayfly shows of itself, or null
 * @param proxy what stands in between, or null
 */
public record Connection(
        ServerAddress server,
        @Nullable Path authority,
        @Nullable ClientCertificate client,
        @Nullable ProxyRoute proxy) {

    /**
     * Looks at the files; asks nobody.
     *
     * @throws IllegalArgumentException naming one that cannot be used, and the cure
     */
    public void requireUsable() {
        Authorities.with(authority);
        if (client != null) {
            client.requireUsable();
        }
    }

    /** A server with a usual certificate and nothing in between. */
    public static Connection to(ServerAddress server) {
        return new Connection(server, null, null, null);
    }

    /**
     * A client certificate.
     *
     * @param certificate a PEM file, with the chain where there is one
     * @param key a PEM file, PKCS #8 or PKCS #1, without a passphrase
     */
    public record ClientCertificate(Path certificate, Path key) {

        private void requireUsable() {
            try {
                Authorities.read(certificate);
            } catch (IOException | GeneralSecurityException e) {
                throw unusable(certificate, "certificate", e);
            }
            try {
                if (!Files.readString(key).contains("PRIVATE KEY-----")) {
                    throw new IOException("there is no private key in it");
                }
            } catch (IOException e) {
                throw unusable(key, "key", e);
            }
        }

        private static IllegalArgumentException unusable(Path file, String as, Exception cause) {
            return new IllegalArgumentException(
                    file
                            + " cannot be used as client "
                            + as
                            + " ("
                            + cause
                            + "): it must be a PEM file that the user that runs Mayfly can read",
                    cause);
        }
    }
}
