package dev.mayfly.job;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The commands of a job.
 *
 * @param script lines run by one shell, in order, ending at the first that fails; never empty
 * @param afterScript lines run by a second shell afterwards, whatever became of the first; its exit
 *     code does not change the outcome
 * @param timeout limit of the script from the first command, or null for the pool's
 */
public record Steps(List<String> script, List<String> afterScript, @Nullable Duration timeout) {

    public Steps {
        script = List.copyOf(script);
        afterScript = List.copyOf(afterScript);
        if (script.isEmpty()) {
            throw new IllegalArgumentException("a job needs at least one script line");
        }
    }
}
