package dev.mayfly.bootstrap;

import dev.mayfly.bootstrap.Finding.Severity;
import dev.mayfly.config.EngineSettings;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.sandbox.docker.EngineFacts;
import dev.mayfly.sandbox.docker.EngineReport;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** What an engine and its host can isolate, and what they cannot. */
final class EngineDiagnosis {

    private static final long LITTLE_SPACE = 5L << 30;
    private static final Duration CLOCK_TOLERANCE = Duration.ofSeconds(5);

    /** They run a kernel of their own for each container. */
    private static final Set<String> OWN_KERNEL = Set.of("runsc", "kata", "kata-runtime", "krun");

    private static final Set<String> COUNTING_DRIVERS = Set.of("btrfs", "zfs");

    private final MayflySettings settings;
    private final EngineSettings engine;
    private final String about;
    private final List<Finding> findings = new ArrayList<>();

    private EngineDiagnosis(MayflySettings settings, EngineSettings engine) {
        this.settings = settings;
        this.engine = engine;
        about = "engine " + engine.host();
    }

    static List<Finding> of(MayflySettings settings, EngineSettings engine, EngineReport report) {
        EngineDiagnosis diagnosis = new EngineDiagnosis(settings, engine);
        switch (report) {
            case EngineReport.Unreachable(String reason) ->
                    diagnosis.bad("engine", "does not answer", reason);
            case EngineReport.Reachable reachable -> diagnosis.look(reachable);
        }
        return List.copyOf(diagnosis.findings);
    }

    /** Whether containers of this runtime have a kernel between them and the host's. */
    static boolean ownKernel(String runtime) {
        return OWN_KERNEL.contains(runtime) || runtime.startsWith("io.containerd.kata");
    }

    private void look(EngineReport.Reachable report) {
        EngineFacts facts = report.facts();
        EngineFacts.Software software = facts.software();
        ok(
                "engine",
                "%s %s, API %s (speaking %s)"
                        .formatted(
                                software.product(),
                                software.version(),
                                software.api().newest(),
                                software.api().spoken()));
        ok("host", software.host());
        transport();
        if (report.agentImagePresent()) {
            ok("agent image", settings.agent().image() + "; it relays filtered connections, too");
        } else {
            bad("agent image", settings.agent().image() + " is not there", "make image builds it");
        }
        runtimes(software.runtimes());
        limits(facts.limits());
        isolation(facts.isolation());
        storage(facts.storage(), report);
        clock(facts.clockAhead());
    }

    private void transport() {
        String scheme = String.valueOf(engine.host().getScheme());
        switch (scheme) {
            case "unix" -> ok("transport", "a socket on this host");
            case "ssh" -> ok("transport", "ssh, both sides show who they are");
            default -> {
                if (engine.insecure()) {
                    note(
                            "transport",
                            "not encrypted, as the configuration allows",
                            "set cert_dir for TLS, or use ssh://");
                } else {
                    ok("transport", "TLS, both sides show who they are");
                }
            }
        }
    }

    private void runtimes(EngineFacts.Runtimes runtimes) {
        String names =
                "%s; default %s".formatted(String.join(", ", runtimes.names()), runtimes.usual());
        if (runtimes.names().stream().anyMatch(EngineDiagnosis::ownKernel)) {
            ok("runtimes", names);
        } else {
            note(
                    "runtimes",
                    names + "; none has a kernel of its own",
                    "install gVisor (runsc) for pools that run what nobody has looked at");
        }
    }

    private void limits(EngineFacts.Limits limits) {
        if (limits.cgroupVersion().equals("2")) {
            ok("cgroups", "version 2");
        } else {
            note(
                    "cgroups",
                    "version " + limits.cgroupVersion(),
                    "boot with systemd.unified_cgroup_hierarchy=1: 2 accounts for more, and limits"
                            + " rootless engines");
        }
        if (limits.missing().isEmpty()) {
            ok("limits", "memory, processors, processes");
        } else if (engine.withoutLimits()) {
            note(
                    "limits",
                    "none of " + String.join(", ", limits.missing()) + ", as allow_no_limits says",
                    "use cgroup version 2 with these controllers delegated to the engine's user");
        } else {
            bad(
                    "limits",
                    "none of " + String.join(", ", limits.missing()) + ": no job is run",
                    "use cgroup version 2 with these controllers delegated to the engine's user,"
                            + " or an engine that is not rootless");
        }
        if (limits.swap()) {
            ok("swap", "counts as memory");
        } else {
            note(
                    "swap",
                    "is not counted with a job's memory",
                    "boot with swapaccount=1, or use no swap");
        }
    }

    private void isolation(EngineFacts.Isolation isolation) {
        if (isolation.seccomp()) {
            ok("seccomp", "the engine filters system calls");
        } else {
            bad(
                    "seccomp",
                    "the engine filters no system calls",
                    "use a kernel with seccomp, and no unconfined profile by default");
        }
        switch (isolation.module()) {
            case "apparmor" -> ok("AppArmor", "on");
            case "selinux" -> ok("SELinux", "on");
            default ->
                    note(
                            "AppArmor",
                            "neither AppArmor nor SELinux confines containers; "
                                    + modulesOfThisKernel(),
                            "boot a kernel with one of them, and restart the engine");
        }
        if (isolation.rootless()) {
            ok("rootless", "the engine is an ordinary user of its host");
        } else if (isolation.userNamespaces()) {
            ok("user namespaces", "root in a container is nobody on the host");
        } else {
            note(
                    "user namespaces",
                    "root in a container is root of the host",
                    "set \"userns-remap\": \"default\" in the engine's daemon.json, or use a"
                            + " rootless engine");
        }
        ok("IPv6", "jobs' networks have none");
    }

    private String modulesOfThisKernel() {
        if (!isHere()) {
            return "its kernel is on another host";
        }
        try {
            return "the kernel runs "
                    + Files.readString(Path.of("/sys/kernel/security/lsm")).strip();
        } catch (IOException e) {
            return Files.exists(Path.of("/sys/module/apparmor"))
                    ? "the kernel has AppArmor"
                    : "the kernel has no AppArmor";
        }
    }

    private boolean isHere() {
        return "unix".equals(engine.host().getScheme());
    }

    private void storage(EngineFacts.Storage storage, EngineReport.Reachable report) {
        String place = storage.driver() + " on " + storage.fileSystem() + " in " + storage.root();
        if (storage.driver().equals("vfs")) {
            note(
                    "storage",
                    place + ": each container is a copy of its image",
                    "use overlay2; rootless engines can have it through fuse-overlayfs");
        } else {
            ok("storage", place);
        }
        if (COUNTING_DRIVERS.contains(storage.driver())) {
            ok("quotas", "the storage driver limits what a container writes");
        } else if (storage.fileSystem().equals("xfs")) {
            note(
                    "quotas",
                    "what a container writes is limited only if the file system is mounted with"
                            + " pquota",
                    "mount it with -o pquota");
        } else {
            note(
                    "quotas",
                    "the storage driver cannot limit what a container writes",
                    "put the engine's data on xfs mounted with pquota; read_only_root keeps a job"
                            + " to its workspace and /tmp");
        }
        report.freeBytes()
                .ifPresent(free -> {
                    String text = "%.1f GiB free".formatted(free / (double) (1L << 30));
                    if (free < LITTLE_SPACE) {
                        note("disk", text + ", which is little", "remove images nobody uses");
                    } else {
                        ok("disk", text);
                    }
                });
        ok(
                "restart",
                storage.liveRestore()
                        ? "live-restore is on; jobs still end when the engine restarts, since their"
                                + " output is cut"
                        : "jobs end when the engine restarts");
    }

    private void clock(Duration ahead) {
        if (ahead.abs().compareTo(CLOCK_TOLERANCE) > 0) {
            note("clock", "off by " + ahead.toSeconds() + " s", "run an NTP client");
        } else {
            ok("clock", "agrees with this host's");
        }
    }

    private void ok(String what, String text) {
        findings.add(new Finding(about, Severity.OK, what, text, ""));
    }

    private void note(String what, String text, String cure) {
        findings.add(new Finding(about, Severity.NOTE, what, text, cure));
    }

    private void bad(String what, String text, String cure) {
        findings.add(new Finding(about, Severity.BAD, what, text, cure));
    }
}
