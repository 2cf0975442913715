package dev.mayfly.sandbox.docker;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.github.dockerjava.api.model.Version;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.TreeSet;

/**
 * What an engine says of itself, and what that means where it says it wrongly.
 *
 * @param software what it is
 * @param isolation how it confines containers
 * @param limits to which limits it can hold them
 * @param storage where it keeps things
 * @param clockAhead how far its clock is ahead of ours; negative if behind
 */
public record EngineFacts(
        Software software,
        Isolation isolation,
        Limits limits,
        Storage storage,
        Duration clockAhead) {

    /** Podman's own interface, which tells what the one that Docker has leaves out. */
    private static final String LIBPOD_INFO = "/v4.0.0/libpod/info";

    private static final String UNKNOWN = "unknown";

    /**
     * What an engine is.
     *
     * @param product {@code Docker} or {@code Podman}
     * @param version its own version, such as 20.10.24
     * @param api the versions of its API
     * @param runtimes what can run containers
     * @param host what is below it
     */
    public record Software(
            String product, String version, Api api, Runtimes runtimes, String host) {}

    /**
     * Versions of an engine's API.
     *
     * @param newest the newest that it speaks
     * @param spoken the one Mayfly speaks with it
     */
    public record Api(String newest, String spoken) {}

    /**
     * What can run containers.
     *
     * @param names by which the engine knows them, sorted
     * @param usual the one that runs what names none
     */
    public record Runtimes(List<String> names, String usual) {

        /** What containerd finds by its name, whether the engine lists it or not. */
        private static final String SHIM = "io.containerd.";

        public Runtimes {
            names = List.copyOf(names);
        }

        /** Whether the engine may run a container with it; the empty string is its default. */
        public boolean include(String name) {
            return name.isEmpty() || names.contains(name) || name.startsWith(SHIM);
        }
    }

    /**
     * How an engine confines containers.
     *
     * @param seccomp whether it filters system calls
     * @param module the security module that it uses: {@code apparmor}, {@code selinux}, or the
     *     empty string
     * @param userNamespaces whether it gives containers the users of a name space of their own
     * @param rootless whether the engine itself is an ordinary user of the host
     */
    public record Isolation(
            boolean seccomp, String module, boolean userNamespaces, boolean rootless) {

        /** Whether root in a container is nobody on the host. */
        public boolean rootIsNobody() {
            return userNamespaces || rootless;
        }

        public boolean appArmor() {
            return module.equals("apparmor");
        }
    }

    /**
     * To which limits an engine can hold a container.
     *
     * @param cgroupVersion 1 or 2
     * @param swap whether swap is counted with the memory
     * @param missing which of memory, processors and processes it cannot limit
     */
    public record Limits(String cgroupVersion, boolean swap, List<String> missing) {
        public Limits {
            missing = List.copyOf(missing);
        }
    }

    /**
     * Where an engine keeps things.
     *
     * @param driver of image and container layers, such as overlay2
     * @param fileSystem below it
     * @param root its directory
     * @param liveRestore whether containers outlive a restart of the engine
     */
    public record Storage(String driver, String fileSystem, String root, boolean liveRestore) {}

    /**
     * Asks an engine.
     *
     * @throws dev.mayfly.job.FaultException {@code ENGINE} when it does not answer
     */
    static EngineFacts of(DockerEngine engine) throws InterruptedException {
        Version version = engine.version();
        String spoken = ApiVersion.parse(version.getApiVersion()).spoken().toString();
        Instant before = Instant.now();
        JsonNode info = engine.get("/v%s/info".formatted(spoken)).orElse(MissingNode.getInstance());
        Instant asked = before.plus(Duration.between(before, Instant.now()).dividedBy(2));
        Optional<JsonNode> podman = engine.get(LIBPOD_INFO).map(answer -> answer.path("host"));
        Isolation isolation = isolation(info, podman.orElse(MissingNode.getInstance()));
        return new EngineFacts(
                new Software(
                        podman.isPresent() ? "Podman" : "Docker",
                        text(info, "ServerVersion"),
                        new Api(version.getApiVersion(), spoken),
                        runtimes(info),
                        "%s, Linux %s"
                                .formatted(
                                        text(info, "OperatingSystem"),
                                        text(info, "KernelVersion"))),
                isolation,
                new Limits(
                        text(info, "CgroupVersion"),
                        info.path("SwapLimit").booleanValue(),
                        podman.isPresent()
                                ? missingOfPodman(podman.get(), isolation.rootless())
                                : missing(info)),
                new Storage(
                        text(info, "Driver"),
                        fileSystem(info),
                        text(info, "DockerRootDir"),
                        info.path("LiveRestoreEnabled").booleanValue()),
                ahead(info, asked));
    }

    private static Runtimes runtimes(JsonNode info) {
        TreeSet<String> names = new TreeSet<>();
        info.path("Runtimes").fieldNames().forEachRemaining(names::add);
        return new Runtimes(List.copyOf(names), text(info, "DefaultRuntime"));
    }

    private static Isolation isolation(JsonNode info, JsonNode podman) {
        List<String> options = new ArrayList<>();
        info.path("SecurityOptions").forEach(option -> options.add(option.asText()));
        boolean seccomp =
                options.stream()
                        .anyMatch(o -> isNamed(o, "seccomp") && !o.contains("profile=unconfined"));
        String module =
                has(options, "apparmor") ? "apparmor" : has(options, "selinux") ? "selinux" : "";
        // An older Podman's answer in Docker's words says nothing of being rootless.
        boolean rootless =
                has(options, "rootless") || podman.path("security").path("rootless").booleanValue();
        return new Isolation(seccomp, module, has(options, "userns"), rootless);
    }

    private static boolean has(List<String> options, String name) {
        return options.stream().anyMatch(option -> isNamed(option, name));
    }

    private static boolean isNamed(String option, String name) {
        return option.equals("name=" + name) || option.startsWith("name=" + name + ",");
    }

    private static List<String> missing(JsonNode info) {
        List<String> missing = new ArrayList<>();
        boolean none = info.path("CgroupDriver").asText().equals("none");
        if (none || !info.path("MemoryLimit").booleanValue()) {
            missing.add("memory");
        }
        if (none || !info.path("CpuCfsQuota").booleanValue()) {
            missing.add("processors");
        }
        if (none || !info.path("PidsLimit").booleanValue()) {
            missing.add("processes");
        }
        return missing;
    }

    /** It says in Docker's words that it has them all, and leaves them out without a word. */
    private static List<String> missingOfPodman(JsonNode host, boolean rootless) {
        if (!rootless) {
            return List.of();
        }
        List<String> controllers = new ArrayList<>();
        if (host.path("cgroupVersion").asText().equals("v2")) {
            host.path("cgroupControllers").forEach(one -> controllers.add(one.asText()));
        }
        List<String> missing = new ArrayList<>();
        if (!controllers.contains("memory")) {
            missing.add("memory");
        }
        if (!controllers.contains("cpu")) {
            missing.add("processors");
        }
        if (!controllers.contains("pids")) {
            missing.add("processes");
        }
        return missing;
    }

    private static String fileSystem(JsonNode info) {
        for (JsonNode pair : info.path("DriverStatus")) {
            if (pair.path(0).asText().equals("Backing Filesystem")) {
                return pair.path(1).asText();
            }
        }
        return UNKNOWN;
    }

    private static Duration ahead(JsonNode info, Instant now) {
        try {
            return Duration.between(
                    now, OffsetDateTime.parse(info.path("SystemTime").asText()).toInstant());
        } catch (DateTimeParseException e) {
            return Duration.ZERO;
        }
    }

    private static String text(JsonNode info, String key) {
        String value = info.path(key).asText("");
        return value.isEmpty() ? UNKNOWN : value;
    }
}
