package dev.mayfly.audit;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;

/**
 * All that the trail says of one job, as a page for people: what it ran, who asked for it, which
 * policy let it in, what it was made of, which secrets it used, where it connected, how it ended,
 * and how its environment was destroyed.
 */
public final class JobPage {

    private static final int LABEL = 12;

    private final List<AuditLine> lines;
    private final StringBuilder page = new StringBuilder();

    private JobPage(List<AuditLine> lines) {
        this.lines = lines;
    }

    /**
     * Writes the page.
     *
     * @param lines those about the job, in their order; at least one
     * @return text that ends with a line break
     */
    public static String of(List<AuditLine> lines) {
        return new JobPage(lines).write();
    }

    private String write() {
        AuditLine first = lines.getFirst();
        line("job", first.text("job"));
        of("job-claimed").forEach(this::claimed);
        of("job-decided")
                .forEach(one -> {
                    line("decision", at(one) + " " + one.text("verdict"));
                    line("policy", one.text("policy"));
                    line("rules", orNone(texts(one.object().path("rules"))));
                });
        of("job-approved").forEach(one -> line("approved", at(one) + " by " + one.text("by")));
        table(
                "images",
                of("image-used").map(one -> one.text("reference") + "  " + one.text("identity")));
        table(
                "secrets",
                of("secret-used")
                        .map(one ->
                                at(one)
                                        + " "
                                        + one.text("action")
                                        + " "
                                        + one.text("subject")
                                        + ": "
                                        + one.text("outcome")));
        table("connections", of("connected").map(JobPage::connection));
        of("job-ended")
                .forEach(one ->
                        line(
                                "end",
                                at(one) + " " + one.text("outcome") + ": " + one.text("because")));
        if (of("job-ended").findAny().isEmpty()) {
            line("end", "nothing says so: it still runs, or its daemon was killed");
        }
        of("job-destroyed").forEach(this::destroyed);
        if (of("job-destroyed").findAny().isEmpty()) {
            line("destroyed", "nothing says so");
        }
        line(
                "lines",
                "%d of the trail, %d to %d"
                        .formatted(lines.size(), first.seq(), lines.getLast().seq()));
        return page.toString();
    }

    private void claimed(AuditLine one) {
        line("name", one.text("name"));
        line("taken", at(one) + " from " + one.text("source") + ", pool " + one.text("pool"));
        JsonNode asked = one.object().path("asked");
        if (asked.isObject()) {
            line(
                    "asked by",
                    "user %s, project %s (%s), pipeline %s"
                            .formatted(
                                    asked.path("user").asText(),
                                    asked.path("project").asText(),
                                    asked.path("project_id").asText(),
                                    asked.path("pipeline").asText()));
            line(
                    "ref",
                    asked.path("ref").asText()
                            + (asked.path("is_protected").asBoolean() ? ", protected" : "")
                            + ", commit "
                            + asked.path("commit").asText());
        }
        line("commands", "sha256:" + one.text("commands"));
    }

    private static String connection(AuditLine one) {
        return "%s %s %s to %s, %s bytes up, %s down%s: %s"
                .formatted(
                        at(one),
                        one.text("verdict"),
                        one.text("origin"),
                        one.text("destination"),
                        one.text("up_bytes"),
                        one.text("down_bytes"),
                        one.object().path("first_seen").asBoolean() ? ", first seen" : "",
                        one.text("because"));
    }

    private void destroyed(AuditLine one) {
        boolean clean = one.object().path("clean").asBoolean();
        line(
                "destroyed",
                at(one)
                        + (clean
                                ? " everything, and that was checked"
                                : " NOT EVERYTHING IS GONE"));
        for (JsonNode part : one.object().path("parts")) {
            more(
                    (part.path("gone").asBoolean() ? "gone  " : "LEFT  ")
                            + part.path("resource").asText()
                            + " "
                            + part.path("name").asText()
                            + ": "
                            + part.path("evidence").asText());
        }
    }

    private Stream<AuditLine> of(String kind) {
        return lines.stream().filter(one -> one.kind().equals(kind));
    }

    private static String at(AuditLine one) {
        return one.text("at");
    }

    private static String texts(JsonNode array) {
        return String.join(
                ", ",
                StreamSupport.stream(array.spliterator(), false).map(JsonNode::asText).toList());
    }

    private static String orNone(String text) {
        return text.isEmpty() ? "none was about it" : text;
    }

    private void table(String label, Stream<String> rows) {
        List<String> all = new ArrayList<>(rows.toList());
        if (all.isEmpty()) {
            line(label, "none");
            return;
        }
        line(label, all.removeFirst());
        all.forEach(this::more);
    }

    private void line(String label, String text) {
        page.append(label).append(" ".repeat(Math.max(1, LABEL - label.length())));
        page.append(printable(text)).append('\n');
    }

    private void more(String text) {
        page.append(" ".repeat(LABEL)).append(printable(text)).append('\n');
    }

    /** Names of jobs and refs are their authors', and this goes to a terminal. */
    private static String printable(String text) {
        return text.replaceAll("[\\p{Cntrl}\\p{Cf}\\u2028\\u2029]", "?");
    }
}
