package dev.mayfly.source.gitlab;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.job.Provenance;
import java.time.Instant;
import java.time.InstantSource;
import java.time.temporal.ChronoUnit;
import java.util.SortedMap;
import org.jspecify.annotations.Nullable;

/**
 * Who made a job's artifacts out of what, as an in-toto statement with SLSA's provenance, version
 * 1, in the fields of GitLab's runner. It is not signed.
 */
final class SlsaStatement implements Provenance {

    /** What the parameters mean is said there. */
    private static final String BUILD_TYPE =
            "https://gitlab.com/gitlab-org/gitlab-runner/-/blob/v19.4.0/PROVENANCE.md";

    private static final int SHA256_DIGITS = 64;

    private final String artifact;
    private final JobPayload payload;
    private final JobVariables variables;
    private final RunnerInfo runner;
    private final InstantSource clock;
    private final Instant started;
    private @Nullable Instant finished;

    /**
     * Prepares.
     *
     * @param artifact its name, without the ending
     * @param clock by which the job starts now
     */
    SlsaStatement(
            String artifact,
            JobPayload payload,
            JobVariables variables,
            RunnerInfo runner,
            InstantSource clock) {
        this.artifact = artifact;
        this.payload = payload;
        this.variables = variables;
        this.runner = runner;
        this.clock = clock;
        this.started = clock.instant();
    }

    @Override
    public String fileName() {
        return artifact.replaceAll("[/\\p{Cntrl}]", "_") + "-metadata.json";
    }

    @Override
    public byte[] statement(SortedMap<String, String> digests) {
        ObjectNode statement =
                Json.object()
                        .put("_type", "https://in-toto.io/Statement/v0.1")
                        .put("predicateType", "https://slsa.dev/provenance/v1");
        var subjects = statement.putArray("subject");
        digests.forEach((path, sha256) ->
                subjects.addObject().put("name", path).putObject("digest").put("sha256", sha256));
        ObjectNode predicate = statement.putObject("predicate");
        definition(predicate.putObject("buildDefinition"));
        run(predicate.putObject("runDetails"));
        return statement.toPrettyString().getBytes(UTF_8);
    }

    private void definition(ObjectNode definition) {
        definition.put("buildType", BUILD_TYPE);
        ObjectNode external = definition.putObject("externalParameters");
        variables.values().keySet().forEach(name -> external.put(name, ""));
        external.put("entryPoint", payload.facts().name()).put("source", repository());
        definition
                .putObject("internalParameters")
                .put("name", variables.value("CI_RUNNER_DESCRIPTION"))
                .put("executor", "docker")
                .put("architecture", runner.architecture())
                .put("job", String.valueOf(payload.facts().id()));
        String commit = payload.git().sha();
        definition
                .putArray("resolvedDependencies")
                .addObject()
                .put("uri", repository())
                .putObject("digest")
                .put(commit.length() == SHA256_DIGITS ? "sha256" : "gitCommit", commit);
    }

    private void run(ObjectNode run) {
        ObjectNode builder = run.putObject("builder");
        builder.put("id", repository() + "/-/runners/" + variables.value("CI_RUNNER_ID"));
        builder.putObject("version").put("mayfly", runner.version());
        run.putObject("metadata")
                .put("invocationId", String.valueOf(payload.facts().id()))
                .put("startedOn", text(started))
                .put("finishedOn", text(finished()));
    }

    /** The same each time: an archive that is sent again must be the one that was sent before. */
    private synchronized Instant finished() {
        if (finished == null) {
            finished = clock.instant();
        }
        return finished;
    }

    private String repository() {
        return payload.git().url().replaceFirst("\\.git$", "");
    }

    private static String text(Instant at) {
        return at.truncatedTo(ChronoUnit.SECONDS).toString();
    }
}
