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
 */
public record JobEnvironment(
        @Nullable ImageSpec image,
        List<ServiceSpec> services,
        NetworkAccess network,
        ResourceRequest resources) {

    public JobEnvironment {
        services = List.copyOf(services);
    }
}
