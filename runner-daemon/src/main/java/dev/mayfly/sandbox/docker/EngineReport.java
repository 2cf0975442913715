package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.model.Info;
import com.github.dockerjava.api.model.Version;
import dev.mayfly.job.FaultException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.Objects;
import java.util.OptionalLong;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** What a person wants to know about an engine before trusting jobs to it. */
public sealed interface EngineReport {

    /**
     * The engine did not answer.
     *
     * @param reason the cause and the cure
     */
    record Unreachable(String reason) implements EngineReport {}

    /**
     * The engine answered.
     *
     * @param software what it is
     * @param isolation how it confines containers
     * @param storage where it keeps things
     * @param agentImagePresent whether the image that every job needs is there
     * @param clockAhead how far its clock is ahead of ours; negative if behind
     */
    record Reachable(
            Software software,
            Isolation isolation,
            Storage storage,
            boolean agentImagePresent,
            Duration clockAhead)
            implements EngineReport {}

    /**
     * What an engine is.
     *
     * @param version its own version, such as 20.10.24
     * @param newestApi the newest API version it speaks
     * @param spokenApi the API version Mayfly speaks with it
     * @param runtimes names of the container runtimes it knows, sorted
     */
    record Software(String version, String newestApi, String spokenApi, List<String> runtimes) {
        public Software {
            runtimes = List.copyOf(runtimes);
        }
    }

    /**
     * How an engine confines containers.
     *
     * @param cgroupVersion 1 or 2
     * @param seccomp whether it filters system calls
     * @param appArmor whether it applies AppArmor profiles
     * @param userNamespaces whether root in a container is an ordinary user of the host
     * @param rootless whether the engine itself is an ordinary user of the host
     */
    record Isolation(
            String cgroupVersion,
            boolean seccomp,
            boolean appArmor,
            boolean userNamespaces,
            boolean rootless) {}

    /**
     * Where an engine keeps things.
     *
     * @param driver of image and container layers, such as overlay2
     * @param root its directory
     * @param freeBytes what is free there, empty if the directory is not on this host
     */
    record Storage(String driver, String root, OptionalLong freeBytes) {}

    /** Asks an engine. Never throws for its state: that is what the report is about. */
    static EngineReport of(DockerEngine engine, DockerSettings settings, Clock clock)
            throws InterruptedException {
        try {
            Version version = engine.version();
            Instant before = clock.instant();
            Info info = engine.call("describing itself", client -> client.infoCmd().exec());
            Instant after = clock.instant();
            return new Reachable(
                    software(version, info),
                    isolation(info),
                    storage(info),
                    EngineImages.has(engine, settings.agentImage()),
                    ahead(info, before.plus(Duration.between(before, after).dividedBy(2))));
        } catch (FaultException e) {
            return new Unreachable(String.valueOf(e.getMessage()));
        }
    }

    private static Software software(Version version, Info info) {
        var runtimes = info.getRuntimes();
        return new Software(
                orUnknown(version.getVersion()),
                version.getApiVersion(),
                ApiVersion.parse(version.getApiVersion()).spoken().toString(),
                runtimes == null ? List.of() : List.copyOf(new TreeSet<>(runtimes.keySet())));
    }

    private static Isolation isolation(Info info) {
        List<String> options = Objects.requireNonNullElse(info.getSecurityOptions(), List.of());
        return new Isolation(
                orUnknown(info.getCGroupVersion()),
                has(options, "seccomp"),
                has(options, "apparmor"),
                has(options, "userns"),
                has(options, "rootless"));
    }

    private static boolean has(List<String> options, String name) {
        return options.stream()
                .anyMatch(o -> o.equals("name=" + name) || o.startsWith("name=" + name + ","));
    }

    private static Storage storage(Info info) {
        String root = orUnknown(info.getDockerRootDir());
        return new Storage(orUnknown(info.getDriver()), root, free(Path.of(root)));
    }

    private static OptionalLong free(Path root) {
        try {
            return Files.isDirectory(root)
                    ? OptionalLong.of(Files.getFileStore(root).getUsableSpace())
                    : OptionalLong.empty();
        } catch (IOException e) {
            return OptionalLong.empty();
        }
    }

    private static Duration ahead(Info info, Instant now) {
        String time = info.getSystemTime();
        try {
            return time == null
                    ? Duration.ZERO
                    : Duration.between(now, OffsetDateTime.parse(time).toInstant());
        } catch (DateTimeParseException e) {
            return Duration.ZERO;
        }
    }

    private static String orUnknown(@Nullable String value) {
        return value == null || value.isEmpty() ? "unknown" : value;
    }
}
