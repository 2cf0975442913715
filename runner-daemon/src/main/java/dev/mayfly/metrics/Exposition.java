package dev.mayfly.metrics;

import io.micrometer.core.instrument.Clock;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.prometheus.metrics.model.registry.PrometheusRegistry;
import java.util.Properties;
import org.jspecify.annotations.Nullable;

/** Everything that is counted, as Prometheus reads it. Safe for use by many threads. */
public final class Exposition implements AutoCloseable {

    private static final String OPEN_METRICS = "application/openmetrics-text";
    private static final String OPEN_METRICS_TYPE = OPEN_METRICS + "; version=1.0.0; charset=utf-8";
    private static final String TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8";

    private final PrometheusMeterRegistry registry =
            new PrometheusMeterRegistry(
                    new BucketExemplars(),
                    new PrometheusRegistry(),
                    Clock.SYSTEM,
                    new JobExemplars());

    /**
     * Exemplars where OpenMetrics has them: beside buckets and counters. A Prometheus that finds
     * one beside the count of a histogram takes nothing of the whole scrape.
     */
    private static final class BucketExemplars implements PrometheusConfig {

        @Override
        public @Nullable String get(String key) {
            return null;
        }

        @Override
        public Properties prometheusProperties() {
            Properties properties = new Properties();
            properties.setProperty(
                    "io.prometheus.exporter.exemplarsOnAllMetricTypes", Boolean.toString(false));
            return properties;
        }
    }

    /** Where what is counted is registered. */
    public MeterRegistry registry() {
        return registry;
    }

    /**
     * What is counted, at this moment.
     *
     * @param contentType of the text
     */
    public record Scrape(String contentType, String text) {}

    /**
     * Answers a scrape: in OpenMetrics' format, which has exemplars, for who asks for it, else in
     * Prometheus' own.
     *
     * @param accept value of the request's header, or empty
     */
    public Scrape scrape(String accept) {
        String type = accept.contains(OPEN_METRICS) ? OPEN_METRICS_TYPE : TEXT_TYPE;
        return new Scrape(type, registry.scrape(type));
    }

    @Override
    public void close() {
        registry.close();
    }
}
