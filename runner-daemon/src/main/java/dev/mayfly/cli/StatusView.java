package dev.mayfly.cli;

import dev.mayfly.source.local.DaemonStatus;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.util.List;

/** How a daemon does, as text for people; stable enough for grep. */
final class StatusView {

    private final PrintStream out;
    private final Style style;

    StatusView(PrintStream out, Style style) {
        this.out = out;
        this.style = style;
    }

    void show(DaemonStatus status, Instant now) {
        out.printf(
                "mayfly %s, up %s%n",
                status.version(), rounded(Duration.between(status.started(), now)));
        verdict("alive", status.health().notAlive());
        verdict("ready", status.health().notReady());
        String row = "%-20s %-8s %-10s %s%n";
        out.printf(row, "POOL", "SLOTS", "TAKES JOBS", "RUNNING");
        for (DaemonStatus.Pool pool : status.pools()) {
            out.printf(
                    row,
                    pool.name(),
                    pool.jobs().size() + "/" + pool.slots(),
                    !pool.fed() ? "no source" : pool.claiming() ? "yes" : "no",
                    (pool.jobs().isEmpty() ? "-" : String.join(" ", pool.jobs()))
                            + (pool.quarantined() == 0
                                    ? ""
                                    : " "
                                            + style.bad(
                                                    pool.quarantined()
                                                            + " slots lost: something of their"
                                                            + " jobs cannot be removed")));
        }
    }

    private void verdict(String what, List<String> against) {
        if (against.isEmpty()) {
            out.println(style.good(what));
        }
        against.forEach(reason -> out.println(style.bad("not " + what) + "  " + reason));
    }

    private static String rounded(Duration length) {
        if (length.toDays() > 0) {
            return length.toDays() + "d" + length.toHoursPart() + "h";
        }
        if (length.toHours() > 0) {
            return length.toHours() + "h" + length.toMinutesPart() + "m";
        }
        return length.toMinutes() > 0
                ? length.toMinutes() + "m" + length.toSecondsPart() + "s"
                : length.toSeconds() + "s";
    }
}
