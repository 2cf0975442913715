package dev.mayfly.cli;

import dev.mayfly.config.LocalSources;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.source.local.PackedWorkspace;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/** A job's local sources, packed into a temporary file that is deleted when this is closed. */
final class PackedSources implements AutoCloseable {

    private final @Nullable Path file;
    private final @Nullable String commit;

    private PackedSources(@Nullable Path file, @Nullable String commit) {
        this.file = file;
        this.commit = commit;
    }

    /**
     * Packs, with the rights of whoever runs this process.
     *
     * @throws IOException naming what could not be read
     */
    static PackedSources of(LocalSources sources) throws IOException, InterruptedException {
        if (sources instanceof LocalSources.None) {
            return new PackedSources(null, null);
        }
        Path file = Files.createTempFile("mayfly-workspace", null);
        try {
            return switch (sources) {
                case LocalSources.None() -> new PackedSources(null, null);
                case LocalSources.Directory(Path directory) -> {
                    WorkspacePacker.tar(directory, file);
                    yield new PackedSources(file, null);
                }
                case LocalSources.Repository(Path repository, String revision) ->
                        new PackedSources(file, WorkspacePacker.bundle(repository, revision, file));
            };
        } catch (IOException | InterruptedException | RuntimeException e) {
            Files.deleteIfExists(file);
            throw e;
        }
    }

    /** What to send along with a job document, or null for nothing. */
    @Nullable PackedWorkspace upload() {
        return file == null ? null : new PackedWorkspace(file, commit);
    }

    /** The workspace of a job whose sources these are. */
    WorkspaceSource workspace(JobSpec spec) {
        if (file == null) {
            return spec.inputs().workspace();
        }
        return commit == null
                ? new WorkspaceSource.Archive(file)
                : new WorkspaceSource.Bundle(file, commit);
    }

    @Override
    public void close() throws IOException {
        if (file != null) {
            Files.deleteIfExists(file);
        }
    }
}
