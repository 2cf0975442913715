package dev.mayfly.audit;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.JobId;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class JobPageTest {

    private static final JobId JOB = new JobId("shop-1001");

    @TempDir private Path root;

    @Test
    void thePageAnswersWhatAnAuditorAsks() throws IOException {
        String page =
                page(
                        new AuditEvent.JobClaimed(
                                JOB,
                                "shop",
                                "release",
                                "deploy",
                                "c0".repeat(32),
                                new AuditEvent.Asked(
                                        "shop/web", "42", "main", true, "c0ffee", "7", "3")),
                        new AuditEvent.JobDecided(JOB, "admitted", List.of("protected refs")),
                        new AuditEvent.ImageUsed(JOB, "debian:12", "debian@sha256:ab"),
                        new AuditEvent.SecretUsed(JOB, "read", "kv/shop#token", "ok", "r-1"),
                        new AuditEvent.SecretUsed(JOB, "revoke", "lease-1", "ok", "r-2"),
                        new AuditEvent.Connected(
                                JOB,
                                "release",
                                "allowed",
                                "job",
                                "repo.example.org:443",
                                "192.0.2.7",
                                10,
                                20,
                                30,
                                true,
                                "repo.example.org"),
                        new AuditEvent.JobEnded(JOB, "release", "passed", "the job passed"),
                        new AuditEvent.JobDestroyed(
                                JOB,
                                true,
                                List.of(
                                        new AuditEvent.Part(
                                                "container", "c-1", true, "404 after removal"))));

        assertThat(page.lines().map(JobPageTest::withoutTimes))
                .containsExactly(
                        "job         shop-1001",
                        "name        deploy",
                        "taken       TIME from shop, pool release",
                        "asked by    user 3, project shop/web (42), pipeline 7",
                        "ref         main, protected, commit c0ffee",
                        "commands    sha256:" + "c0".repeat(32),
                        "decision    TIME admitted",
                        "policy      " + TrailFiles.POLICY,
                        "rules       protected refs",
                        "images      debian:12  debian@sha256:ab",
                        "secrets     TIME read kv/shop#token: ok",
                        "            TIME revoke lease-1: ok",
                        "connections TIME allowed job to repo.example.org:443, 10 bytes up, 20 down,"
                                + " first seen: repo.example.org",
                        "end         TIME passed: the job passed",
                        "destroyed   TIME everything, and that was checked",
                        "            gone  container c-1: 404 after removal",
                        "lines       8 of the trail, 2 to 9");
    }

    @Test
    void whatIsLeftIsLoudAndWhatIsMissingIsSaid() throws IOException {
        assertThat(page(new AuditEvent.JobEnded(JOB, "release", "lost", "the daemon died")))
                .contains("destroyed   nothing says so")
                .contains("secrets     none");
        assertThat(
                        page(
                                new AuditEvent.JobDestroyed(
                                        JOB,
                                        false,
                                        List.of(
                                                new AuditEvent.Part(
                                                        "volume", "v-1", false, "busy")))))
                .contains("NOT EVERYTHING IS GONE")
                .contains("LEFT  volume v-1: busy");
    }

    @Test
    void nothingOfAJobMovesTheCursor() throws IOException {
        assertThat(
                        page(
                                new AuditEvent.JobEnded(
                                        JOB, "release", "faulted", "a\u001b[2Jb\nend  forged")))
                .contains("faulted: a?[2Jb?end  forged");
    }

    private String page(AuditEvent... events) throws IOException {
        Path own = root.resolve("trail-" + events.length + "-" + System.nanoTime());
        TrailFiles files = new TrailFiles(java.nio.file.Files.createDirectory(own), 1 << 20, 100);
        try (ChainedTrail trail = files.open()) {
            trail.record(TrailFiles.approved(1)); // about another job
            for (AuditEvent event : events) {
                trail.record(event);
            }
        }
        List<AuditLine> lines = new ArrayList<>();
        new TrailReader(files.settings.directory())
                .read(JOB, _ -> true, (_, line) -> lines.add(line));
        return JobPage.of(lines);
    }

    private static String withoutTimes(String line) {
        return line.replaceAll("\\d{4}-\\d\\d-\\d\\dT[0-9:.]+Z", "TIME");
    }
}
