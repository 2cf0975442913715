package dev.mayfly.cli;

import dev.mayfly.bootstrap.Desk;
import dev.mayfly.decision.SqliteApprovals;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Shows the jobs that wait for somebody. */
@Command(
        name = "approvals",
        description = "Show the jobs that a rule holds, and those that were approved and not run.",
        footerHeading = "%nExamples:%n",
        footer = {"  mayfly approvals", "  mayfly policy explain shop-1001    # why it is held"})
final class ApprovalsCommand implements Callable<Integer> {

    @Mixin private final ConfigOption config = new ConfigOption();

    @Override
    public Integer call() {
        try (Desk desk = Desk.open(config.load())) {
            List<SqliteApprovals.Held> open = desk.approvals().open();
            if (open.isEmpty()) {
                System.out.println("no job is held");
            }
            for (SqliteApprovals.Held held : open) {
                System.out.println(held.wish().job() + "  " + printable(held.wish().subject()));
                System.out.println("    because " + printable(held.wish().reason()));
                System.out.println(
                        "    since "
                                + held.since().truncatedTo(ChronoUnit.SECONDS)
                                + ", until "
                                + held.expires().truncatedTo(ChronoUnit.SECONDS)
                                + (held.approvedBy() == null
                                        ? ""
                                        : ", approved by "
                                                + printable(held.approvedBy())
                                                + " and not run yet"));
            }
            return ExitCode.OK;
        }
    }

    /** Names of jobs and refs are their authors'. */
    private static String printable(String text) {
        return text.replaceAll("[\\p{Cntrl}\\p{Cf}\\u2028\\u2029]", "?");
    }
}
