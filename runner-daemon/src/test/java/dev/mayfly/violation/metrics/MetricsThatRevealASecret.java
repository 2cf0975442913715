package dev.mayfly.violation.metrics;

/** Looks at a value that it must only hand on. */
public final class MetricsThatRevealASecret {

    private MetricsThatRevealASecret() {}

    static int reveal(dev.mayfly.job.SecretValue value) {
        return value.reveal().length;
    }
}
