package dev.mayfly.cli;

import dev.mayfly.audit.AuditLine;
import dev.mayfly.audit.JobPage;
import dev.mayfly.audit.TrailReader;
import dev.mayfly.audit.TrailSettings;
import dev.mayfly.audit.Verification;
import dev.mayfly.bootstrap.AuditParts;
import dev.mayfly.job.JobId;
import java.io.BufferedWriter;
import java.io.IOException;
import java.io.OutputStreamWriter;
import java.io.Writer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.TypeConversionException;

/** What concerns the record of what happened. */
@Command(
        name = "audit",
        description = "Look at the record of what happened, and check that it is what was written.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            AuditCommand.Job.class,
            AuditCommand.Show.class,
            AuditCommand.Export.class,
            AuditCommand.Verify.class
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly audit job shop-1001      # all about one job, as a page",
            "  mayfly audit show --kind secret-used",
            "  mayfly audit verify"
        })
final class AuditCommand {

    private AuditCommand() {}

    private static TrailSettings trail(ConfigOption config) {
        return AuditParts.of(config.load());
    }

    private static Writer out() {
        return new BufferedWriter(new OutputStreamWriter(System.out, StandardCharsets.UTF_8));
    }

    /** All about one job. */
    @Command(
            name = "job",
            description = {
                "Show all that is known of a job: what it ran, who asked for it, which policy let"
                        + " it in, its images, secrets and connections, how it ended, and how its"
                        + " environment was destroyed."
            },
            footerHeading = "%nExamples:%n",
            footer = {"  mayfly audit job shop-1001"})
    static final class Job implements Callable<Integer> {

        @Parameters(paramLabel = "JOB", description = "The job.", converter = JobIdConverter.class)
        private JobId job = new JobId("none");

        @Mixin private final ConfigOption config = new ConfigOption();

        @Override
        public Integer call() throws IOException {
            List<AuditLine> lines = new ArrayList<>();
            new TrailReader(trail(config).directory())
                    .read(job, _ -> true, (_, line) -> lines.add(line));
            if (lines.isEmpty()) {
                System.err.println(
                        "mayfly: the audit trail of this host knows no job "
                                + job
                                + ", or it was too long ago");
                return ExitCode.NOT_FOUND;
            }
            System.out.print(JobPage.of(lines));
            return ExitCode.OK;
        }
    }

    /** Which lines are meant. */
    static final class Choice {

        @Option(
                names = "--job",
                paramLabel = "JOB",
                description = "Only what is about this job.",
                converter = JobIdConverter.class)
        private @Nullable JobId job;

        @Option(
                names = "--kind",
                paramLabel = "KIND",
                description = "Only events of this kind; can be given several times.")
        private List<String> kinds = new ArrayList<>();

        @Option(
                names = "--since",
                paramLabel = "TIME",
                description = "Only from this time on, as in 2031-05-01T12:00:00Z.",
                converter = TimeConverter.class)
        private @Nullable Instant since;

        @Option(
                names = "--until",
                paramLabel = "TIME",
                description = "Only before this time.",
                converter = TimeConverter.class)
        private @Nullable Instant until;

        private void read(ConfigOption config, TrailReader.Sight sight) throws IOException {
            AtomicBoolean any = new AtomicBoolean();
            new TrailReader(trail(config).directory())
                    .read(
                            job,
                            this::wanted,
                            (text, line) -> {
                                any.setPlain(true);
                                sight.see(text, line);
                            });
            if (!any.getPlain()) {
                System.err.println(
                        "mayfly: no such event; docs/audit.md lists the kinds, and without a choice"
                                + " all are shown");
            }
        }

        private boolean wanted(AuditLine line) {
            Instant at = Instant.parse(line.text("at"));
            return (kinds.isEmpty() || kinds.contains(line.kind()))
                    && (since == null || !at.isBefore(since))
                    && (until == null || at.isBefore(until));
        }
    }

    /** Lines, for people. */
    @Command(
            name = "show",
            description = "Show events, a line each.",
            footerHeading = "%nExamples:%n",
            footer = {
                "  mayfly audit show --since 2031-05-01T00:00:00Z",
                "  mayfly audit show --kind job-decided --kind job-ended"
            })
    static final class Show implements Callable<Integer> {

        @Mixin private final Choice choice = new Choice();
        @Mixin private final ConfigOption config = new ConfigOption();

        @Override
        public Integer call() throws IOException {
            try (Writer out = out()) {
                choice.read(config, (_, line) -> out.write(shown(line) + "\n"));
            }
            return ExitCode.OK;
        }

        private static String shown(AuditLine line) {
            StringBuilder text = new StringBuilder();
            text.append(line.seq()).append(' ').append(line.text("at")).append(' ');
            text.append(line.kind());
            line.object()
                    .properties()
                    .forEach(field -> {
                        if (!HEADS.contains(field.getKey())) {
                            text.append(' ').append(field.getKey()).append('=');
                            text.append(field.getValue()); // as JSON: nothing in it moves a cursor
                        }
                    });
            return text.toString();
        }

        private static final List<String> HEADS =
                List.of("seq", "at", "kind", "life", "policy", "prev");
    }

    /** Lines, for machines. */
    @Command(
            name = "export",
            description = {
                "Write events as they are, one JSON object a line, to standard output. Without a"
                        + " choice that is a copy that can be verified elsewhere."
            },
            footerHeading = "%nExamples:%n",
            footer = {"  mayfly audit export --job shop-1001 > evidence.jsonl"})
    static final class Export implements Callable<Integer> {

        @Mixin private final Choice choice = new Choice();
        @Mixin private final ConfigOption config = new ConfigOption();

        @Override
        public Integer call() throws IOException {
            try (Writer out = out()) {
                choice.read(config, (text, _) -> out.write(text + "\n"));
            }
            return ExitCode.OK;
        }
    }

    /** Is it what was written? */
    @Command(
            name = "verify",
            description = {
                "Check that nothing was removed, changed, added or moved. What no look at this host"
                        + " alone can find is a trail that was made anew by somebody who has its"
                        + " key: keep a line's number and hash elsewhere, and give them."
            },
            footerHeading = "%nExamples:%n",
            footer = {
                "  mayfly audit verify",
                "  mayfly audit verify --expect 1042:9c1f0d...    # noted before, elsewhere",
                "",
                "Ends with 1 when something is wrong."
            })
    static final class Verify implements Callable<Integer> {

        @Option(
                names = "--expect",
                paramLabel = "NUMBER:HASH",
                description = "A line that must be in it.",
                converter = NotedConverter.class)
        private Verification.@Nullable Noted noted;

        @Option(
                names = "--key",
                paramLabel = "FILE",
                description = {
                    "Public half of the key that signs. Default: the one beside the key of the"
                            + " configuration."
                })
        private @Nullable Path key;

        @Option(
                names = "--dir",
                paramLabel = "DIRECTORY",
                description = "Look at a copy of the files instead.")
        private @Nullable Path directory;

        @Mixin private final ConfigOption config = new ConfigOption();

        @Override
        public Integer call() throws IOException {
            TrailSettings trail = trail(config);
            Path files = directory == null ? trail.directory() : directory;
            Path half = key == null ? trail.publicKey() : key;
            if (!Files.isDirectory(files)) {
                System.err.println("mayfly: there is no audit trail in " + files);
                return ExitCode.NOT_FOUND;
            }
            Verification found = Verification.of(files, half, noted);
            found.faults()
                    .forEach(fault ->
                            System.out.println(
                                    "%s: line %d %s"
                                            .formatted(fault.file(), fault.seq(), fault.text())));
            System.out.println(
                    found.last() == 0
                            ? "the audit trail is empty, and nothing here tells whether it always"
                                    + " was: lines noted elsewhere would (--expect)"
                            : "lines %d to %d, signed up to %d by key %s"
                                    .formatted(
                                            found.first(),
                                            found.last(),
                                            found.signed(),
                                            found.key()));
            System.out.println("last line " + found.last() + ":" + found.lastHash());
            System.out.println(
                    found.good()
                            ? "everything is as it was written"
                            : "NOT what was written: " + found.faults().size() + " faults");
            return found.good() ? ExitCode.OK : 1;
        }
    }

    /** A moment, with its offset from UTC. */
    static final class TimeConverter implements ITypeConverter<Instant> {

        @Override
        public Instant convert(String text) {
            try {
                return OffsetDateTime.parse(text).toInstant();
            } catch (DateTimeParseException e) {
                throw new TypeConversionException(
                        "\"" + text + "\" is no time: write it like 2031-05-01T12:00:00Z");
            }
        }
    }

    /** NUMBER:HASH. */
    static final class NotedConverter implements ITypeConverter<Verification.Noted> {

        @Override
        public Verification.Noted convert(String text) {
            String[] parts = text.split(":", -1);
            if (parts.length != 2
                    || !parts[0].matches("\\d{1,18}")
                    || !parts[1].matches("[0-9a-f]{64}")) {
                throw new TypeConversionException(
                        "\"" + text + "\" is no NUMBER:HASH as mayfly audit verify prints it");
            }
            return new Verification.Noted(Long.parseLong(parts[0]), parts[1]);
        }
    }
}
