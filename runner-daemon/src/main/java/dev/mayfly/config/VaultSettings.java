package dev.mayfly.config;

import dev.mayfly.job.PoolName;
import dev.mayfly.policy.TrustedCondition;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A Vault or OpenBao server, and what each pool may have of it.
 *
 * @param server how it is reached
 * @param tls certificates
 * @param auth as whom the daemon comes
 * @param name that the daemon's role there has, and its policies begin with
 * @param pools those with a vault section
 */
public record VaultSettings(Server server, Tls tls, Auth auth, String name, List<Pool> pools) {

    public VaultSettings {
        pools = List.copyOf(pools);
    }

    /**
     * How the server is reached.
     *
     * @param address without a path
     * @param others further servers of the same cluster
     * @param namespace or empty
     * @param timeout of one request
     * @param tokenLife how long a job's token outlives a daemon that is gone for good
     */
    public record Server(
            URI address, List<URI> others, String namespace, Duration timeout, Duration tokenLife) {
        public Server {
            others = List.copyOf(others);
        }
    }

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

    /** How the daemon proves who it is. */
    public sealed interface Auth {

        /**
         * By a role id and a secret id.
         *
         * @param wrappedRole of whose secret id the file holds a wrapping token, or empty when it
         *     holds the secret id itself
         */
        record AppRole(String mount, String roleId, Path secretIdFile, String wrappedRole)
                implements Auth {}

        /** By the client certificate of the connection, in this file. */
        record Certificate(String mount, String role, Path file) implements Auth {}

        /** By a token that the host's platform signs. */
        record Jwt(String mount, String role, Path file) implements Auth {}

        /** By a token of the server, which an agent keeps in a file. */
        record TokenFile(Path file) implements Auth {}
    }

    /**
     * What the jobs of one pool may have.
     *
     * @param name the pool
     * @param minted the token role for jobs without an identity token, or null for none
     * @param jwt for jobs with one, or null for none
     * @param allowed what may be asked for
     * @param bindings what jobs get without asking
     */
    public record Pool(
            PoolName name,
            @Nullable Minted minted,
            @Nullable Jwt jwt,
            List<Allowed> allowed,
            List<Binding> bindings) {
        public Pool {
            allowed = List.copyOf(allowed);
            bindings = List.copyOf(bindings);
        }
    }

    /**
     * How tokens are made for jobs.
     *
     * @param role a token role
     * @param policies of them, or empty for all that the role allows
     */
    public record Minted(String role, List<String> policies) {
        public Minted {
            policies = List.copyOf(policies);
        }
    }

    /**
     * How a job's identity token is exchanged.
     *
     * @param others roles that a job may name in place of the usual one
     * @param boundClaims what the role is to be bound to beside what is allowed, any of a list
     * @param variable of the job that holds it
     */
    public record Jwt(
            String mount,
            String role,
            List<String> others,
            Map<String, List<String>> boundClaims,
            String variable) {
        public Jwt {
            others = List.copyOf(others);
            boundClaims = Map.copyOf(boundClaims);
        }
    }

    /**
     * Paths, and for whom.
     *
     * @param when values of claims, any of a list; empty for all jobs
     * @param rule over verified facts, or null for none
     */
    public record Allowed(
            List<String> paths, Map<String, List<String>> when, @Nullable TrustedCondition rule) {
        public Allowed {
            paths = List.copyOf(paths);
            when = Map.copyOf(when);
        }
    }

    /**
     * A secret that jobs get without asking.
     *
     * @param name of the file, and of the variable
     * @param reference what is fetched
     * @param variable whether it is a variable too
     * @param template or null for none
     * @param when values of claims, any of a list; empty for all jobs
     * @param rule over verified facts, or null for none
     */
    public record Binding(
            String name,
            String reference,
            boolean variable,
            @Nullable String template,
            Map<String, List<String>> when,
            @Nullable TrustedCondition rule) {
        public Binding {
            when = Map.copyOf(when);
        }
    }
}
