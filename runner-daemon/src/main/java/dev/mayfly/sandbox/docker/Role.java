package dev.mayfly.sandbox.docker;

import dev.mayfly.job.JobId;
import java.util.Locale;
import java.util.stream.Stream;

/** The parts of a job's environment. */
enum Role {
    JOB,
    HELPER,
    /** The helper that reads the workspace when the job has ended. */
    READER,
    SERVICE,
    /** Measures what the others hold on the disk. */
    GAUGE,
    /** Looks for what is open in them and has no name any more. */
    INSPECTOR,
    /** The way out for the others, where a network has none. */
    RELAY,
    /** Network of job and services. */
    NETWORK,
    /** Network of the helper while it fetches sources. */
    CHECKOUT,
    WORKSPACE,
    /** The volume that carries the agent into other images, and the container that fills it. */
    AGENT;

    String label() {
        return name().toLowerCase(Locale.ROOT);
    }

    /** The name of this part; the same in every life, so that it can be found without memory. */
    String nameFor(JobId job) {
        return "mayfly-" + job + "-" + label();
    }

    /** Whether a part of this job would have that name. */
    static boolean isName(JobId job, String name) {
        return Stream.of(values())
                .map(role -> role.nameFor(job))
                .anyMatch(part -> name.equals(part) || name.startsWith(part + "-"));
    }

    /**
     * The name of one of several parts.
     *
     * @param index from 0
     */
    String nameFor(JobId job, int index) {
        return nameFor(job) + "-" + index;
    }
}
