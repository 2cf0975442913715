package dev.mayfly.job;

import java.util.List;
import java.util.Map;

/**
 * A container beside the job, such as a database.
 *
 * @param image reference of the image; its own ENTRYPOINT and user are used
 * @param alias host name under which the job reaches it
 * @param command arguments instead of the image's CMD; empty for the image's
 * @param variables its environment
 */
public record ServiceSpec(
        String image, String alias, List<String> command, Map<String, String> variables) {

    public ServiceSpec {
        command = List.copyOf(command);
        variables = Map.copyOf(variables);
    }

    /** Leaves the variables out: they may hold passwords. */
    @Override
    public String toString() {
        return "ServiceSpec[image=" + image + ", alias=" + alias + "]";
    }
}
