package dev.mayfly.pipeline;

import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.SecretRequest;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * What whoever runs a job decides, not the pipeline.
 *
 * @param pool to run in
 * @param network that pool's
 * @param variables in the place of those that a project has at the server
 * @param secrets from Mayfly's own, by the names of variables
 * @param host where it runs
 */
public record LocalRun(
        PoolName pool,
        NetworkAccess network,
        Map<String, String> variables,
        List<SecretRequest> secrets,
        Host host) {

    public LocalRun {
        variables = Map.copyOf(new LinkedHashMap<>(variables));
        secrets = List.copyOf(secrets);
    }

    /**
     * What runs the job.
     *
     * @param architecture in Go's spelling, such as {@code amd64}
     * @param version of Mayfly
     */
    public record Host(String architecture, String version) {}
}
