package dev.mayfly.source.local;

import dev.mayfly.job.JobId;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.function.Predicate;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Packed workspaces: kept from the job's submission to its end. */
final class Uploads {

    private static final Logger LOG = LoggerFactory.getLogger(Uploads.class);

    private final StateDirectory directory;

    Uploads(StateDirectory directory) {
        this.directory = directory;
    }

    /**
     * Takes the packed file over, if the job has one.
     *
     * @return the job with its file where it is now, safe on the disk
     */
    JobSpec adopt(JobId job, JobSpec spec) {
        return switch (spec.inputs().workspace()) {
            case WorkspaceSource.Empty _, WorkspaceSource.Git _ -> spec;
            case WorkspaceSource.Archive(Path tar) ->
                    with(spec, new WorkspaceSource.Archive(take(job, tar)));
            case WorkspaceSource.Bundle(Path bundle, String commit) ->
                    with(spec, new WorkspaceSource.Bundle(take(job, bundle), commit));
        };
    }

    static JobSpec with(JobSpec spec, WorkspaceSource workspace) {
        return new JobSpec(
                spec.name(),
                spec.pool(),
                spec.steps(),
                spec.environment(),
                spec.inputs().with(workspace),
                spec.artifacts());
    }

    void delete(JobId job) {
        delete(file(job));
    }

    /**
     * Deletes what a crash has left.
     *
     * @param needed whether a job still needs its file
     * @param before younger files of unknown jobs may be on their way right now
     */
    void sweep(Predicate<String> needed, Instant before) {
        for (Path folder : new Path[] {directory.uploads(), directory.incoming()}) {
            try (DirectoryStream<Path> files =
                    Files.newDirectoryStream(folder, Files::isRegularFile)) {
                for (Path file : files) {
                    if (!needed.test(file.getFileName().toString())
                            && Files.getLastModifiedTime(file).toInstant().isBefore(before)) {
                        delete(file);
                    }
                }
            } catch (NoSuchFileException e) {
                LOG.debug("No uploads: {} is gone", folder); // with everything else, at an end
            } catch (IOException e) {
                LOG.warn("Old uploads in {} could not be looked for: {}", folder, e.toString());
            }
        }
    }

    private Path take(JobId job, Path packed) {
        Path file = file(job);
        try {
            Files.setPosixFilePermissions(packed, StateDirectory.PRIVATE_FILE);
            sync(packed);
            Files.move(packed, file);
            sync(directory.uploads());
            return file;
        } catch (IOException e) {
            throw new StateException(
                    "the packed workspace "
                            + packed
                            + " could not be kept as "
                            + file
                            + " ("
                            + e
                            + "): look for free space",
                    e);
        }
    }

    private Path file(JobId job) {
        return directory.uploads().resolve(job.value());
    }

    private static void sync(Path path) throws IOException {
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            channel.force(true);
        }
    }

    private static void delete(Path file) {
        try {
            Files.deleteIfExists(file);
        } catch (IOException e) {
            LOG.warn("{} could not be deleted, it is tried again: {}", file, e.toString());
        }
    }
}
