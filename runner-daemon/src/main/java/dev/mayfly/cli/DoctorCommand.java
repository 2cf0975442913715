package dev.mayfly.cli;

import dev.mayfly.artifacts.s3.S3Caches;
import dev.mayfly.bootstrap.Assembly;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.sandbox.docker.EngineReport;
import dev.mayfly.secrets.vault.VaultReport;
import dev.mayfly.source.local.LocalSourceSettings;
import dev.mayfly.state.StateException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Examines the host. */
@Command(
        name = "doctor",
        description = "Examine this host: what can run here, what cannot, and what to do about it.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly doctor",
            "",
            "ok is well, note is worth knowing, BAD keeps jobs from running. Exits with 0",
            "unless something is BAD."
        })
final class DoctorCommand implements Callable<Integer> {

    private static final long LITTLE_SPACE = 5L << 30;
    private static final Duration CLOCK_TOLERANCE = Duration.ofSeconds(5);

    @Mixin private final ConfigOption config = new ConfigOption();
    @Mixin private final StyleOption styleOption = new StyleOption();

    private final PrintStream out = System.out;
    private Style style = Style.PLAIN;
    private int bad;

    @Override
    public Integer call() throws InterruptedException {
        style = styleOption.style();
        MayflySettings settings = config.load();
        ok(
                "configuration",
                config.located().map(Object::toString).orElse("built in; mayfly check --help"));
        try (Assembly parts = Assembly.open(settings, LocalSourceSettings.Queue.PRIVATE)) {
            space("state", parts.directory().root());
            examine(parts);
        } catch (StateException e) {
            bad("state", String.valueOf(e.getMessage()));
            examineWithoutState(settings);
        }
        return bad == 0 ? ExitCode.OK : ExitCode.FAULTED;
    }

    private void examine(Assembly parts) throws InterruptedException {
        switch (parts.examineEngine()) {
            case EngineReport.Unreachable(String reason) -> bad("engine", reason);
            case EngineReport.Reachable engine -> engine(engine, parts.settings());
        }
        List<String> troubles =
                parts.settings().pools().stream()
                        .map(pool -> parts.stages().secrets().unhealthyBecause(pool.terms().pool()))
                        .filter(trouble -> !trouble.isEmpty())
                        .distinct()
                        .toList();
        if (troubles.isEmpty()) {
            ok("secrets", "readable");
        }
        troubles.forEach(trouble -> bad("secrets", trouble));
        Optional<VaultReport> vault = parts.examineVault();
        if (vault.isPresent() && !troubles.contains(vault.get().trouble())) {
            vault(vault.get());
        }
        parts.examineCaches().ifPresent(this::caches);
    }

    /** Without a cache, jobs run, only slower. */
    private void caches(S3Caches.Report store) {
        if (store.troubles().isEmpty()) {
            ok("caches", store.place() + ": written, read, listed and deleted");
        }
        store.troubles().forEach(trouble -> note("caches", trouble));
    }

    private void vault(VaultReport vault) {
        if (!vault.trouble().isEmpty()) {
            bad("Vault", vault.trouble());
            return;
        }
        ok("Vault", "knows this daemon, version " + vault.version());
        if (!vault.tooOldFor().isEmpty()) {
            note(
                    "Vault",
                    "version "
                            + vault.version()
                            + " has holes that are known: "
                            + vault.tooOldFor()
                            + " or newer closes them");
        }
        if (!vault.missing().isEmpty()) {
            bad(
                    "Vault",
                    "the daemon's policy lacks update on "
                            + String.join(", ", vault.missing())
                            + ": mayfly vault bootstrap prints the right one");
        }
        if (!vault.excess().isEmpty()) {
            note(
                    "Vault",
                    "the daemon could read secrets itself, and need not: "
                            + String.join(", ", vault.excess()));
        }
        if (vault.clockAhead().abs().compareTo(CLOCK_TOLERANCE) > 0) {
            note("Vault", "its clock is off by " + vault.clockAhead().toSeconds() + " s");
        }
    }

    /** The engine may have its own troubles: with a state that nothing depends on. */
    private void examineWithoutState(MayflySettings settings) throws InterruptedException {
        try {
            Path passing = Files.createTempDirectory("mayfly-doctor-");
            try (Assembly parts =
                    Assembly.open(
                            settings.withStateDirectory(passing),
                            LocalSourceSettings.Queue.PRIVATE)) {
                examine(parts);
            } finally {
                delete(passing);
            }
        } catch (IOException | StateException e) {
            bad("engine", "not examined, because there is no temporary directory: " + e);
        }
    }

    private static void delete(Path directory) throws IOException {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        }
    }

    private void engine(EngineReport.Reachable engine, MayflySettings settings) {
        var software = engine.software();
        ok(
                "engine",
                "%s, API %s (speaking %s) at %s"
                        .formatted(
                                software.version(),
                                software.newestApi(),
                                software.spokenApi(),
                                settings.engine().host()));
        if (engine.agentImagePresent()) {
            ok("agent image", settings.agent().image());
        } else {
            bad("agent image", settings.agent().image() + " is not there; make image builds it");
        }
        ok("runtimes", String.join(", ", software.runtimes()));

        var isolation = engine.isolation();
        if (isolation.cgroupVersion().equals("2")) {
            ok("cgroups", "version 2");
        } else {
            note("cgroups", "version " + isolation.cgroupVersion() + "; 2 accounts for more");
        }
        if (isolation.seccomp()) {
            ok("seccomp", "the engine filters system calls");
        } else {
            bad("seccomp", "the engine filters no system calls; use a kernel with seccomp");
        }
        present("AppArmor", isolation.appArmor(), "the kernel or the engine has none");
        present(
                "user namespaces",
                isolation.userNamespaces() || isolation.rootless(),
                "root in a container is root of the host; userns-remap or a rootless engine helps");

        var storage = engine.storage();
        ok("storage", storage.driver() + " in " + storage.root());
        storage.freeBytes()
                .ifPresent(free -> {
                    if (free < LITTLE_SPACE) {
                        note("engine's disk", gib(free) + " free, which is little");
                    } else {
                        ok("engine's disk", gib(free) + " free");
                    }
                });

        Duration ahead = engine.clockAhead();
        if (ahead.abs().compareTo(CLOCK_TOLERANCE) > 0) {
            note("clock", "the engine's is off by " + ahead.toSeconds() + " s; run an NTP client");
        } else {
            ok("clock", "the engine's agrees");
        }
    }

    private void space(String what, Path path) {
        try {
            long free = Files.getFileStore(path).getUsableSpace();
            if (free < LITTLE_SPACE / 10) {
                note(what, path + ", " + gib(free) + " free, which is little");
            } else {
                ok(what, path + ", " + gib(free) + " free");
            }
        } catch (IOException e) {
            bad(what, path + ": " + e.getMessage());
        }
    }

    private void present(String what, boolean there, String otherwise) {
        if (there) {
            ok(what, "on");
        } else {
            note(what, otherwise);
        }
    }

    private void ok(String what, String text) {
        line(style.good("ok  "), what, text);
    }

    private void note(String what, String text) {
        line("note", what, text);
    }

    private void bad(String what, String text) {
        bad++;
        line(style.bad("BAD "), what, text);
    }

    private void line(String mark, String what, String text) {
        out.printf("%s  %-16s %s%n", mark, what, text);
    }

    private static String gib(long bytes) {
        return "%.1f GiB".formatted(bytes / (double) (1L << 30));
    }
}
