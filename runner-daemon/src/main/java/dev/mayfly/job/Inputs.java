package dev.mayfly.job;

import java.util.List;
import java.util.Map;

/**
 * What a job is given.
 *
 * @param variables plain environment variables; not secret, still never in container configuration
 * @param secrets what to fetch from the secrets provider
 * @param workspace what the source directory holds when the script starts
 */
public record Inputs(
        Map<String, String> variables, List<SecretRequest> secrets, WorkspaceSource workspace) {

    public Inputs {
        variables = Map.copyOf(variables);
        secrets = List.copyOf(secrets);
    }
}
