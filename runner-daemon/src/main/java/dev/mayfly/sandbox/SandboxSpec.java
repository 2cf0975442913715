package dev.mayfly.sandbox;

import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.JobId;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.RegistryLogin;
import dev.mayfly.job.ServiceSpec;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An environment to make, after admission: what the job asked for within what its pool allows.
 *
 * @param job whose it is
 * @param pool the level it belongs to
 * @param image the job container's image
 * @param services containers beside it
 * @param registries logins for its images
 * @param network how far packets of job and services may go
 * @param checkout what fetching the sources needs
 * @param directory where each step begins, absolute and below {@code Places.WORKSPACE}
 * @param limits what it may use
 * @param hardening what the pool demands beyond what every sandbox has
 * @param outlet what decides where to packets go, from outside, or null where they go wherever the
 *     host can reach; without effect on what has no network
 * @param images what is demanded of its images
 */
public record SandboxSpec(
        JobId job,
        PoolName pool,
        ImageSpec image,
        List<ServiceSpec> services,
        List<RegistryLogin> registries,
        NetworkAccess network,
        Checkout checkout,
        String directory,
        SandboxLimits limits,
        Hardening hardening,
        @Nullable Outlet outlet,
        ImageTerms images) {

    public SandboxSpec {
        services = List.copyOf(services);
        registries = List.copyOf(registries);
    }

    /** An environment whose network is not filtered, of whatever images. */
    public SandboxSpec(
            JobId job,
            PoolName pool,
            ImageSpec image,
            List<ServiceSpec> services,
            List<RegistryLogin> registries,
            NetworkAccess network,
            Checkout checkout,
            String directory,
            SandboxLimits limits,
            Hardening hardening) {
        this(
                job,
                pool,
                image,
                services,
                registries,
                network,
                checkout,
                directory,
                limits,
                hardening,
                null,
                ImageTerms.NONE);
    }

    /** What fetching the sources needs. */
    public enum Checkout {
        /** No sources: no helper is started. */
        NOTHING,
        /** Sources arrive through the attached stream: a helper without a network. */
        OFFLINE,
        /**
         * Sources come from a server: a helper with a network of its own, gone before the script.
         */
        ONLINE
    }
}
