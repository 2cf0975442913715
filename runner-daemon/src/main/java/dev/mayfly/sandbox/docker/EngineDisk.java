package dev.mayfly.sandbox.docker;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The file system that holds the engine's images and workspaces, as far as it is on this host. A
 * job that fills it would take others with it, so none is taken that begins when little is left.
 */
final class EngineDisk {

    private static final Logger LOG = LoggerFactory.getLogger(EngineDisk.class);

    private static final long MEBIBYTE = 1 << 20;

    private final DockerEngine engine;
    private final long leastBytes;

    /** Does not move while the engine runs. */
    private volatile @Nullable Path root;

    EngineDisk(DockerEngine engine, long leastBytes) {
        this.engine = engine;
        this.leastBytes = leastBytes;
    }

    /**
     * Why no job should be taken now.
     *
     * @throws dev.mayfly.job.FaultException {@code ENGINE} when the engine does not answer
     */
    Optional<String> fullBecause() throws InterruptedException {
        if (leastBytes == 0 || !isHere(engine.host())) {
            return Optional.empty();
        }
        Path data = root();
        try {
            long free = Files.getFileStore(data).getUsableSpace();
            return free >= leastBytes
                    ? Optional.empty()
                    : Optional.of(
                            "%d MiB are free below %s, and a job is taken from %d MiB on: remove images that nobody uses, or lower engine.min_free"
                                    .formatted(free / MEBIBYTE, data, leastBytes / MEBIBYTE));
        } catch (IOException e) {
            // A socket may lead to another host, and a rootless engine's data is not for everybody.
            LOG.debug("the engine's disk cannot be looked at path={}", data, e);
            return Optional.empty();
        }
    }

    /** How many bytes are free there now, or empty if that cannot be said from here. */
    OptionalLong free() throws InterruptedException {
        if (!isHere(engine.host())) {
            return OptionalLong.empty();
        }
        try {
            return OptionalLong.of(Files.getFileStore(root()).getUnallocatedSpace());
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    private static boolean isHere(URI host) {
        return "unix".equals(host.getScheme());
    }

    private Path root() throws InterruptedException {
        Path known = root;
        if (known == null) {
            known =
                    Path.of(
                            Objects.requireNonNullElse(
                                    engine.call(
                                                    "saying where its data is",
                                                    client -> client.infoCmd().exec())
                                            .getDockerRootDir(),
                                    "/"));
            root = known;
        }
        return known;
    }
}
