package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.audit.AuditLine;
import dev.mayfly.audit.JobPage;
import dev.mayfly.audit.TrailReader;
import dev.mayfly.audit.TrailSettings;
import dev.mayfly.audit.Verification;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.Outcome;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What the audit trail of a real daemon says of its jobs. Needs an engine on this host and the
 * agent image.
 */
@Timeout(120)
class AuditIT {

    private static final String VALUE = "a-value-that-nobody-reads-here";

    @TempDir private Path directory;

    private Installation installation;
    private MayflyProcess daemon;
    private Jobs jobs;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        installation = new Installation(directory, 1, "drain_timeout: 30s");
        installation.secret("token", VALUE, "untrusted");
        daemon = MayflyProcess.daemon(installation);
        jobs = installation.jobs();
    }

    @AfterEach
    void stop() throws IOException {
        jobs.close();
        daemon.close();
    }

    @Test
    void aJobsPageIsCompleteAndHoldsNoValue() throws IOException, InterruptedException {
        JobId job =
                jobs.run(
                                "{name: deploy, script: ['echo \"$T\"'], secrets: {T: {ref: token, variable: true}}}")
                        .job()
                        .id();
        daemon.close();

        assertThat(kinds(job))
                .startsWith("job-claimed", "job-decided")
                .contains("image-used")
                .containsSubsequence("job-ended", "job-destroyed");
        assertThat(lines(job))
                .allSatisfy(line -> assertThat(line.text("policy")).matches("[0-9a-f]{64}"));
        String page = JobPage.of(lines(job));
        assertThat(page)
                .contains("decision ")
                .contains("admitted")
                .contains("images      " + Installation.AGENT_IMAGE)
                .contains("passed: the job passed")
                .contains(" read token: ok")
                .contains("everything, and that was checked")
                .contains("gone  container ")
                .doesNotContain(VALUE);
        assertThat(verified().faults()).isEmpty();
        assertThat(all()).extracting(AuditLine::kind).contains("daemon-started", "daemon-stopped");
    }

    @Test
    void afterAKillTheTrailIsWholeAndTellsWhatBecameOfTheJob()
            throws IOException, InterruptedException {
        JobId job = jobs.submit("{script: [sleep 600]}");
        jobs.until(job, "running", one -> one.state().phase() == JobPhase.RUNNING);
        daemon.kill();
        daemon = MayflyProcess.daemon(installation);
        assertThat(jobs.ended(job).outcome()).isEqualTo(new Outcome.Lost());
        JobId next = jobs.run("{script: [echo]}").job().id();
        daemon.close();

        assertThat(verified().faults()).isEmpty();
        assertThat(kinds(job)).contains("job-claimed", "job-destroyed").doesNotContain("job-ended");
        assertThat(JobPage.of(lines(job))).contains("its daemon was killed");
        assertThat(kinds(next)).contains("job-ended", "job-destroyed");
        assertThat(lines(next).getFirst().text("life"))
                .isNotEqualTo(lines(job).getFirst().text("life"));
    }

    private TrailSettings settings() {
        return AuditParts.of(installation.settings());
    }

    private Verification verified() throws IOException {
        return Verification.of(settings().directory(), settings().publicKey(), null);
    }

    private List<AuditLine> all() throws IOException {
        List<AuditLine> lines = new ArrayList<>();
        new TrailReader(settings().directory()).read(null, _ -> true, (_, line) -> lines.add(line));
        return lines;
    }

    private List<AuditLine> lines(JobId job) throws IOException {
        return all().stream().filter(line -> line.text("job").equals(job.value())).toList();
    }

    private List<String> kinds(JobId job) throws IOException {
        return lines(job).stream().map(AuditLine::kind).toList();
    }
}
