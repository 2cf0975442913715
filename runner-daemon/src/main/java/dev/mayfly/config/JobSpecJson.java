package dev.mayfly.config;

import com.fasterxml.jackson.annotation.JsonSubTypes;
import com.fasterxml.jackson.annotation.JsonTypeInfo;
import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationContext;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.SerializerProvider;
import com.fasterxml.jackson.databind.deser.std.StdDeserializer;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.module.SimpleModule;
import com.fasterxml.jackson.databind.ser.std.StdSerializer;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.SecretValue;
import dev.mayfly.job.WorkspaceSource;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Objects;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A job as JSON, for a queue that outlives the process. Not the job document: nothing is left out,
 * nothing has a default, and only {@link #write} makes it.
 */
public final class JobSpecJson {

    /** Grows when a job written before cannot be read any more. */
    private static final int FORMAT = 4;

    private static final ObjectMapper MAPPER =
            JsonMapper.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
                    .enable(DeserializationFeature.FAIL_ON_NULL_FOR_PRIMITIVES)
                    .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
                    .addMixIn(WorkspaceSource.class, WorkspaceKinds.class)
                    .addModule(
                            new SimpleModule()
                                    .addSerializer(new AsText<>(Duration.class))
                                    .addDeserializer(
                                            Duration.class,
                                            new FromText<>(Duration.class, Duration::parse))
                                    .addSerializer(new NeverStored())
                                    .addSerializer(new AsText<>(Path.class))
                                    .addDeserializer(
                                            Path.class, new FromText<>(Path.class, Path::of)))
                    .build();

    private JobSpecJson() {}

    private record Stored(int format, JobSpec job) {
        Stored {
            Objects.requireNonNull(job, "job");
        }
    }

    @JsonTypeInfo(use = JsonTypeInfo.Id.NAME, property = "kind")
    @JsonSubTypes({
        @JsonSubTypes.Type(value = WorkspaceSource.Empty.class, name = "empty"),
        @JsonSubTypes.Type(value = WorkspaceSource.Git.class, name = "git"),
        @JsonSubTypes.Type(value = WorkspaceSource.Archive.class, name = "archive"),
        @JsonSubTypes.Type(value = WorkspaceSource.Bundle.class, name = "bundle")
    })
    private interface WorkspaceKinds {}

    /** One line of JSON. The same job gives the same text. */
    public static String write(JobSpec job) {
        try {
            return MAPPER.writeValueAsString(new Stored(FORMAT, job));
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("could not write a job as JSON", e);
        }
    }

    /**
     * Reads what {@link #write} wrote.
     *
     * @throws IllegalArgumentException when it did not, or a version that this one does not know
     */
    public static JobSpec read(String json) {
        @Nullable Stored stored;
        try {
            stored = MAPPER.readValue(json, Stored.class);
        } catch (JacksonException e) {
            throw new IllegalArgumentException("not a stored job: " + e.getOriginalMessage(), e);
        }
        if (stored == null) {
            throw new IllegalArgumentException("not a stored job: there is nothing");
        }
        if (stored.format() != FORMAT) {
            throw new IllegalArgumentException(
                    "the job was stored in format "
                            + stored.format()
                            + ", this version knows "
                            + FORMAT);
        }
        return stored.job();
    }

    private static final class AsText<T> extends StdSerializer<T> {

        private static final long serialVersionUID = 1L;

        AsText(Class<T> type) {
            super(type);
        }

        @Override
        public void serialize(T value, JsonGenerator out, SerializerProvider provider)
                throws IOException {
            out.writeString(value.toString());
        }
    }

    /** A value that nobody may see must not get into a file. */
    private static final class NeverStored extends StdSerializer<SecretValue> {

        private static final long serialVersionUID = 1L;

        NeverStored() {
            super(SecretValue.class);
        }

        @Override
        public void serialize(SecretValue value, JsonGenerator out, SerializerProvider provider)
                throws IOException {
            provider.reportMappingProblem("a job that brings a secret value along is not stored");
        }
    }

    private static final class FromText<T> extends StdDeserializer<T> {

        private static final long serialVersionUID = 1L;

        private final transient Function<String, T> parse;

        FromText(Class<T> type, Function<String, T> parse) {
            super(type);
            this.parse = parse;
        }

        @Override
        public T deserialize(JsonParser in, DeserializationContext context) throws IOException {
            String text = in.getValueAsString("");
            try {
                return parse.apply(text);
            } catch (RuntimeException e) {
                throw context.weirdStringException(text, handledType(), "cannot be read");
            }
        }
    }
}
