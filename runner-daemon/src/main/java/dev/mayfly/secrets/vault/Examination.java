package dev.mayfly.secrets.vault;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mayfly.secrets.vault.PoolAccess.Allowance;
import dev.mayfly.secrets.vault.PoolAccess.TokenRole;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Asks the server by its own word what the daemon may do there. */
final class Examination {

    private static final Duration LIMIT = Duration.ofSeconds(20);

    /** Not needed where an agent does it. */
    private static final String OF_TOKENS_IT_KEEPS = "auth/token/renew-self";

    private static final List<String> NEEDED =
            List.of(
                    OF_TOKENS_IT_KEEPS,
                    "auth/token/lookup-accessor",
                    "auth/token/revoke-accessor",
                    "sys/leases/lookup",
                    "sys/leases/revoke");

    private final VaultSettings settings;
    private final VaultApi api;
    private final DaemonIdentity daemon;

    Examination(VaultSettings settings, VaultApi api, DaemonIdentity daemon) {
        this.settings = settings;
        this.api = api;
        this.daemon = daemon;
    }

    /** What the daemon needs to take back what jobs of a pool had, and to let them in. */
    static List<String> neededFor(PoolAccess pool) {
        List<String> needed = new ArrayList<>(NEEDED);
        needed.remove(OF_TOKENS_IT_KEEPS);
        TokenRole minted = pool.minted();
        if (minted != null) {
            needed.add("auth/token/create/" + minted.name());
        }
        return List.copyOf(needed);
    }

    VaultReport report() throws InterruptedException {
        String trouble = daemon.trouble();
        if (!trouble.isEmpty()) {
            return new VaultReport(trouble, "", "", Duration.ZERO, List.of(), List.of());
        }
        try {
            return examined(Until.in(LIMIT));
        } catch (VaultFailure e) {
            return new VaultReport(e.reason(), "", "", Duration.ZERO, List.of(), List.of());
        }
    }

    private VaultReport examined(Until until) throws InterruptedException {
        JsonNode health =
                api.ask(
                                VaultRequest.read("sys/health"),
                                until.atMost(settings.connection().limit()))
                        .body();
        long serverSeconds = health.path("server_time_utc").asLong();
        Duration ahead =
                serverSeconds == 0
                        ? Duration.ZERO
                        : Duration.between(Instant.now(), Instant.ofEpochSecond(serverSeconds));

        Set<String> needed = new LinkedHashSet<>(NEEDED);
        Set<String> secrets = new LinkedHashSet<>();
        for (PoolAccess pool : settings.pools()) {
            TokenRole minted = pool.minted();
            if (minted != null) {
                needed.add("auth/token/create/" + minted.name());
            }
            for (Allowance allowed : pool.allowed()) {
                // A name in place of what is open: nothing is read, so nothing has to be there.
                allowed.paths()
                        .forEach(path -> secrets.add(path.replace("+", "x").replace("*", "x")));
            }
        }
        List<String> asked = new ArrayList<>(needed);
        asked.addAll(secrets);
        JsonNode capabilities =
                daemon.ask(
                                VaultRequest.write("sys/capabilities-self", Map.of("paths", asked)),
                                until)
                        .data();
        String version = health.path("version").asText("");
        return new VaultReport(
                "",
                version,
                ServerVersion.tooOldFor(version).orElse(""),
                ahead,
                needed.stream().filter(path -> !may(capabilities, path, "update")).toList(),
                secrets.stream().filter(path -> may(capabilities, path, "read")).toList());
    }

    /** Whether the server's answer of rights has this one. */
    static boolean may(JsonNode capabilities, String path, String what) {
        for (JsonNode capability : capabilities.path(path)) {
            if (capability.asText().equals(what) || capability.asText().equals("root")) {
                return true;
            }
        }
        return false;
    }
}
