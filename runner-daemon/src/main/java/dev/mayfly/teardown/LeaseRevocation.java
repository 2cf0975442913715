package dev.mayfly.teardown;

import dev.mayfly.job.JobId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt;
import java.util.List;

/** Ends leases by name: those of a job whose own means to end them died with its process. */
@FunctionalInterface
public interface LeaseRevocation {

    /**
     * Ends leases and asks their provider whether they are gone. Can be repeated.
     *
     * @param leases what the journal knows, all of kind LEASE; never empty
     * @return one entry for each
     */
    List<Receipt.Disposal> revoke(JobId job, List<OwnedResource> leases)
            throws InterruptedException;

    /**
     * For providers that lease nothing: should there be a lease after all, it is not lost sight of.
     */
    LeaseRevocation NONE =
            (_, leases) ->
                    leases.stream()
                            .map(lease ->
                                    new Receipt.Disposal(
                                            lease,
                                            false,
                                            "no secrets provider of this configuration can"
                                                    + " revoke it"))
                            .toList();
}
