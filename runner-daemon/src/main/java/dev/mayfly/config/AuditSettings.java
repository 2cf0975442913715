package dev.mayfly.config;

import java.nio.file.Path;
import java.time.Duration;

/**
 * The record of what happened.
 *
 * @param directory of its files
 * @param key file of the key that signs it
 * @param keep how old a file may become
 * @param mostBytes how large all files together may become
 * @param fileBytes after which a new file is begun
 */
public record AuditSettings(
        Path directory, Path key, Duration keep, long mostBytes, long fileBytes) {

    /** The same in another state directory. */
    AuditSettings in(Path state) {
        return new AuditSettings(
                state.resolve("audit"), state.resolve("audit.key"), keep, mostBytes, fileBytes);
    }
}
