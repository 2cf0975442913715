package dev.mayfly.audit;

import java.nio.file.Path;
import java.time.Duration;

/**
 * Where the trail is and how long it is kept.
 *
 * @param directory of its files
 * @param key file of the key that signs checkpoints, made where there is none
 * @param segmentBytes a file that is longer is followed by another
 * @param keep after which a file goes, as a whole, when all of its lines are older
 * @param mostBytes of all files together; the oldest go
 * @param checkpointEvery after so many lines comes a signature
 */
public record TrailSettings(
        Path directory,
        Path key,
        long segmentBytes,
        Duration keep,
        long mostBytes,
        int checkpointEvery) {

    /** What others check signatures with. */
    public Path publicKey() {
        return SigningKey.publicHalf(key);
    }
}
