package dev.mayfly.execution;

import dev.mayfly.egress.EgressPolicy;
import dev.mayfly.job.ImageRules;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.job.RegistryLogins;
import dev.mayfly.logs.Masking;
import dev.mayfly.sandbox.Hardening;
import dev.mayfly.sandbox.SandboxLimits;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What every job of one pool gets, and the ceiling of what it may ask for.
 *
 * @param pool the pool
 * @param image the job container's image where a job names none
 * @param network the farthest a job may ask to reach
 * @param timeout limit of a script, and the ceiling of what a job may ask for
 * @param limits ceiling of what each container may use
 * @param hardening what the pool demands of the sandbox
 * @param logBytes how much of a job's masked output is kept; the rest is dropped with a notice
 * @param masking how secrets are masked in it
 * @param pull when the images of jobs that do not say it are fetched, each tried where the one
 *     before has failed; empty for what the source's users are used to
 * @param registries logins that the jobs' images may be pulled with; no job sees them
 * @param egress where a job that may use the network may connect to, or null for wherever the host
 *     can reach
 * @param images what is demanded of the images that its jobs run in
 */
public record PoolTerms(
        PoolName pool,
        ImageSpec image,
        NetworkAccess network,
        Duration timeout,
        SandboxLimits limits,
        Hardening hardening,
        long logBytes,
        Masking masking,
        List<PullPolicy> pull,
        RegistryLogins registries,
        @Nullable EgressPolicy egress,
        ImageRules images) {

    public PoolTerms {
        pull = List.copyOf(pull);
    }

    /** A pool whose network is not filtered, and that demands nothing of images. */
    public PoolTerms(
            PoolName pool,
            ImageSpec image,
            NetworkAccess network,
            Duration timeout,
            SandboxLimits limits,
            Hardening hardening,
            long logBytes,
            Masking masking,
            List<PullPolicy> pull,
            RegistryLogins registries) {
        this(
                pool,
                image,
                network,
                timeout,
                limits,
                hardening,
                logBytes,
                masking,
                pull,
                registries,
                null,
                ImageRules.NONE);
    }
}
