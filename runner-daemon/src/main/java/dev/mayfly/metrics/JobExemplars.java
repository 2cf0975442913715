package dev.mayfly.metrics;

import dev.mayfly.job.JobId;
import io.prometheus.metrics.tracer.common.SpanContext;
import org.jspecify.annotations.Nullable;

/**
 * Which job a measurement is of, for those who ask in OpenMetrics' format: an example beside the
 * number, where a label would make a series for each job.
 */
final class JobExemplars implements SpanContext {

    private static final ScopedValue<Origin> ORIGIN = ScopedValue.newInstance();

    private record Origin(JobId job, String part) {}

    /**
     * Measures something of a job.
     *
     * @param part of the job's way, in one word
     */
    static void about(JobId job, String part, Runnable measurement) {
        ScopedValue.where(ORIGIN, new Origin(job, part)).run(measurement);
    }

    @Override
    public @Nullable String getCurrentTraceId() {
        return ORIGIN.isBound() ? ORIGIN.get().job().value() : null;
    }

    @Override
    public @Nullable String getCurrentSpanId() {
        return ORIGIN.isBound() ? ORIGIN.get().part() : null;
    }

    @Override
    public boolean isCurrentSpanSampled() {
        return ORIGIN.isBound();
    }

    @Override
    public void markCurrentSpanAsExemplar() {}
}
