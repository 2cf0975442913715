package dev.mayfly.bootstrap;

import dev.mayfly.config.ConfigException;
import dev.mayfly.config.JobDocument;
import dev.mayfly.config.LocalSources;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.source.local.JobDocuments;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;

/** Job documents as they arrive at the API. */
final class YamlJobDocuments implements JobDocuments {

    /** What the document is called in problems; also the name of a job without one. */
    private static final Path NAME = Path.of("job.yaml");

    @Override
    public Reading read(byte[] document) {
        try {
            JobDocument job = JobDocument.parse(NAME, new String(document, StandardCharsets.UTF_8));
            return new Reading.Job(asSent(job));
        } catch (ConfigException e) {
            List<Problem> problems =
                    e.problems().stream()
                            .map(p -> new Problem(p.field(), p.line(), p.cause(), p.cure()))
                            .toList();
            return new Reading.Rejected(problems);
        }
    }

    /**
     * A path in the document is the sender's, whose files come along as an upload or not at all: it
     * is kept so that a request without the upload can be refused.
     */
    private static JobSpec asSent(JobDocument job) {
        return switch (job.sources()) {
            case LocalSources.None() -> job.spec();
            case LocalSources.Directory(Path directory) ->
                    job.withWorkspace(new WorkspaceSource.Archive(directory));
            case LocalSources.Repository(Path repository, String revision) ->
                    job.withWorkspace(new WorkspaceSource.Bundle(repository, revision));
        };
    }
}
