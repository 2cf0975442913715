package dev.mayfly.logs;

import dev.mayfly.job.LogSink;
import java.nio.file.Path;
import java.time.Duration;

/**
 * How far a slow sink may fall behind its job.
 *
 * @param directory private; holds what does not fit into memory
 * @param memoryBytes waits in memory at most, for each sink; a piece of output at least
 * @param diskBytes waits on disk at most, for each sink; beyond it the job waits
 * @param patience how long a job that has ended waits for its log to be delivered
 */
public record SpoolSettings(Path directory, int memoryBytes, long diskBytes, Duration patience) {

    public SpoolSettings {
        if (memoryBytes < LogSink.LARGEST_PIECE || diskBytes < 0) {
            throw new IllegalArgumentException(
                    "a spool holds at least "
                            + LogSink.LARGEST_PIECE
                            + " bytes in memory and 0 on disk, got "
                            + memoryBytes
                            + " and "
                            + diskBytes);
        }
    }
}
