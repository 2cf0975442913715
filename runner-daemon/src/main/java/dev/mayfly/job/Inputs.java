package dev.mayfly.job;

import java.util.List;
import java.util.Map;

/**
 * What a job is given.
 *
 * @param variables plain environment variables; not secret, still never in container configuration
 * @param handed values that came with the job and that nobody else may see
 * @param secrets what to fetch from the secrets provider
 * @param workspace what the source directory holds when the script starts
 */
public record Inputs(
        Map<String, String> variables,
        List<HandedValue> handed,
        List<SecretRequest> secrets,
        WorkspaceSource workspace) {

    public Inputs {
        variables = Map.copyOf(variables);
        handed = List.copyOf(handed);
        secrets = List.copyOf(secrets);
    }

    /** Inputs of a job that brings no values along. */
    public Inputs(
            Map<String, String> variables, List<SecretRequest> secrets, WorkspaceSource workspace) {
        this(variables, List.of(), secrets, workspace);
    }

    /** The same with other sources. */
    public Inputs with(WorkspaceSource other) {
        return new Inputs(variables, handed, secrets, other);
    }
}
