package dev.mayfly.metrics;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.PoolName;
import java.time.Duration;
import org.junit.jupiter.api.Test;

class ExpositionTest {

    /** As Prometheus 3 sends it. */
    private static final String OPEN_METRICS =
            "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.5,"
                    + "text/plain;version=0.0.4;q=0.2,*/*;q=0.1";

    private static final PoolName POOL = new PoolName("trusted");
    private static final JobId JOB = new JobId("j-0198c1d2");

    private final Exposition exposition = new Exposition();
    private final JobMetrics metrics = new JobMetrics(exposition.registry());

    @Test
    void openMetricsNamesAJobBesideAMeasurement() {
        metrics.phase(JOB, POOL, JobPhase.RUNNING, Duration.ofSeconds(20));
        metrics.jobFinished(JOB, POOL, "local", new Outcome.Passed());

        Exposition.Scrape scrape = exposition.scrape(OPEN_METRICS);

        assertThat(scrape.contentType()).startsWith("application/openmetrics-text; version=1.0.0");
        assertThat(scrape.text()).endsWith("# EOF\n");
        assertThat(scrape.text().lines())
                .anySatisfy(line ->
                        assertThat(line)
                                .startsWith("mayfly_job_phase_seconds_bucket{")
                                .contains("le=\"60.0\"} 1 # {")
                                .contains("trace_id=\"j-0198c1d2\"")
                                .contains("span_id=\"running\"")
                                .contains("} 20.0 "))
                .anySatisfy(line ->
                        assertThat(line)
                                .startsWith("mayfly_jobs_finished_total{")
                                .contains("span_id=\"passed\""));
    }

    /** One beside a count makes Prometheus refuse the scrape. */
    @Test
    void onlyBucketsAndCountersHaveExamples() {
        metrics.phase(JOB, POOL, JobPhase.RUNNING, Duration.ofSeconds(20));
        metrics.jobFinished(JOB, POOL, "local", new Outcome.Passed());

        assertThat(exposition.scrape(OPEN_METRICS).text().lines())
                .filteredOn(line -> line.contains("# {"))
                .hasSize(2)
                .allMatch(line -> line.matches("\\w+_(bucket|total)\\{.*"));
    }

    @Test
    void textHasNoExamples() {
        metrics.phase(JOB, POOL, JobPhase.RUNNING, Duration.ofSeconds(20));

        Exposition.Scrape scrape = exposition.scrape("text/plain;version=0.0.4");

        assertThat(scrape.contentType()).startsWith("text/plain; version=0.0.4");
        assertThat(scrape.text()).doesNotContain("j-0198c1d2");
    }

    @Test
    void whatIsMeasuredOfNoJobHasNoExample() {
        new HostMetrics(exposition.registry())
                .engineCall("engine", "creating", Duration.ofMillis(20), true);

        assertThat(exposition.scrape(OPEN_METRICS).text()).doesNotContain("# {");
    }
}
