package dev.mayfly.source.local;

import dev.mayfly.job.LogPosition;
import org.jspecify.annotations.Nullable;

/**
 * Where a log ends for who reads it.
 *
 * @param total how much there is
 * @param incompleteBecause what is missing, as the end of a sentence, or null for a complete log
 */
public record LogEnd(LogPosition total, @Nullable String incompleteBecause) {}
