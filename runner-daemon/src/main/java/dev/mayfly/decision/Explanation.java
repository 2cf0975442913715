package dev.mayfly.decision;

import dev.mayfly.admission.Decision;
import dev.mayfly.admission.Finding;
import dev.mayfly.admission.Verdict;
import dev.mayfly.job.Facts;
import dev.mayfly.job.JobId;
import dev.mayfly.job.ServerFacts;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;

/** How a decision came about, for people: the facts by who says them, then each rule. */
final class Explanation {

    private static final int LONGEST_VALUE = 1000;

    private final StringBuilder text = new StringBuilder();

    private Explanation() {}

    static String of(JobId job, Facts facts, Decision decision, Verdict end) {
        Explanation all = new Explanation();
        all.line("job:      " + job);
        all.line(
                "verdict:  "
                        + KeptDecisions.word(decision.verdict(), end)
                        + reason(decision.verdict(), end));
        all.line("policy:   " + (decision.policy().isEmpty() ? "none asked" : decision.policy()));
        all.facts(facts);
        all.findings(decision.findings());
        return all.text.toString();
    }

    private void facts(Facts facts) {
        var registration = facts.trusted().registration();
        line("facts of the registration, set by the operator");
        fact("registration.name", registration.name());
        fact("registration.server", registration.server());
        fact("registration.protected", registration.protectedOnly());
        ServerFacts server = facts.trusted().server();
        line("facts of the server, set by it");
        fact("server.project", server.project().path());
        fact("server.project_id", server.project().id());
        fact("server.ref", server.ref().name());
        fact("server.ref_kind", server.ref().kind().name().toLowerCase(Locale.ROOT));
        fact("server.ref_protected", server.ref().isProtected());
        fact("server.commit", server.ref().commit());
        fact("server.fork", server.fork());
        fact("server.user_id", server.run().user());
        fact("server.pipeline_id", server.run().pipeline());
        Map<String, Object> claims = facts.trusted().claims().values();
        line(claims.isEmpty() ? "no verified claims" : "claims of its identity token, verified");
        new TreeMap<>(claims).forEach((name, value) -> fact("claims." + name, value));
        line("facts of the job, set by its author: they can take and not give");
        fact("job.name", facts.settable().name());
        fact("job.image", facts.settable().image());
        fact("job.services", String.join(", ", facts.settable().services()));
        fact("job.variables", facts.settable().variables().size() + ", not shown");
    }

    private void findings(List<Finding> findings) {
        line(findings.isEmpty() ? "no rules" : "rules");
        for (Finding finding : findings) {
            line(
                    "  %-8s %-5s %s%s"
                            .formatted(
                                    finding.applies() ? "applies" : "-",
                                    finding.effect().word(),
                                    shown(finding.rule()),
                                    finding.enforced() ? "" : "  (only reported)"));
            if (finding.applies()) {
                line("           because " + shown(finding.because()));
            }
            if (!finding.reads().isEmpty()) {
                line("           looks at " + String.join(", ", finding.reads()));
            }
        }
    }

    private void fact(String name, Object value) {
        String shown = shown(value.toString());
        line("  %-23s %s".formatted(name, shown.isEmpty() ? "(none)" : shown));
    }

    private void line(String line) {
        text.append(line).append('\n');
    }

    private static String reason(Verdict decided, Verdict end) {
        return switch (end instanceof Verdict.Refused ? decided : end) {
            case Verdict.Admitted(var pool) -> ", to pool " + pool;
            case Verdict.Held(var _, String reason) -> ", " + shown(reason);
            case Verdict.Refused(String reason) -> ", " + shown(reason);
        };
    }

    /** A value may come from the job: it writes no line of its own, and nothing to a terminal. */
    private static String shown(String value) {
        String plain = value.replaceAll("[\\p{Cntrl}\\p{Cf}\\u2028\\u2029]", "?");
        return plain.length() > LONGEST_VALUE ? plain.substring(0, LONGEST_VALUE) + "…" : plain;
    }
}
