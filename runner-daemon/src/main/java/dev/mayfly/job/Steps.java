package dev.mayfly.job;

import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The commands of a job.
 *
 * @param script lines run by one shell, in order, ending at the first that fails; never empty
 * @param further run by a shell each when the script has passed, in order, up to the first that
 *     fails; they share its limit and count as it does
 * @param afterScript lines run by another shell afterwards, whatever became of the others
 * @param limits how long they may take
 * @param afterScriptCounts whether a failure of the last fails a job that passed until then
 */
public record Steps(
        List<String> script,
        List<Further> further,
        List<String> afterScript,
        Limits limits,
        boolean afterScriptCounts) {

    public Steps {
        script = List.copyOf(script);
        further = List.copyOf(further);
        afterScript = List.copyOf(afterScript);
        if (script.isEmpty()) {
            throw new IllegalArgumentException("a job needs at least one script line");
        }
    }

    /** Commands without further ones. */
    public Steps(
            List<String> script,
            List<String> afterScript,
            Limits limits,
            boolean afterScriptCounts) {
        this(script, List.of(), afterScript, limits, afterScriptCounts);
    }

    /** Commands of which the script alone has a limit, and alone counts. */
    public Steps(List<String> script, List<String> afterScript, @Nullable Duration timeout) {
        this(script, List.of(), afterScript, new Limits(timeout, null, null), false);
    }

    /**
     * Commands that the source of a job adds to those of its author.
     *
     * @param name one word, as the source calls them
     * @param lines run by one shell, in order, ending at the first that fails; never empty
     */
    public record Further(String name, List<String> lines) {

        public Further {
            lines = List.copyOf(lines);
            if (lines.isEmpty()) {
                throw new IllegalArgumentException("step " + name + " has no line");
            }
        }
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
