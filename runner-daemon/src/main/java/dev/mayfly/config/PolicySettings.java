package dev.mayfly.config;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;

/**
 * Rules for all pools.
 *
 * @param files in order; may change at any time
 * @param approvalExpires how long a job that is held can be approved
 */
public record PolicySettings(List<Path> files, Duration approvalExpires) {

    public PolicySettings {
        files = List.copyOf(files);
    }
}
