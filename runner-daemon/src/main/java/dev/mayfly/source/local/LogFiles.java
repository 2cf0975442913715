package dev.mayfly.source.local;

import dev.mayfly.job.JobId;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The two files of one job's retained log.
 *
 * @param output what the job printed, masked, byte for byte
 * @param events sections, notices and times as JSON lines
 */
record LogFiles(Path output, Path events) {

    /** More than the line of an end has, in bytes. */
    private static final int LONGEST_END = 256;

    static LogFiles of(Path directory, JobId job) {
        return new LogFiles(directory.resolve(job + ".log"), directory.resolve(job + ".events"));
    }

    /**
     * Whether the log has its end, and the output that the end tells of.
     *
     * @throws IOException when the files cannot be read
     */
    boolean complete() throws IOException {
        if (!Files.exists(events)) {
            return false;
        }
        try (RandomAccessFile file = new RandomAccessFile(events.toFile(), "r")) {
            byte[] tail = new byte[(int) Math.min(file.length(), LONGEST_END)];
            file.seek(file.length() - tail.length);
            file.readFully(tail);
            String text = new String(tail, StandardCharsets.UTF_8);
            String last = text.substring(text.stripTrailing().lastIndexOf('\n') + 1);
            if (!last.endsWith("\n")) {
                return false;
            }
            LogLines.Line line = LogLines.Line.of(JobJson.tree(last));
            return line.isEnd() && Files.size(output) >= line.offset();
        } catch (IllegalArgumentException e) {
            return false; // the piece of a longer line, which is not the end
        }
    }

    void delete() throws IOException {
        Files.deleteIfExists(events);
        Files.deleteIfExists(output);
    }
}
