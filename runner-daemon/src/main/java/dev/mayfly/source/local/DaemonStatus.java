package dev.mayfly.source.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How a daemon does.
 *
 * @param version its version
 * @param started when it was started
 * @param drained since when an operator keeps it from taking jobs, or null
 * @param health what keeps it from its work
 * @param pools the most trusted first
 */
public record DaemonStatus(
        String version,
        Instant started,
        @Nullable Instant drained,
        Health health,
        List<Pool> pools) {

    public DaemonStatus {
        pools = List.copyOf(pools);
    }

    /**
     * What {@code /healthz} and {@code /readyz} say.
     *
     * @param notAlive reasons to restart it; empty when there is none
     * @param notReady reasons why no job can be run now; empty when there is none
     */
    public record Health(List<String> notAlive, List<String> notReady) {
        public Health {
            notAlive = List.copyOf(notAlive);
            notReady = List.copyOf(notReady);
        }
    }

    /**
     * One pool.
     *
     * @param slots how many jobs may run at the same time
     * @param quarantined how many of the slots are lost until something of a job can be removed
     * @param fed whether any source feeds it
     * @param claiming whether a further job may come
     * @param jobs the ids of those that run
     */
    public record Pool(
            String name,
            int slots,
            int quarantined,
            boolean fed,
            boolean claiming,
            List<String> jobs) {
        public Pool {
            jobs = List.copyOf(jobs);
        }
    }

    ObjectNode json() {
        ObjectNode node =
                JobJson.object()
                        .put("version", version)
                        .put("started", started.toString())
                        .put("drained", drained == null ? null : drained.toString());
        add(node.putArray("not_alive"), health.notAlive());
        add(node.putArray("not_ready"), health.notReady());
        ArrayNode list = node.putArray("pools");
        for (Pool pool : pools) {
            ObjectNode entry =
                    list.addObject()
                            .put("name", pool.name())
                            .put("slots", pool.slots())
                            .put("quarantined", pool.quarantined())
                            .put("fed", pool.fed())
                            .put("claiming", pool.claiming());
            add(entry.putArray("jobs"), pool.jobs());
        }
        return node;
    }

    static DaemonStatus of(JsonNode node) {
        List<Pool> pools = new ArrayList<>();
        for (JsonNode pool : node.path("pools")) {
            pools.add(
                    new Pool(
                            pool.path("name").asText(),
                            pool.path("slots").asInt(),
                            pool.path("quarantined").asInt(),
                            pool.path("fed").asBoolean(),
                            pool.path("claiming").asBoolean(),
                            texts(pool.path("jobs"))));
        }
        return new DaemonStatus(
                node.path("version").asText(),
                Instant.parse(node.path("started").asText()),
                node.hasNonNull("drained") ? Instant.parse(node.path("drained").asText()) : null,
                new Health(texts(node.path("not_alive")), texts(node.path("not_ready"))),
                pools);
    }

    static List<String> texts(JsonNode list) {
        List<String> texts = new ArrayList<>();
        list.forEach(text -> texts.add(text.asText()));
        return texts;
    }

    static void add(ArrayNode list, List<String> texts) {
        texts.forEach(list::add);
    }
}
