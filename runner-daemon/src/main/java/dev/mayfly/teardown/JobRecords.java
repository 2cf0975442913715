package dev.mayfly.teardown;

import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.Receipt;
import java.util.Set;
import java.util.function.Supplier;

/** Who else remembers jobs, beside the journal and the engine: the sources. */
public interface JobRecords {

    /**
     * Gives the jobs of dead lives their final state.
     *
     * @param living the lives whose process runs; to be asked after looking for jobs
     * @return jobs of which something may be left
     */
    Set<JobId> recover(Supplier<Set<LifeId>> living);

    /** Learns how a job's environment was destroyed. Called for each attempt; must not throw. */
    void released(Receipt receipt);

    /** Remembers nothing. */
    JobRecords NONE =
            new JobRecords() {
                @Override
                public Set<JobId> recover(Supplier<Set<LifeId>> living) {
                    return Set.of();
                }

                @Override
                public void released(Receipt receipt) {
                    // nobody to tell
                }
            };
}
