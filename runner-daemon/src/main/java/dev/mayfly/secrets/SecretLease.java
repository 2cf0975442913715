package dev.mayfly.secrets;

import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt;
import java.util.List;

/** The secrets of one job and the means to end them. */
public interface SecretLease {

    /** In the order in which they were wanted. */
    List<Secret> secrets();

    /** What must be gone after {@link #revoke()}; empty when the provider has nothing to revoke. */
    List<OwnedResource> owned();

    /** Ends everything and asks the provider whether it is gone. Can be repeated; never throws. */
    List<Receipt.Disposal> revoke() throws InterruptedException;
}
