package dev.mayfly.job;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The commands of a job.
 *
 * @param script lines run by one shell, in order, ending at the first that fails; never empty
 * @param afterScript lines run by a second shell afterwards, whatever became of the first
 * @param limits how long they may take
 * @param afterScriptCounts whether a failure of the second fails a job whose script passed
 */
public record Steps(
        List<String> script, List<String> afterScript, Limits limits, boolean afterScriptCounts) {

    public Steps {
        script = List.copyOf(script);
        afterScript = List.copyOf(afterScript);
        if (script.isEmpty()) {
            throw new IllegalArgumentException("a job needs at least one script line");
        }
    }

    /** Commands of which the script alone has a limit, and alone counts. */
    public Steps(List<String> script, List<String> afterScript, @Nullable Duration timeout) {
        this(script, afterScript, new Limits(timeout, null, null), false);
    }

    /** The limit of the script, or null for the pool's. */
    public @Nullable Duration timeout() {
        return limits.script();
    }

    /**
     * How long commands may take.
     *
     * @param script from its first command, or null for the pool's
     * @param afterScript from its first command, or null for the usual
     * @param job from the moment in which it was taken until its last command, the preparation
     *     included; or null for none. Beyond it nothing is run, not even the after_script
     */
    public record Limits(
            @Nullable Duration script, @Nullable Duration afterScript, @Nullable Duration job) {}
}
