package dev.mayfly.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.artifacts.s3.S3Caches;
import dev.mayfly.bootstrap.Assembly;
import dev.mayfly.bootstrap.Finding;
import dev.mayfly.bootstrap.Finding.Severity;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.secrets.vault.VaultReport;
import dev.mayfly.source.local.LocalSourceSettings;
import dev.mayfly.state.StateException;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Examines the host. */
@Command(
        name = "doctor",
        description = "Examine this host: what can run here, what cannot, and what to do about it.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly doctor",
            "  mayfly doctor --json | jq '.findings[] | select(.severity != \"ok\")'",
            "",
            "Tells what each engine can isolate and cannot, and what each pool gets of it.",
            "ok is well, note is worth knowing, BAD keeps jobs from running; notes and BAD",
            "have a cure. Exits with 0 unless something is BAD."
        })
final class DoctorCommand implements Callable<Integer> {

    private static final long LITTLE_SPACE = 512L << 20;
    private static final String MAYFLY = "Mayfly";
    private static final Duration CLOCK_TOLERANCE = Duration.ofSeconds(5);

    @Mixin private final ConfigOption config = new ConfigOption();
    @Mixin private final StyleOption styleOption = new StyleOption();

    @Option(names = "--json", description = "Print the findings as JSON.")
    private boolean json;

    private final PrintStream out = System.out;
    private final List<Finding> findings = new ArrayList<>();
    private Style style = Style.PLAIN;
    private String about = "";

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
        if (json) {
            out.println(json());
        }
        return well() ? ExitCode.OK : ExitCode.FAULTED;
    }

    private void examine(Assembly parts) throws InterruptedException {
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
        parts.examineIsolation().forEach(this::found);
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

    private void space(String what, Path path) {
        try {
            long free = Files.getFileStore(path).getUsableSpace();
            if (free < LITTLE_SPACE) {
                note(what, path + ", " + gib(free) + " free, which is little");
            } else {
                ok(what, path + ", " + gib(free) + " free");
            }
        } catch (IOException e) {
            bad(what, path + ": " + e.getMessage());
        }
    }

    private void ok(String what, String text) {
        found(new Finding(MAYFLY, Severity.OK, what, text, ""));
    }

    private void note(String what, String text) {
        found(new Finding(MAYFLY, Severity.NOTE, what, text, ""));
    }

    private void bad(String what, String text) {
        found(new Finding(MAYFLY, Severity.BAD, what, text, ""));
    }

    private void found(Finding finding) {
        findings.add(finding);
        if (json) {
            return;
        }
        if (!finding.about().equals(about)) {
            about = finding.about();
            out.println((findings.size() == 1 ? "" : System.lineSeparator()) + about);
        }
        String mark =
                switch (finding.severity()) {
                    case OK -> style.good("ok  ");
                    case NOTE -> "note";
                    case BAD -> style.bad("BAD ");
                };
        out.printf("%s  %-16s %s%n", mark, finding.what(), finding.text());
        if (!finding.cure().isEmpty()) {
            out.printf("%23scure: %s%n", "", finding.cure());
        }
    }

    private boolean well() {
        return findings.stream().noneMatch(finding -> finding.severity() == Severity.BAD);
    }

    private String json() {
        ObjectNode answer = JsonNodeFactory.instance.objectNode();
        answer.put("well", well());
        ArrayNode list = answer.putArray("findings");
        for (Finding finding : findings) {
            list.addObject()
                    .put("about", finding.about())
                    .put("severity", finding.severity().name().toLowerCase(Locale.ROOT))
                    .put("what", finding.what())
                    .put("text", finding.text())
                    .put("cure", finding.cure());
        }
        return answer.toPrettyString();
    }

    private static String gib(long bytes) {
        return "%.1f GiB".formatted(bytes / (double) (1L << 30));
    }
}
