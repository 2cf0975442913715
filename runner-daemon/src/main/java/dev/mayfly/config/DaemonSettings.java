package dev.mayfly.config;

import java.nio.file.Path;
import java.time.Duration;

/**
 * The process itself.
 *
 * @param stateDirectory absolute; may not exist yet
 * @param drainTimeout how long running jobs may go on after the daemon was asked to stop
 * @param logSpoolBytes how much of one job's log waits on disk for a CI server that is slower
 * @param log the daemon's own log
 */
public record DaemonSettings(
        Path stateDirectory, Duration drainTimeout, long logSpoolBytes, LogSettings log) {}
