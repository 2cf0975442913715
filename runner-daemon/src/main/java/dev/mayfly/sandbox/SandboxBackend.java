package dev.mayfly.sandbox;

import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.UsedImage;
import java.time.Duration;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Makes and destroys the environments of jobs. Safe for use by many threads. Every call is bounded
 * in time; a call that runs into its bound is a fault of kind {@code ENGINE}.
 */
public interface SandboxBackend {

    /**
     * Creates everything a job needs and starts it: afterwards its containers wait for steps and
     * know nothing of the job but its labels.
     *
     * <p>Each resource is journaled before it is created, so a crash in between leaves nothing
     * unknown. On failure nothing is undone here: {@link #destroy} is called in any case.
     *
     * @param notices receives lines for the job's log, such as the image's digest
     * @throws dev.mayfly.job.FaultException {@code IMAGE}, {@code ENGINE} or {@code SERVICE}
     */
    Sandbox create(SandboxSpec spec, Notices notices) throws InterruptedException;

    /**
     * Destroys whatever exists of the job, by its label and by the journal, and looks again
     * afterwards. Can be repeated, also by another process; never throws for what is already gone.
     *
     * @return one entry for each resource found or journaled
     */
    List<Receipt.Disposal> destroy(JobId job) throws InterruptedException;

    /**
     * The jobs of which something exists, made by this daemon's lives.
     *
     * @param living lives whose resources are left out, because their process still runs
     */
    Leftovers abandoned(Set<LifeId> living) throws InterruptedException;

    /** Why no job of a pool can be run now, or empty when one can. */
    Optional<String> unhealthyBecause(PoolName pool) throws InterruptedException;

    /**
     * What a look for the things of dead lives has found.
     *
     * @param jobs of which something exists
     * @param unseen why not everything could be looked at; empty when it was
     */
    record Leftovers(Set<JobId> jobs, List<String> unseen) {
        public Leftovers {
            jobs = Set.copyOf(jobs);
            unseen = List.copyOf(unseen);
        }
    }

    /** Takes lines for the job's log. */
    @FunctionalInterface
    interface Notices {
        void notice(String text) throws InterruptedException;

        /** Takes which bytes a name of an image stands for in this environment. */
        default void uses(UsedImage image) throws InterruptedException {}

        /** Takes how old such an image says that it is. */
        default void aged(Duration age) {}
    }
}
