package dev.mayfly.config;

import java.nio.file.Path;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/**
 * The record of what happened.
 *
 * @param directory of its files, or null for one in the state directory
 * @param key file of the key that signs it, or null for one in the state directory
 * @param keep how old a file may become
 * @param mostBytes how large all files together may become
 * @param fileBytes after which a new file is begun
 */
public record AuditSettings(
        @Nullable Path directory,
        @Nullable Path key,
        Duration keep,
        long mostBytes,
        long fileBytes) {}
