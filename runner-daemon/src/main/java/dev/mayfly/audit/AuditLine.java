package dev.mayfly.audit;

import com.fasterxml.jackson.annotation.JsonInclude;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.PropertyNamingStrategies;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.ser.std.ToStringSerializer;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.Sha256;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.HexFormat;
import java.util.Optional;

/**
 * One line of the trail: a JSON object, whose {@code prev} is the hash of the line before it. The
 * hash of a line is SHA-256 of its bytes without the line feed.
 *
 * @param object what it says
 * @param hash of its bytes, in hexadecimal digits
 */
public record AuditLine(JsonNode object, String hash) {

    /** Before the first line. */
    static final String BEGINNING = "0".repeat(64);

    private static final ObjectMapper MAPPER =
            JsonMapper.builder()
                    .propertyNamingStrategy(PropertyNamingStrategies.SNAKE_CASE)
                    .defaultPropertyInclusion(
                            JsonInclude.Value.construct(
                                    JsonInclude.Include.NON_NULL, JsonInclude.Include.ALWAYS))
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .enable(DeserializationFeature.FAIL_ON_READING_DUP_TREE_KEY)
                    .addModule(
                            new SimpleModule()
                                    .addSerializer(JobId.class, ToStringSerializer.instance))
                    .build();

    /** When something was, in which process, and under which policy. */
    record Stamp(Instant at, LifeId life, String policy) {}

    /** An event before it has a place in the chain. */
    record Draft(Stamp stamp, AuditEvent event) {}

    /** A draft's place. */
    record Place(long seq, String prev) {}

    static byte[] bytes(Draft draft, Place place) {
        ObjectNode line = MAPPER.createObjectNode();
        line.put("seq", place.seq());
        line.put("at", draft.stamp().at().toString());
        line.put("kind", draft.event().kind());
        line.put("life", draft.stamp().life().value());
        line.put("policy", draft.stamp().policy());
        line.setAll(MAPPER.<ObjectNode>valueToTree(draft.event()));
        line.put("prev", place.prev());
        return line.toString().getBytes(StandardCharsets.UTF_8);
    }

    static String hashOf(byte[] bytes) {
        return HexFormat.of().formatHex(Sha256.of(bytes));
    }

    /** Reads a line; empty when it is none of a trail. */
    static Optional<AuditLine> read(byte[] bytes) {
        try {
            JsonNode object = MAPPER.readTree(new String(bytes, StandardCharsets.UTF_8));
            return object.isObject()
                            && object.path("seq").isIntegralNumber()
                            && object.path("prev").isTextual()
                            && object.path("kind").isTextual()
                    ? Optional.of(new AuditLine(object, hashOf(bytes)))
                    : Optional.empty();
        } catch (JacksonException e) {
            return Optional.empty();
        }
    }

    /** Its number, one more than that of the line before. */
    public long seq() {
        return object.path("seq").asLong();
    }

    /** Hash of the line before. */
    public String prev() {
        return text("prev");
    }

    /** What it is about. */
    public String kind() {
        return text("kind");
    }

    /** A text of it, or empty. */
    public String text(String name) {
        return object.path(name).asText("");
    }
}
