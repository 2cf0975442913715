package dev.mayfly.source.gitlab;

import java.nio.file.Path;
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
    public record ClientCertificate(Path certificate, Path key) {}
}
