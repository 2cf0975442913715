package dev.mayfly.sandbox.docker;

import dev.mayfly.job.LifeId;
import java.net.URI;
import java.time.Duration;

/**
 * What the Docker adapter must know.
 *
 * @param host where the engine listens, for example {@code unix:///var/run/docker.sock}
 * @param agentImage reference of the image that holds the agent; also the helper's image
 * @param daemon names this daemon among all that use the engine; stays the same over its lives
 * @param life this run of the daemon
 * @param bounds how long things may take
 * @param minFreeBytes what the file system of the engine's data must have left for another job;
 *     without effect where that is on another host
 * @param withoutLimits whether jobs may run where the engine cannot hold them to their limits
 */
public record DockerSettings(
        URI host,
        String agentImage,
        String daemon,
        LifeId life,
        Bounds bounds,
        long minFreeBytes,
        boolean withoutLimits) {

    /** Settings by which no job runs without its limits. */
    public DockerSettings(
            URI host,
            String agentImage,
            String daemon,
            LifeId life,
            Bounds bounds,
            long minFreeBytes) {
        this(host, agentImage, daemon, life, bounds, minFreeBytes, false);
    }

    /**
     * How long things may take.
     *
     * @param call one ordinary call to the engine
     * @param pull getting one image from its registry
     * @param grace from SIGTERM to SIGKILL, and again from SIGKILL to giving up
     * @param lifetime after which a container ends itself, whatever became of the daemon; longer
     *     than any job
     * @param serviceStart until the services of a job accept connections
     */
    public record Bounds(
            Duration call,
            Duration pull,
            Duration grace,
            Duration lifetime,
            Duration serviceStart) {

        /** What suits most hosts. */
        public static final Bounds DEFAULT =
                new Bounds(
                        Duration.ofSeconds(30),
                        Duration.ofMinutes(10),
                        Duration.ofSeconds(5),
                        Duration.ofHours(24),
                        Duration.ofSeconds(30));
    }
}
