package dev.mayfly.secrets.vault;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import dev.mayfly.job.SecretValue;
import dev.mayfly.secrets.vault.VaultFailure.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One answer of a secrets engine. Prints as its path.
 *
 * @param path it was read from
 * @param fields what it says, without the envelope of a versioned engine
 * @param lease what has to be given back, or null when there is nothing to
 * @param version of a versioned engine, or 0
 */
record Fetched(String path, JsonNode fields, @Nullable Lease lease, long version) {

    private static final JsonMapper JSON = new JsonMapper();
    private static final Pattern PLACE = Pattern.compile("\\{\\{ *([A-Za-z0-9_.-]+) *\\}\\}");

    /**
     * A lease.
     *
     * @param id by which the server knows it
     * @param lifetime from the answer on
     * @param renewable whether that can be lengthened
     */
    record Lease(String id, Duration lifetime, boolean renewable) {}

    /**
     * Reads an answer.
     *
     * @throws VaultFailure when it holds nothing
     */
    static Fetched of(VaultReference.Read read, VaultAnswer answer) {
        JsonNode data = answer.data();
        long version = 0;
        if (isVersioned(data)) {
            version = data.path("metadata").path("version").asLong();
            data = data.path("data");
        }
        if (!data.isObject() || data.isEmpty()) {
            throw new VaultFailure(
                    Kind.MISSING, read.path() + ": what is there holds nothing, or was deleted");
        }
        Lease lease =
                answer.leaseId().isEmpty()
                        ? null
                        : new Lease(
                                answer.leaseId(),
                                Duration.ofSeconds(answer.body().path("lease_duration").asLong()),
                                answer.body().path("renewable").asBoolean());
        return new Fetched(read.path(), data, lease, version);
    }

    /** Only version 2 of the key-value engine wraps its answer like this. */
    private static boolean isVersioned(JsonNode data) {
        return data.size() == 2
                && data.has("data")
                && data.path("metadata").has("version")
                && data.path("metadata").has("created_time");
    }

    /**
     * The value that a reference names.
     *
     * @throws VaultFailure when there is none, naming the field
     */
    SecretValue value(VaultReference reference) {
        if (reference.field().isEmpty()) {
            return hidden(written(fields));
        }
        String text = text(reference.field());
        if (!reference.base64()) {
            return hidden(text);
        }
        try {
            return new SecretValue(Base64.getDecoder().decode(text));
        } catch (IllegalArgumentException _) {
            throw new VaultFailure(
                    Kind.REJECTED, path + ": the field " + reference.field() + " is not in base64");
        }
    }

    /** A text with the fields' values in it. */
    SecretValue filled(String template) {
        Matcher places = PLACE.matcher(template);
        StringBuilder text = new StringBuilder();
        while (places.find()) {
            places.appendReplacement(text, Matcher.quoteReplacement(text(places.group(1))));
        }
        places.appendTail(text);
        return hidden(text.toString());
    }

    /**
     * The values that a template takes, by the names of secret and field.
     *
     * @param name of the secret
     */
    Map<String, SecretValue> partsOf(String name, String template) {
        Map<String, SecretValue> parts = new LinkedHashMap<>();
        for (Matcher places = PLACE.matcher(template); places.find(); ) {
            String field = places.group(1);
            JsonNode value = fields.path(field);
            if (value.isNumber()) { // chosen by hand, unlike those of a whole answer
                parts.put(name + "." + field, hidden(value.asText()));
            } else {
                collect(name + "." + field, value, parts);
            }
        }
        return parts;
    }

    /** The same of a reference to more than one value: texts, since numbers are seldom secret. */
    Map<String, SecretValue> partsOf(String name, VaultReference reference) {
        Map<String, SecretValue> parts = new LinkedHashMap<>();
        JsonNode value = reference.field().isEmpty() ? fields : fields.path(reference.field());
        if (value.isContainerNode()) {
            collect(name, value, parts);
        }
        return parts;
    }

    private static void collect(String name, JsonNode node, Map<String, SecretValue> parts) {
        if (node.isTextual() && !node.textValue().isEmpty()) {
            parts.put(name, hidden(node.textValue()));
        }
        node.properties()
                .forEach(child -> collect(name + "." + child.getKey(), child.getValue(), parts));
        for (int i = 0; node.isArray() && i < node.size(); i++) {
            collect(name + "." + i, node.get(i), parts);
        }
    }

    /** Every text in it, wherever: what has to be masked. */
    List<SecretValue> texts() {
        List<SecretValue> texts = new ArrayList<>();
        collect(fields, texts);
        return texts;
    }

    private static void collect(JsonNode node, List<SecretValue> texts) {
        if (node.isTextual()) {
            texts.add(hidden(node.textValue()));
        } else if (node.isNumber()) {
            texts.add(hidden(node.asText()));
        } else {
            node.forEach(child -> collect(child, texts));
        }
    }

    private String text(String field) {
        JsonNode value = fields.path(field);
        if (value instanceof MissingNode || value.isNull()) {
            throw new VaultFailure(
                    Kind.MISSING, path + ": there is no field " + field + " with a value");
        }
        return value.isTextual() ? value.textValue() : written(value);
    }

    private static String written(JsonNode value) {
        try {
            return JSON.writeValueAsString(value);
        } catch (JsonProcessingException _) {
            throw new IllegalStateException("JSON that was read cannot be written");
        }
    }

    private static SecretValue hidden(String text) {
        return new SecretValue(text.getBytes(StandardCharsets.UTF_8));
    }

    /** What the job's log says of it. */
    String described() {
        String what = path + (version == 0 ? "" : " version " + version);
        if (lease == null) {
            return what + ", not leased: it is good for as long as its engine says";
        }
        return what
                + ", leased for this job"
                + (lease.renewable()
                        ? ", renewed while it runs and revoked at its end"
                        : " until "
                                + Instant.now()
                                        .plus(lease.lifetime())
                                        .truncatedTo(ChronoUnit.SECONDS)
                                + ", which cannot be renewed, and revoked at its end");
    }

    @Override
    public String toString() {
        return path;
    }
}
