package dev.mayfly.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.Fault;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

class JobMetricsTest {

    private static final PoolName POOL = new PoolName("trusted");
    private static final JobId JOB = new JobId("j-1");

    private final PrometheusMeterRegistry registry =
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
    private final JobMetrics metrics = new JobMetrics(registry);

    @Test
    void finishedJobsAreCountedByOutcome() {
        metrics.jobFinished(JOB, POOL, "local", new Outcome.Passed());
        metrics.jobFinished(JOB, POOL, "local", new Outcome.Passed());
        metrics.jobFinished(JOB, POOL, "local", new Outcome.OutOfMemory(1));

        scraped(
                "mayfly_jobs_finished_total{fault=\"none\",outcome=\"passed\",pool=\"trusted\","
                        + "source=\"local\"} 2.0");
        scraped(
                "mayfly_jobs_finished_total{fault=\"none\",outcome=\"out-of-memory\","
                        + "pool=\"trusted\",source=\"local\"} 1.0");
    }

    @Test
    void faultsAreCountedByKindWithoutTheirText() {
        metrics.jobFinished(JOB, POOL, "local", new Outcome.Faulted(Fault.IMAGE, "canary-detail"));
        metrics.jobFinished(JOB, POOL, "local", new Outcome.Denied("canary-reason"));
        metrics.jobFinished(JOB, POOL, "local", new Outcome.Cancelled("canary-reason"));

        scraped(
                "mayfly_jobs_finished_total{fault=\"image\",outcome=\"faulted\",pool=\"trusted\","
                        + "source=\"local\"} 1.0");
        assertThat(registry.scrape()).doesNotContain("canary");
    }

    @Test
    void phasesAreMeasuredInSeconds() {
        metrics.phase(JOB, POOL, JobPhase.RUNNING, Duration.ofMillis(1500));
        metrics.phase(JOB, POOL, JobPhase.RUNNING, Duration.ofSeconds(10));

        scraped("mayfly_job_phase_seconds_sum{phase=\"running\",pool=\"trusted\"} 11.5");
        scraped("mayfly_job_phase_seconds_bucket{phase=\"running\",pool=\"trusted\",le=\"5.0\"} 1");
        scraped(
                "mayfly_job_phase_seconds_bucket{phase=\"running\",pool=\"trusted\",le=\"15.0\"}"
                        + " 2");
    }

    @Test
    void slotsAreAskedAtEachScrape() {
        var used = new AtomicInteger(1);
        metrics.watch(POOL, () -> 4 - used.get(), used::get, () -> 0);
        scraped("mayfly_slots{pool=\"trusted\",state=\"free\"} 3.0");

        used.set(3);

        System.gc(); // a gauge that held its supplier weakly would answer NaN
        scraped("mayfly_slots{pool=\"trusted\",state=\"free\"} 1.0");
        scraped("mayfly_slots{pool=\"trusted\",state=\"used\"} 3.0");
        scraped("mayfly_slots{pool=\"trusted\",state=\"quarantined\"} 0.0");
    }

    @Test
    void logsOfAllJobsAddUp() {
        metrics.log(POOL, new JobMetrics.LogBytes(1000, 900, 0, 2));
        metrics.log(POOL, new JobMetrics.LogBytes(500, 400, 100, 0));

        scraped("mayfly_log_received_bytes_total{pool=\"trusted\"} 1500.0");
        scraped("mayfly_log_delivered_bytes_total{pool=\"trusted\"} 1300.0");
        scraped("mayfly_log_dropped_bytes_total{pool=\"trusted\"} 100.0");
        scraped("mayfly_log_undelivered_bytes_total{pool=\"trusted\"} 2.0");
    }

    @Test
    void maskedSecretsAreCountedByNameAndForm() {
        metrics.masked(POOL, JobMetrics.Channel.LOG, "deploy/token", "exact", 2);
        metrics.masked(POOL, JobMetrics.Channel.LOG, "deploy/token", "base64", 1);
        metrics.masked(POOL, JobMetrics.Channel.LOG, "deploy/token", "exact", 3);

        scraped("mayfly_masked_total{channel=\"log\",pool=\"trusted\"} 6.0");
        scraped(
                "mayfly_secret_hits_total{channel=\"log\",pool=\"trusted\",secret=\"deploy/token\","
                        + "variant=\"exact\"} 5.0");
        scraped(
                "mayfly_secret_hits_total{channel=\"log\",pool=\"trusted\",secret=\"deploy/token\","
                        + "variant=\"base64\"} 1.0");
    }

    @Test
    void namesOfSecretsBeyondTheBoundAreCountedAsOther() {
        for (int i = 0; i < JobMetrics.MOST_SECRETS + 50; i++) {
            metrics.masked(POOL, JobMetrics.Channel.LOG, "s" + i, "exact", 1);
        }
        metrics.masked(POOL, JobMetrics.Channel.LOG, "s0", "exact", 1);

        assertThat(registry.scrape().lines().filter(l -> l.startsWith("mayfly_secret_hits_total{")))
                .hasSize(JobMetrics.MOST_SECRETS + 1);
        scraped(
                "mayfly_secret_hits_total{channel=\"log\",pool=\"trusted\",secret=\"other\","
                        + "variant=\"exact\"} 50.0");
        scraped(
                "mayfly_secret_hits_total{channel=\"log\",pool=\"trusted\",secret=\"s0\","
                        + "variant=\"exact\"} 2.0");
    }

    @Test
    void firstMaskedSecretIsAStepFromZero() {
        metrics.watch(POOL, () -> 1, () -> 0, () -> 0);

        scraped("mayfly_masked_total{channel=\"log\",pool=\"trusted\"} 0.0");
        scraped("mayfly_log_undelivered_bytes_total{pool=\"trusted\"} 0.0");
    }

    @Test
    void teardownThatLeftSomethingIsCountedByKind() {
        metrics.teardown(POOL, Duration.ofMillis(40), receipt(true, true));
        metrics.teardown(POOL, Duration.ofMillis(60), receipt(true, false));

        scraped("mayfly_teardown_seconds_count{clean=\"true\",pool=\"trusted\"} 1");
        scraped("mayfly_teardown_seconds_count{clean=\"false\",pool=\"trusted\"} 1");
        scraped("mayfly_leftovers_total{kind=\"volume\",pool=\"trusted\"} 1.0");
        assertThat(registry.scrape()).doesNotContain("kind=\"container\"").doesNotContain("job-1");
    }

    @Test
    void firstLeftoverIsAStepFromZero() {
        metrics.watch(POOL, () -> 1, () -> 0, () -> 0);

        scraped("mayfly_leftovers_total{kind=\"container\",pool=\"trusted\"} 0.0");
        scraped("mayfly_leftovers_total{kind=\"lease\",pool=\"trusted\"} 0.0");
    }

    @Test
    void agesOfImagesAreToldApartByMonthsAndYears() {
        metrics.imageAge(POOL, Duration.ofDays(20));
        metrics.imageAge(POOL, Duration.ofDays(1000));

        scraped("mayfly_image_age_seconds_bucket{pool=\"trusted\",le=\"604800.0\"} 0");
        scraped("mayfly_image_age_seconds_bucket{pool=\"trusted\",le=\"2592000.0\"} 1");
        scraped("mayfly_image_age_seconds_bucket{pool=\"trusted\",le=\"6.3072E7\"} 1");
        scraped("mayfly_image_age_seconds_count{pool=\"trusted\"} 2");
    }

    @Test
    void sweepsCountTheJobsTheyFound() {
        metrics.sweep(0, 0);
        metrics.sweep(3, 1);

        scraped("mayfly_sweeps_total 2.0");
        scraped("mayfly_swept_jobs_total{clean=\"true\"} 2.0");
        scraped("mayfly_swept_jobs_total{clean=\"false\"} 1.0");
    }

    @Test
    void firstFailureOfOursIsAStepFromZero() {
        metrics.watchJobs(POOL, "local");

        scraped("mayfly_jobs_claimed_total{pool=\"trusted\",source=\"local\"} 0.0");
        scraped(
                "mayfly_jobs_finished_total{fault=\"engine\",outcome=\"faulted\",pool=\"trusted\","
                        + "source=\"local\"} 0.0");
    }

    @Test
    void secretsAreAliveUntilTheirJobIsOver() {
        metrics.secretsFetched(POOL, 3);
        scraped("mayfly_secrets_alive{pool=\"trusted\"} 3.0");
        metrics.secretsFetched(POOL, 1);
        metrics.secretsEnded(POOL, 3);

        scraped("mayfly_secrets_alive{pool=\"trusted\"} 1.0");
        scraped("mayfly_secrets_fetched_total{pool=\"trusted\"} 4.0");
    }

    @Test
    void poolIsHealthyWhenAllThatItNeedsIs() {
        metrics.watchHealth(POOL, () -> true, () -> false, () -> true);

        scraped("mayfly_pool_healthy{pool=\"trusted\"} 0.0");
        scraped("mayfly_dependency_healthy{dependency=\"engine\",pool=\"trusted\"} 1.0");
        scraped("mayfly_dependency_healthy{dependency=\"secrets\",pool=\"trusted\"} 0.0");
        scraped("mayfly_dependency_healthy{dependency=\"audit\",pool=\"trusted\"} 1.0");
    }

    @Test
    void poolWithoutAnAuditTrailIsNotHealthy() {
        metrics.watchHealth(POOL, () -> true, () -> true, () -> false);

        scraped("mayfly_pool_healthy{pool=\"trusted\"} 0.0");
    }

    @Test
    void eventsThatTheAuditTrailHasLostAddUp() {
        var lost = new AtomicInteger();
        metrics.watchAudit(() -> 3, () -> Duration.ofMillis(1500), lost::get);
        scraped("mayfly_audit_events_lost_total 0.0");

        lost.set(7);

        scraped("mayfly_audit_events_lost_total 7.0");
        scraped("mayfly_audit_events_waiting 3.0");
        scraped("mayfly_audit_lag_seconds 1.5");
    }

    @Test
    void buildSaysWhatRuns() {
        new HostMetrics(registry).build("0.1.0");

        scraped(
                "mayfly_build_info{java=\""
                        + Runtime.version().feature()
                        + "\",version=\"0.1.0\"} 1");
    }

    private void scraped(String sample) {
        assertThat(registry.scrape().lines()).contains(sample);
    }

    private static Receipt receipt(boolean containerGone, boolean volumeGone) {
        return new Receipt(
                new JobId("job-1"),
                new LifeId("life-1"),
                Instant.EPOCH,
                List.of(
                        new Receipt.Disposal(
                                new OwnedResource(OwnedResource.Kind.CONTAINER, "c"),
                                containerGone,
                                "asked"),
                        new Receipt.Disposal(
                                new OwnedResource(OwnedResource.Kind.VOLUME, "v"),
                                volumeGone,
                                "asked")));
    }
}
