package dev.mayfly.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What jobs, projects and secrets are called, and how many there are, makes no series. */
class CardinalityTest {

    private static final PoolName POOL = new PoolName("trusted");

    private final Exposition exposition = new Exposition();
    private final JobMetrics jobs = new JobMetrics(exposition.registry());
    private final HostMetrics host = new HostMetrics(exposition.registry());

    @Test
    void thousandProjectsWithASecretEachAddNoMoreThanTheBound() {
        jobOf(0);
        long ofOne = series();
        for (int project = 1; project < 1000; project++) {
            jobOf(project);
        }

        assertThat(series()).isEqualTo(ofOne + JobMetrics.MOST_SECRETS);
        assertThat(exposition.scrape("").text())
                .contains("secret=\"project-0/deploy\"")
                .contains("secret=\"" + JobMetrics.OTHER + "\",variant=\"exact\"} 800.0")
                .doesNotContain("project-999");
    }

    @Test
    void exemplarsNameTheLastJobsOnly() {
        for (int project = 0; project < 1000; project++) {
            jobOf(project);
        }
        String text = exposition.scrape("application/openmetrics-text").text();

        assertThat(text.lines().filter(line -> line.contains("# {")))
                .isNotEmpty()
                .hasSizeLessThan(150);
    }

    @Test
    void operationsOfTheEngineAreBounded() {
        for (int i = 0; i < 1000; i++) {
            host.engineCall("engine", "verb-" + i, Duration.ZERO, true);
        }

        assertThat(
                        exposition
                                .scrape("")
                                .text()
                                .lines()
                                .filter(line ->
                                        line.startsWith("mayfly_engine_call_seconds_count{")))
                .hasSize(2 * (HostMetrics.MOST_OPERATIONS + 1));
    }

    /** Everything that is counted of a job. */
    private void jobOf(int project) {
        JobId job = new JobId("j-" + project);
        jobs.decided("gitlab", "admitted");
        jobs.ruleApplied("no-latest", "allow", true);
        jobs.jobClaimed(POOL, "gitlab");
        jobs.waited(job, POOL, "gitlab", Duration.ofSeconds(project));
        for (JobPhase phase : JobPhase.values()) {
            jobs.phase(job, POOL, phase, Duration.ofSeconds(project));
        }
        jobs.secretsFetched(POOL, 1);
        jobs.masked(POOL, JobMetrics.Channel.LOG, "project-" + project + "/deploy", "exact", 1);
        jobs.connection(POOL, "allowed", 1, 1, true);
        jobs.log(POOL, new JobMetrics.LogBytes(1, 1, 0, 0));
        jobs.imageAge(POOL, Duration.ofDays(project));
        jobs.withheld(POOL, JobMetrics.Files.CACHE);
        jobs.jobFinished(job, POOL, "gitlab", new Outcome.Denied("project-" + project));
        jobs.teardown(
                POOL,
                Duration.ofSeconds(1),
                new Receipt(job, new LifeId("life-1"), Instant.EPOCH, List.of()));
        host.engineCall("engine", "creating", Duration.ofMillis(project), true);
    }

    private long series() {
        return exposition.scrape("").text().lines().filter(line -> !line.startsWith("#")).count();
    }
}
