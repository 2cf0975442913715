package dev.mayfly.secrets.vault;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import dev.mayfly.Eventually;
import java.time.Duration;

/**
 * One test's part of a shared server: its mounts, roles and policies begin with a name of its own.
 */
public final class VaultSpace {

    /** What a job's policy must hold beside its secrets, as the documentation tells operators. */
    private static final String OF_EVERY_JOB =
            """
            path "auth/token/renew-self" { capabilities = ["update"] }
            path "sys/leases/renew" { capabilities = ["update"] }
            """;

    private final VaultServer server;
    private final String namespace;
    private final String name;

    VaultSpace(VaultServer server, String namespace, String name) {
        this.server = server;
        this.namespace = namespace;
        this.name = name;
    }

    public VaultServer server() {
        return server;
    }

    /** The name with the space's before it. */
    public String named(String what) {
        return name + "-" + what;
    }

    /** Mounts an engine and returns its path. */
    public String mount(String engine, String what) {
        server.write(namespace + "sys/mounts/" + named(what), "{\"type\":\"" + engine + "\"}");
        return named(what);
    }

    /** Mounts a KV engine of a version, 1 or 2, and returns its path. */
    public String keyValue(int version) {
        String path = named("kv" + version);
        server.write(
                namespace + "sys/mounts/" + path,
                "{\"type\":\"kv\",\"options\":{\"version\":\"" + version + "\"}}");
        if (version == 2) {
            awaitReady(path);
        }
        return path;
    }

    /** It refuses everything while it makes itself one of version 2. */
    private void awaitReady(String path) {
        try {
            Eventually.holds(
                    path + " is ready",
                    Duration.ofSeconds(30),
                    () -> server.finds(namespace + path + "/config"));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while " + path + " became ready", e);
        }
    }

    public String enableAuth(String type) {
        server.write(namespace + "sys/auth/" + named(type), "{\"type\":\"" + type + "\"}");
        return named(type);
    }

    /** Writes a policy as it is and returns its name. */
    public String policy(String what, String rules) {
        JsonNode body = JsonNodeFactory.instance.objectNode().put("policy", rules);
        server.write(namespace + "sys/policies/acl/" + named(what), body.toString());
        return named(what);
    }

    /** A policy of jobs that may read these paths, and write to them where they have to. */
    public String jobPolicy(String what, String... paths) {
        StringBuilder rules = new StringBuilder(OF_EVERY_JOB);
        for (String path : paths) {
            rules.append("path \"")
                    .append(path)
                    .append("\" { capabilities = [\"read\", \"update\"] }\n");
        }
        return policy(what, rules.toString());
    }

    /** A token role that gives tokens of this policy, as pools need it; returns its name. */
    public String tokenRole(String what, String policy) {
        server.write(
                namespace + "auth/token/roles/" + named(what),
                """
                {"allowed_policies": ["%s"], "orphan": true, "renewable": true, "token_type": "service",
                 "token_no_default_policy": true, "token_explicit_max_ttl": "4h"}
                """
                        .formatted(policy));
        return named(what);
    }

    /** A token of the daemon for these token roles, good for as long as it is renewed. */
    public String daemonToken(String... roles) {
        return server.write(
                        namespace + "auth/token/create-orphan",
                        """
                        {"policies": ["%s"], "period": "1h", "no_default_policy": true}
                        """
                                .formatted(daemonPolicy(roles)))
                .path("auth")
                .path("client_token")
                .asText();
    }

    /** What the daemon may do: never read a secret. */
    public String daemonPolicy(String... roles) {
        StringBuilder rules =
                new StringBuilder(
                        """
                        path "auth/token/lookup-self" { capabilities = ["read"] }
                        path "auth/token/renew-self" { capabilities = ["update"] }
                        path "auth/token/revoke-self" { capabilities = ["update"] }
                        path "auth/token/lookup-accessor" { capabilities = ["update"] }
                        path "auth/token/revoke-accessor" { capabilities = ["update"] }
                        path "sys/leases/lookup" { capabilities = ["update"] }
                        path "sys/leases/revoke" { capabilities = ["update"] }
                        path "sys/capabilities-self" { capabilities = ["update"] }
                        """);
        for (String role : roles) {
            rules.append("path \"auth/token/create/")
                    .append(role)
                    .append("\" { capabilities = [\"update\"] }\n");
        }
        return policy("daemon", rules.toString());
    }

    /**
     * Connects a database engine to a cluster, with a role that may log in, and returns the mount's
     * path.
     *
     * @param role up to 8 characters: the logins have it in their names
     */
    public String database(PostgresCluster cluster, String role) {
        String mount = mount("database", "db");
        server.database(cluster, mount, role);
        return mount;
    }
}
