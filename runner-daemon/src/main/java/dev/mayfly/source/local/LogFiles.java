package dev.mayfly.source.local;

import dev.mayfly.job.JobId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The two files of one job's retained log.
 *
 * @param output what the job printed, masked, byte for byte
 * @param events sections, notices and times as JSON lines
 */
record LogFiles(Path output, Path events) {

    static LogFiles of(Path directory, JobId job) {
        return new LogFiles(directory.resolve(job + ".log"), directory.resolve(job + ".events"));
    }

    void delete() throws IOException {
        Files.deleteIfExists(events);
        Files.deleteIfExists(output);
    }
}
