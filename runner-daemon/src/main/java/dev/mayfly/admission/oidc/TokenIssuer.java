package dev.mayfly.admission.oidc;

import java.net.InetSocketAddress;
import java.net.URI;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Whose tokens the jobs of one source bring, and what a good one says.
 *
 * @param source the source that its jobs come from
 * @param variable of a job that holds the token
 * @param issuer what {@code iss} must be
 * @param audience what must be among {@code aud}
 * @param keys where the issuer publishes its keys
 * @param authorities PEM file of those that may sign the certificate at {@code keys}, or null for
 *     the usual ones
 * @param proxy what stands between here and the keys, or null
 * @param required whether a job without a token is refused
 */
public record TokenIssuer(
        String source,
        String variable,
        String issuer,
        String audience,
        URI keys,
        @Nullable Path authorities,
        @Nullable InetSocketAddress proxy,
        boolean required) {}
