package dev.mayfly.source.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.ResourceRequest;
import dev.mayfly.job.Steps;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.state.StateStore;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** Small jobs, and a way to write them down that is enough for them. */
final class TestJobs {

    static final PoolName POOL = new PoolName("untrusted");
    static final LifeId LIFE = new LifeId("l-test");

    static final SpecText TEXT = new SpecText(TestJobs::write, TestJobs::read);

    private TestJobs() {}

    static JobSpec job(String name) {
        return job(name, null, Map.of(), new WorkspaceSource.Empty());
    }

    static JobSpec job(
            String name,
            @Nullable PoolName pool,
            Map<String, String> variables,
            WorkspaceSource workspace) {
        return new JobSpec(
                name,
                pool,
                new Steps(List.of("true"), List.of(), null),
                new JobEnvironment(null, List.of(), NetworkAccess.NONE, ResourceRequest.NONE),
                new Inputs(variables, List.of(), workspace),
                List.of());
    }

    static LocalSource source(StateStore store, LifeId life) {
        return source(store, life, LocalSourceSettings.Queue.SHARED);
    }

    static LocalSource source(StateStore store, LifeId life, LocalSourceSettings.Queue queue) {
        return new LocalSource(
                new LocalSourceSettings("local", POOL, queue, Duration.ofDays(7), 1000),
                life,
                store,
                TEXT,
                spec ->
                        spec.name().startsWith("forbidden")
                                ? Optional.of("jobs called forbidden may not run: rename it")
                                : Optional.empty(),
                Clock.systemUTC());
    }

    /** Documents are what {@link #TEXT} writes; anything else has one mistake. */
    static JobDocuments.Reading document(byte[] bytes) {
        try {
            return new JobDocuments.Reading.Job(read(new String(bytes, StandardCharsets.UTF_8)));
        } catch (IllegalArgumentException e) {
            return new JobDocuments.Reading.Rejected(
                    List.of(
                            new JobDocuments.Problem(
                                    "name", 3, "it is missing", "give the job a name")));
        }
    }

    static String write(JobSpec spec) {
        ObjectNode node = JobJson.object().put("name", spec.name());
        if (spec.pool() != null) {
            node.put("pool", spec.pool().value());
        }
        ObjectNode variables = node.putObject("variables");
        new TreeMap<>(spec.inputs().variables()).forEach(variables::put);
        switch (spec.inputs().workspace()) {
            case WorkspaceSource.Empty() -> {}
            case WorkspaceSource.Archive(Path tar) -> node.put("tar", tar.toString());
            case WorkspaceSource.Bundle(Path bundle, String commit) ->
                    node.put("bundle", bundle.toString()).put("commit", commit);
            case WorkspaceSource.Git(String url, String commit, var _) ->
                    node.put("url", url).put("commit", commit);
        }
        return JobJson.text(node);
    }

    static JobSpec read(String text) {
        JsonNode node = JobJson.tree(text);
        if (!node.has("name")) {
            throw new IllegalArgumentException("no name");
        }
        Map<String, String> variables = new TreeMap<>();
        node.path("variables")
                .properties()
                .forEach(entry -> variables.put(entry.getKey(), entry.getValue().asText()));
        String commit = node.path("commit").asText();
        WorkspaceSource workspace =
                node.has("tar")
                        ? new WorkspaceSource.Archive(Path.of(node.path("tar").asText()))
                        : node.has("bundle")
                                ? new WorkspaceSource.Bundle(
                                        Path.of(node.path("bundle").asText()), commit)
                                : node.has("url")
                                        ? new WorkspaceSource.Git(node.path("url").asText(), commit)
                                        : new WorkspaceSource.Empty();
        return job(
                node.path("name").asText(),
                node.has("pool") ? new PoolName(node.path("pool").asText()) : null,
                variables,
                workspace);
    }
}
