package dev.mayfly.config;

import java.nio.file.Path;
import java.time.Duration;

/**
 * The process itself.
 *
 * @param stateDirectory absolute; may not exist yet
 * @param drainTimeout how long running jobs may go on after the daemon was asked to stop
 * @param log the daemon's own log
 */
public record DaemonSettings(Path stateDirectory, Duration drainTimeout, LogSettings log) {}
