package dev.mayfly.secrets;

import dev.mayfly.job.HandedValue;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt;
import java.util.List;
import java.util.function.Consumer;

/** The secrets of one job and the means to end them. */
public interface SecretLease {

    /** In the order in which they were wanted. */
    List<Secret> secrets();

    /**
     * Confidential values that stand in the secrets among other text and must be masked by
     * themselves too, named after secret and field.
     */
    default List<HandedValue> parts() {
        return List.of();
    }

    /** What was fetched beside them and must be masked too, though the job does not get it. */
    default List<HandedValue> hidden() {
        return List.of();
    }

    /** What the job's log says of where the secrets are from; one line each, without a value. */
    default List<String> notices() {
        return List.of();
    }

    /**
     * Who is told, from now on and on another thread, what becomes of the secrets while the job
     * runs: one line each, without a value. Must not block.
     */
    default void tell(Consumer<String> news) {}

    /** What must be gone after {@link #revoke()}; empty when the provider has nothing to revoke. */
    List<OwnedResource> owned();

    /** Ends everything and asks the provider whether it is gone. Can be repeated; never throws. */
    List<Receipt.Disposal> revoke() throws InterruptedException;
}
