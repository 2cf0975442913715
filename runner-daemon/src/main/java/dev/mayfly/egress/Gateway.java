package dev.mayfly.egress;

import dev.mayfly.job.JobId;
import dev.mayfly.job.PoolName;
import org.jspecify.annotations.Nullable;

/** Opens the ways out of jobs. Safe for use by many threads. */
public final class Gateway implements AutoCloseable {

    private final Resolver resolver;
    private final @Nullable NameServer own;
    private final EgressRecords records;
    private final KnownDestinations known;
    private final HostAddresses host = new HostAddresses();

    /**
     * One that resolves names as this host does.
     *
     * @param records where connections are written down
     * @param known where the jobs of each project have been
     */
    public Gateway(EgressRecords records, KnownDestinations known) {
        own = new NameServer();
        resolver = own;
        this.records = records;
        this.known = known;
    }

    /** One that resolves names in another way. */
    public Gateway(Resolver resolver, EgressRecords records, KnownDestinations known) {
        own = null;
        this.resolver = resolver;
        this.records = records;
        this.known = known;
    }

    /**
     * Whose connections.
     *
     * @param job its id
     * @param pool it runs in
     * @param project what destinations are remembered for
     */
    public record Traveller(JobId job, PoolName pool, String project) {}

    /** What a way out needs of its job's log. For use by any thread. */
    @FunctionalInterface
    public interface Log {

        /** Takes a line, when something is refused for the first time; never blocks. */
        void soon(String text);

        /** The text as the log would show it, secrets hidden. */
        default String masked(String text) {
            return text;
        }
    }

    /**
     * Opens the way out of one job; its owner closes it.
     *
     * @param sources the server that the job's sources come from by the word of its CI server,
     *     which the checkout reaches whatever the policy says; or null
     * @param log of the job
     */
    public JobOutlet open(
            EgressPolicy policy, Traveller traveller, @Nullable Destination sources, Log log) {
        return new JobOutlet(
                policy,
                traveller,
                sources,
                new Dialer(policy, resolver, host),
                new EgressAccount(traveller, records, known, log));
    }

    @Override
    public void close() {
        if (own != null) {
            own.close();
        }
    }
}
