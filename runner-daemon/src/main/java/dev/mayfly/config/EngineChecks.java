package dev.mayfly.config;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** How what is said of the engines fits together: of all pools', and of the one for the others. */
final class EngineChecks {

    private static final String HOST = "host";

    private final Section root;
    private final Environment environment;

    EngineChecks(Section root, Environment environment) {
        this.root = root;
        this.environment = environment;
    }

    void run() {
        Section usual = root.section("engine");
        checkTransport(
                usual,
                usual.has(HOST)
                        ? usual.text(HOST)
                        : environment.variable("DOCKER_HOST").orElse(""));
        Map<String, JsonNode> known = new HashMap<>();
        if (usual.has(HOST)) {
            known.put(usual.text(HOST), usual.value());
        }
        for (Section pool : root.sections("pools")) {
            Section engine = pool.section("engine");
            if (engine.has(HOST)) {
                checkTransport(engine, engine.text(HOST));
                checkSame(engine, known);
            }
        }
    }

    /** Whoever reaches such a port is root on the engine's host. */
    private void checkTransport(Section engine, String host) {
        if (host.startsWith("tcp:")
                && noneFaulty(engine, HOST, "allow_plain_tcp", "cert_dir")
                && !engine.has("cert_dir")
                && EngineCertificates.ofEnvironment(environment).isEmpty()
                && !engine.flag("allow_plain_tcp")) {
            engine.report(
                    HOST,
                    "is " + host + ", which is not encrypted and asks nobody who he is",
                    "name a unix socket or ssh://, or set engine.cert_dir for TLS, or"
                            + " engine.allow_plain_tcp: true");
        }
    }

    /** It is one engine, whose state is shared. */
    private static void checkSame(Section engine, Map<String, JsonNode> known) {
        JsonNode before = known.putIfAbsent(engine.text(HOST), engine.value());
        if (before != null && !before.equals(engine.value())) {
            engine.report(
                    HOST,
                    "is " + engine.text(HOST) + ", of which the file says something else above",
                    "write the same keys in both places");
        }
    }

    private static boolean noneFaulty(Section engine, String... keys) {
        return List.of(keys).stream()
                .noneMatch(key -> engine.review().isFaulty(engine.pointer(key)));
    }
}
