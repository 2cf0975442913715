package dev.mayfly.config;

import dev.mayfly.job.PoolName;
import java.net.URI;
import java.nio.file.Path;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One runner at one GitLab server.
 *
 * @param name of the registration, and of the source
 * @param url of the server
 * @param pool that it feeds
 * @param protectedRefs whether the server gives it jobs of protected refs only
 * @param rotateToken whether the daemon exchanges its token before it expires
 * @param tls how the server's and Mayfly's certificates are checked
 * @param variables that each of its jobs gets, unless the job has its own of the name
 * @param identity how the identity tokens of its jobs are checked, or null when none is looked at
 */
public record GitLabSettings(
        String name,
        String url,
        PoolName pool,
        boolean protectedRefs,
        boolean rotateToken,
        Tls tls,
        Map<String, String> variables,
        @Nullable IdToken identity) {

    public GitLabSettings {
        variables = Map.copyOf(variables);
    }

    /** A runner that gives its jobs no variables, and whose jobs bring no tokens that matter. */
    public GitLabSettings(
            String name,
            String url,
            PoolName pool,
            boolean protectedRefs,
            boolean rotateToken,
            Tls tls) {
        this(name, url, pool, protectedRefs, rotateToken, tls, Map.of(), null);
    }

    /**
     * What a good identity token says.
     *
     * @param variable of the job that holds it
     * @param issuer who signed it
     * @param audience whom it is for
     * @param keys where the issuer's keys are
     * @param required whether a job without one is refused
     */
    public record IdToken(
            String variable, String issuer, String audience, URI keys, boolean required) {}

    /**
     * Certificates. Both of the last two are there, or neither.
     *
     * @param authorities PEM, or null for the usual ones
     * @param clientCertificate PEM, or null for none
     * @param clientKey PEM, or null for none
     */
    public record Tls(
            @Nullable Path authorities,
            @Nullable Path clientCertificate,
            @Nullable Path clientKey) {}
}
