package dev.mayfly.source.local;

import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * A directory that was packed to be sent along with a job.
 *
 * @param file an uncompressed tar archive, or a git bundle if there is a commit; stays the caller's
 * @param commit what to check out of the bundle, or null for an archive
 */
public record PackedWorkspace(Path file, @Nullable String commit) {}
