package dev.mayfly.cli;

import dev.mayfly.job.Outcome;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.UsedImage;
import dev.mayfly.source.local.JobTimes;
import dev.mayfly.source.local.LocalJob;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Jobs and receipts as text for people; stable enough for grep. */
final class JobView {

    private static final DateTimeFormatter TIME =
            DateTimeFormatter.ofPattern("uuuu-MM-dd HH:mm:ss").withZone(ZoneId.systemDefault());

    private final PrintStream out;
    private final Style style;

    JobView(PrintStream out, Style style) {
        this.out = out;
        this.style = style;
    }

    void table(List<LocalJob> jobs) {
        String row = "%-20s %-24s %-12s %-13s %-9s %s%n";
        out.printf(row, "JOB", "NAME", "POOL", "STATE", "TOOK", "RECEIPT");
        for (LocalJob job : jobs) {
            out.printf(
                    row,
                    job.id(),
                    shortened(visible(job.name())),
                    job.pool(),
                    state(job),
                    took(job.state().times()),
                    verdict(job.state().receipt()));
        }
    }

    void details(LocalJob job) {
        JobTimes times = job.state().times();
        Outcome outcome = job.state().outcome();
        line("job", job.id().value());
        line("name", visible(job.name()));
        line("source", job.source());
        line("pool", job.pool().value());
        line("phase", word(job.state().phase().name()));
        line("outcome", outcome == null ? "-" : coloured(outcome));
        if (outcome != null) {
            line("because", visible(outcome.sentence()));
        }
        line("submitted", time(times.submitted()));
        line("started", time(times.started()));
        line("ended", time(times.ended()));
        Receipt receipt = job.state().receipt();
        if (receipt == null) {
            line("receipt", "-");
        } else {
            receipt(receipt);
        }
    }

    void receipt(Receipt receipt) {
        for (UsedImage image : receipt.images()) {
            line("image", visible(image.reference() + " = " + image.identity()));
        }
        line(
                "receipt",
                (receipt.clean() ? style.good("clean") : style.bad("NOT CLEAN"))
                        + ", "
                        + receipt.disposals().size()
                        + " resources, checked "
                        + time(receipt.at()));
        for (Receipt.Disposal disposal : receipt.disposals()) {
            out.printf(
                    "  %s %-10s %s%n      %s%n",
                    disposal.verified() ? style.good("gone") : style.bad("LEFT"),
                    word(disposal.resource().kind().name()),
                    disposal.resource().name(),
                    style.faint(visible(disposal.evidence())));
        }
    }

    private void line(String key, String value) {
        out.printf("%-10s %s%n", key + ":", value);
    }

    private String coloured(Outcome outcome) {
        return outcome instanceof Outcome.Passed
                ? style.good(outcome.word())
                : style.bad(outcome.word());
    }

    private static String state(LocalJob job) {
        Outcome outcome = job.state().outcome();
        return outcome == null ? word(job.state().phase().name()) : outcome.word();
    }

    private static String verdict(@Nullable Receipt receipt) {
        if (receipt == null) {
            return "-";
        }
        return receipt.clean() ? "clean" : "NOT CLEAN";
    }

    private static String took(JobTimes times) {
        Instant from = times.claimed();
        Instant to = times.ended();
        return from == null || to == null
                ? "-"
                : "%.1f s".formatted(Duration.between(from, to).toMillis() / 1000.0);
    }

    private static String time(@Nullable Instant at) {
        return at == null ? "-" : TIME.format(at);
    }

    private static String shortened(String name) {
        return name.length() <= 24 ? name : name.substring(0, 23) + "…";
    }

    /** Others' words on somebody's terminal: control characters would be obeyed there. */
    private static String visible(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    private static String word(String name) {
        return name.toLowerCase(Locale.ROOT).replace('_', '-');
    }
}
