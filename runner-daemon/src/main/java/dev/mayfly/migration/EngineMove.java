package dev.mayfly.migration;

import static dev.mayfly.migration.ConfigToml.field;
import static dev.mayfly.migration.ConfigToml.text;

import com.fasterxml.jackson.databind.JsonNode;

/**
 * The engine that runs a runner's jobs, as a daemon would be told of it.
 *
 * @param host as gitlab-runner names it; empty for the host's own
 * @param certificates directory of those for TLS; empty for none, or where they play no part
 */
record EngineMove(String host, String certificates) {

    private static final String USUAL = "unix:///var/run/docker.sock";
    private static final String USABLE =
            "unix:///[A-Za-z0-9._~/@+,:=-]+|tcp://[A-Za-z0-9.-]+:[0-9]{1,5}";

    /** Two that reach the same engine in the same way are equal. */
    EngineMove {
        host = host.equals(USUAL) ? "" : host;
        certificates = host.startsWith("tcp:") ? certificates : "";
    }

    static EngineMove of(JsonNode runner) {
        JsonNode docker = field(runner, "docker");
        return new EngineMove(text(docker, "host"), text(docker, "tls_cert_path"));
    }

    /** Whether a daemon can reach it. */
    boolean usable() {
        return host.isEmpty() || host.matches(USABLE);
    }

    boolean isPlainTcp() {
        return host.startsWith("tcp:") && certificates.isEmpty();
    }

    /** The section of the configuration, or empty text where none is needed. */
    String yaml() {
        if (host.isEmpty()) {
            return "";
        }
        return "\nengine:\n  host: '"
                + host
                + "'\n"
                + (isPlainTcp() ? "  allow_plain_tcp: true\n" : "")
                + (certificates.isEmpty()
                        ? ""
                        : "  cert_dir: '" + certificates.replace("'", "''") + "'\n");
    }

    /** For people to read; without the values of keys. */
    String differsFrom(String runner) {
        return host.isEmpty()
                ? "means this host's own engine, and not that of " + runner
                : "is another engine than that of "
                        + runner
                        + ", or reached with other certificates";
    }
}
