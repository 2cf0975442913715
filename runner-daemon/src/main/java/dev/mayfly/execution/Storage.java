package dev.mayfly.execution;

import dev.mayfly.artifacts.CacheStore;
import dev.mayfly.artifacts.UnpackLimits;
import java.nio.file.Path;

/**
 * What this host grants the files that jobs exchange.
 *
 * @param spool directory for archives on their way to a job; what is in it belongs to running jobs
 * @param archiveBytes the largest archive that is fetched
 * @param limits of what an archive may become, and of how many files a job may keep
 * @param caches where caches are
 */
public record Storage(Path spool, long archiveBytes, UnpackLimits limits, CacheStore caches) {}
