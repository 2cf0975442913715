package dev.mayfly.job;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a job asks to run in.
 *
 * @param image the image of the job's container, or null for the pool's default
 * @param services containers beside the job, reachable by their alias
 * @param network how far the job's packets may go
 * @param resources limits below those of the pool
 * @param registries logins that came with the job, for its images
 */
public record JobEnvironment(
        @Nullable ImageSpec image,
        List<ServiceSpec> services,
        NetworkAccess network,
        ResourceRequest resources,
        List<RegistryLogin> registries) {

    public JobEnvironment {
        services = List.copyOf(services);
        registries = List.copyOf(registries);
    }

    /** An environment of images that anybody may pull, or that the engine has. */
    public JobEnvironment(
            @Nullable ImageSpec image,
            List<ServiceSpec> services,
            NetworkAccess network,
            ResourceRequest resources) {
        this(image, services, network, resources, List.of());
    }
}
