package dev.mayfly.audit;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.InputFormat;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import dev.mayfly.job.JobId;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The documented schema is what is written. */
class AuditSchemaTest {

    private static final JobId JOB = new JobId("shop-1");
    private static final Path SCHEMA = Path.of("..", "config", "audit.schema.json");

    static Stream<AuditEvent> samples() {
        return Stream.of(
                new AuditEvent.DaemonStarted("1.0", "d-1"),
                new AuditEvent.DaemonStopped(true),
                new AuditEvent.PolicyChanged("ab"),
                new AuditEvent.JobClaimed(JOB, "local", "plain", "build", "ab", null),
                new AuditEvent.JobClaimed(
                        JOB,
                        "shop",
                        "plain",
                        "build",
                        "ab",
                        new AuditEvent.Asked("a/b", "1", "main", true, "c0ffee", "7", "3")),
                new AuditEvent.JobDecided(JOB, "held", List.of("forks")),
                new AuditEvent.JobApproved(JOB, "somebody"),
                new AuditEvent.ImageUsed(JOB, "debian:12", "sha256:ab"),
                new AuditEvent.SecretUsed(JOB, "read", "kv/a", "ok", ""),
                new AuditEvent.Connected(
                        JOB, "plain", "allowed", "job", "a:443", "192.0.2.1", 1, 2, 3, true, "a"),
                new AuditEvent.Connected(
                        JOB, "plain", "refused", "job", "b:443", null, 0, 0, 0, false, "b"),
                new AuditEvent.JobEnded(JOB, "plain", "passed", "the job passed"),
                new AuditEvent.JobDestroyed(
                        JOB, true, List.of(new AuditEvent.Part("volume", "v", true, "404"))),
                new AuditEvent.Checkpoint("ab", "cd"),
                new AuditEvent.Retired(7, "ab"),
                new AuditEvent.Lost(3, "disk"),
                new AuditEvent.Damaged("torn"));
    }

    @ParameterizedTest
    @MethodSource("samples")
    void eventIsAsTheSchemaSays(AuditEvent event) throws IOException {
        assertThat(schema().validate(line(event), InputFormat.JSON)).isEmpty();
    }

    @ParameterizedTest
    @MethodSource("samples")
    void fieldThatTheSchemaDoesNotKnowIsNoneOfIt(AuditEvent event) throws IOException {
        String more = line(event).replaceFirst("\\{", "{\"unheard\":1,");

        assertThat(schema().validate(more, InputFormat.JSON)).isNotEmpty();
    }

    @Test
    void thereIsASampleOfEachKind() {
        assertThat(samples().map(Object::getClass).collect(Collectors.toSet()))
                .isEqualTo(
                        Arrays.stream(AuditEvent.class.getPermittedSubclasses())
                                .collect(Collectors.toSet()));
    }

    @Test
    void thePageNamesEachKindAndField() throws IOException {
        String page = Files.readString(Path.of("..", "docs", "audit.md"));
        JsonNode schema = new JsonMapper().readTree(SCHEMA.toFile());

        assertThat(
                        StreamSupport.stream(schema.path("oneOf").spliterator(), false)
                                .map(kind -> row(kind)))
                .allSatisfy(row -> assertThat(page).contains(row));
    }

    private static String row(JsonNode kind) {
        String fields =
                kind.path("properties").properties().stream()
                        .map(field -> field.getKey())
                        .filter(name -> !name.equals("kind"))
                        .map(name -> "`" + name + "`")
                        .collect(Collectors.joining(", "));
        return "| `%s` | %s | %s |"
                .formatted(kind.path("title").asText(), kind.path("description").asText(), fields);
    }

    private static Schema schema() throws IOException {
        return SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12)
                .getSchema(Files.readString(SCHEMA));
    }

    private static String line(AuditEvent event) {
        return new String(
                AuditLine.bytes(
                        new AuditLine.Draft(
                                new AuditLine.Stamp(Instant.EPOCH, TrailFiles.LIFE, "ab"), event),
                        new AuditLine.Place(1, AuditLine.BEGINNING)),
                StandardCharsets.UTF_8);
    }
}
