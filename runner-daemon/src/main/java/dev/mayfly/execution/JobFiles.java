package dev.mayfly.execution;

import dev.mayfly.artifacts.CacheScope;
import dev.mayfly.job.Artifact;
import dev.mayfly.job.CacheUse;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.Transfers;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.source.Claim;
import dev.mayfly.source.Exchange;
import java.util.List;

/**
 * The files that a job is brought before its script and that are kept after it. For use by the
 * job's thread.
 */
final class JobFiles {

    private final Stages stages;
    private final Claim claim;
    private final JobPlan plan;
    private final JobLog log;
    private final Exchange exchange;
    private final Deadline deadline;

    JobFiles(
            Stages stages,
            Claim claim,
            JobPlan plan,
            JobLog log,
            Exchange exchange,
            Deadline deadline) {
        this.stages = stages;
        this.claim = claim;
        this.plan = plan;
        this.log = log;
        this.exchange = exchange;
        this.deadline = deadline;
    }

    /** Whether something is brought. */
    boolean bring() {
        return exchange.transfers().bring();
    }

    /** How often a provider of secrets is asked that fails. */
    int secretAttempts() {
        return exchange.transfers().attempts().secrets();
    }

    /**
     * Brings caches and the artifacts of earlier jobs.
     *
     * @throws FaultException {@code ARTIFACTS} naming the job whose artifacts cannot be had
     */
    void bring(Sandbox sandbox) throws InterruptedException {
        Transfers transfers = exchange.transfers();
        Bringing bringing =
                new Bringing(
                        log,
                        exchange,
                        sandbox,
                        stages.storage(),
                        claim.job(),
                        claim.cancellation());
        if (transfers.caches().stream().anyMatch(cache -> cache.direction().pulls())) {
            log.begin("restore_cache");
            bringing.caches(transfers.caches(), scope(), transfers.attempts().caches());
        }
        if (!transfers.dependencies().isEmpty()) {
            log.begin("download_artifacts");
            bringing.dependencies(transfers.dependencies());
        }
    }

    /**
     * Keeps what is to be kept of a job that has passed, or has not. How the script ended counts
     * for more than what becomes of its files: these can fail only a job that has passed.
     *
     * @throws FaultException {@code ARTIFACTS} when artifacts of a job that has passed are not kept
     * @throws InterruptedException when there was no time left for those of a job that has passed
     */
    void keep(Sandbox sandbox, boolean passed) throws InterruptedException {
        List<CacheUse> caches = exchange.transfers().cachesAfter(passed);
        List<Artifact> artifacts = exchange.transfers().artifactsAfter(passed);
        if ((caches.isEmpty() && artifacts.isEmpty()) || deadline.passed()) {
            return;
        }
        try (var _ = new Afterwards(claim.cancellation(), deadline)) {
            sandbox.seal();
            Keeping keeping =
                    new Keeping(
                            log,
                            exchange,
                            stages.storage(),
                            scope(),
                            new Keeping.Workspace(sandbox, plan.directory()),
                            deadline);
            if (!caches.isEmpty()) {
                log.begin(passed ? "archive_cache" : "archive_cache_on_failure");
                keeping.save(caches);
            }
            if (!artifacts.isEmpty()) {
                log.begin(passed ? "upload_artifacts_on_success" : "upload_artifacts_on_failure");
                keeping.send(artifacts);
            }
        } catch (FaultException e) {
            requireFailed(passed, String.valueOf(e.getMessage()), e);
        } catch (InterruptedException e) {
            requireFailed(passed, "there was no time left", e);
        }
    }

    private <E extends Exception> void requireFailed(boolean passed, String why, E failure)
            throws E, InterruptedException {
        if (passed) {
            throw failure;
        }
        log.notice("not all files of the job were kept: " + why);
    }

    private CacheScope scope() {
        return new CacheScope(plan.terms().pool(), claim.source(), exchange.transfers().project());
    }
}
