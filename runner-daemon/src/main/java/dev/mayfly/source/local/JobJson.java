package dev.mayfly.source.local;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.job.Fault;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.UsedImage;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** How jobs, outcomes and receipts are written in the database and on the wire. */
final class JobJson {

    private static final ObjectMapper JSON = new ObjectMapper();

    private JobJson() {}

    static ObjectNode object() {
        return JsonNodeFactory.instance.objectNode();
    }

    static ArrayNode array() {
        return JsonNodeFactory.instance.arrayNode();
    }

    static String text(JsonNode node) {
        try {
            return JSON.writeValueAsString(node);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree of strings and numbers is always JSON", e);
        }
    }

    /**
     * Reads JSON.
     *
     * @throws IllegalArgumentException when it is not
     */
    static JsonNode tree(String text) {
        try {
            return JSON.readTree(text);
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not JSON: " + e.getOriginalMessage(), e);
        }
    }

    static ObjectNode job(LocalJob job) {
        JobState state = job.state();
        ObjectNode node =
                object().put("id", job.id().value())
                        .put("source", job.source())
                        .put("name", job.name())
                        .put("pool", job.pool().value())
                        .put("phase", word(state.phase()));
        put(node, "submitted_at", state.times().submitted());
        put(node, "claimed_at", state.times().claimed());
        put(node, "started_at", state.times().started());
        put(node, "ended_at", state.times().ended());
        put(node, "released_at", state.times().released());
        if (state.cancelReason() != null) {
            node.put("cancel_reason", state.cancelReason());
        }
        if (state.outcome() != null) {
            node.set("outcome", outcome(state.outcome()));
        }
        if (state.receipt() != null) {
            node.set("receipt", receipt(state.receipt()));
        }
        return node;
    }

    static LocalJob job(JsonNode node) {
        return new LocalJob(
                new JobId(node.path("id").asText()),
                node.path("source").asText(),
                node.path("name").asText(),
                new PoolName(node.path("pool").asText()),
                new JobState(
                        JobPhase.valueOf(constant(node.path("phase"))),
                        new JobTimes(
                                Instant.parse(node.path("submitted_at").asText()),
                                instant(node.path("claimed_at")),
                                instant(node.path("started_at")),
                                instant(node.path("ended_at")),
                                instant(node.path("released_at"))),
                        node.has("cancel_reason") ? node.path("cancel_reason").asText() : null,
                        node.has("outcome") ? outcome(node.path("outcome")) : null,
                        node.has("receipt") ? receipt(node.path("receipt")) : null));
    }

    static ObjectNode outcome(Outcome outcome) {
        ObjectNode node = object().put("kind", outcome.word());
        return switch (outcome) {
            case Outcome.Passed() -> node;
            case Outcome.Failed(int exitCode) -> node.put("exit_code", exitCode);
            case Outcome.OutOfMemory(long limitBytes) -> node.put("limit_bytes", limitBytes);
            case Outcome.OutOfDisk(String excess) -> node.put("reason", excess);
            case Outcome.TimedOut(Duration limit) -> node.put("limit_ms", limit.toMillis());
            case Outcome.Cancelled(String reason) -> node.put("reason", reason);
            case Outcome.Denied(String reason) -> node.put("reason", reason);
            case Outcome.Faulted(Fault fault, String detail) ->
                    node.put("fault", word(fault)).put("detail", detail);
            case Outcome.Lost() -> node;
        };
    }

    static Outcome outcome(JsonNode node) {
        String kind = node.path("kind").asText();
        return switch (kind) {
            case "passed" -> new Outcome.Passed();
            case "failed" -> new Outcome.Failed(node.path("exit_code").asInt());
            case "out-of-memory" -> new Outcome.OutOfMemory(node.path("limit_bytes").asLong());
            case "out-of-disk" -> new Outcome.OutOfDisk(node.path("reason").asText());
            case "timed-out" ->
                    new Outcome.TimedOut(Duration.ofMillis(node.path("limit_ms").asLong()));
            case "cancelled" -> new Outcome.Cancelled(node.path("reason").asText());
            case "denied" -> new Outcome.Denied(node.path("reason").asText());
            case "faulted" ->
                    new Outcome.Faulted(
                            Fault.valueOf(constant(node.path("fault"))),
                            node.path("detail").asText());
            case "lost" -> new Outcome.Lost();
            default -> throw new IllegalArgumentException("no outcome is called \"" + kind + "\"");
        };
    }

    static ObjectNode receipt(Receipt receipt) {
        ObjectNode node =
                object().put("job", receipt.job().value())
                        .put("life", receipt.life().value())
                        .put("at", receipt.at().toString())
                        .put("clean", receipt.clean());
        ArrayNode disposals = node.putArray("disposals");
        for (Receipt.Disposal disposal : receipt.disposals()) {
            disposals
                    .addObject()
                    .put("kind", word(disposal.resource().kind()))
                    .put("name", disposal.resource().name())
                    .put("verified", disposal.verified())
                    .put("evidence", disposal.evidence());
        }
        ArrayNode images = node.putArray("images");
        for (UsedImage image : receipt.images()) {
            images.addObject()
                    .put("reference", image.reference())
                    .put("identity", image.identity());
        }
        return node;
    }

    static Receipt receipt(JsonNode node) {
        List<Receipt.Disposal> disposals = new ArrayList<>();
        for (JsonNode disposal : node.path("disposals")) {
            disposals.add(
                    new Receipt.Disposal(
                            new OwnedResource(
                                    OwnedResource.Kind.valueOf(constant(disposal.path("kind"))),
                                    disposal.path("name").asText()),
                            disposal.path("verified").asBoolean(),
                            disposal.path("evidence").asText()));
        }
        List<UsedImage> images = new ArrayList<>();
        for (JsonNode image : node.path("images")) {
            images.add(
                    new UsedImage(
                            image.path("reference").asText(), image.path("identity").asText()));
        }
        return new Receipt(
                new JobId(node.path("job").asText()),
                new LifeId(node.path("life").asText()),
                Instant.parse(node.path("at").asText()),
                disposals,
                images);
    }

    static String word(Enum<?> constant) {
        return constant.name().toLowerCase(Locale.ROOT);
    }

    private static String constant(JsonNode word) {
        return word.asText().toUpperCase(Locale.ROOT);
    }

    private static void put(ObjectNode node, String field, @Nullable Instant at) {
        if (at != null) {
            node.put(field, at.toString());
        }
    }

    private static @Nullable Instant instant(JsonNode node) {
        return node.isMissingNode() ? null : Instant.parse(node.asText());
    }
}
