package dev.mayfly.job;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The commands of a job.
 *
 * @param setup lines run by a shell of their own before the script, in the same container and
 *     without anything that nobody else may see: to install what others have written. Empty for
 *     none
 * @param script lines run by one shell, in order, ending at the first that fails; never empty
 * @param further run by a shell each when the script has passed, in order, up to the first that
 *     fails; they share its limit and count as it does
 * @param afterScript lines run by another shell afterwards, whatever became of the others
 * @param limits how long they may take
 * @param afterScriptCounts whether a failure of the last fails a job that passed until then
 */
public record Steps(
        List<String> setup,
        List<String> script,
        List<Further> further,
        List<String> afterScript,
        Limits limits,
        boolean afterScriptCounts) {

    /**
     * Among the lines of a script, it ends the setup. To a shell of another runner it says nothing.
     */
    public static final String SETUP_END = ": end of setup";

    private static final String NOTHING = ":";

    public Steps {
        setup = List.copyOf(setup);
        script = List.copyOf(script);
        further = List.copyOf(further);
        afterScript = List.copyOf(afterScript);
        if (script.isEmpty()) {
            throw new IllegalArgumentException("a job needs at least one script line");
        }
    }

    /** Commands without a setup and further ones. */
    public Steps(
            List<String> script,
            List<String> afterScript,
            Limits limits,
            boolean afterScriptCounts) {
        this(List.of(), script, List.of(), afterScript, limits, afterScriptCounts);
    }

    /** Commands of which the script alone has a limit, and alone counts. */
    public Steps(List<String> script, List<String> afterScript, @Nullable Duration timeout) {
        this(script, afterScript, new Limits(timeout, null, null), false);
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

    /** The same, and of the script what stands before the line {@link #SETUP_END} is the setup. */
    public Steps withSetupApart() {
        int end = script.stream().map(String::strip).toList().indexOf(SETUP_END);
        if (end < 0) {
            return this;
        }
        List<String> rest = script.subList(end + 1, script.size());
        return new Steps(
                script.subList(0, end),
                rest.isEmpty() ? List.of(NOTHING) : rest,
                further,
                afterScript,
                limits,
                afterScriptCounts);
    }

    /** The same with a line before the others, in the setup's shell and in the script's. */
    public Steps beginningWith(String line) {
        return new Steps(
                setup.isEmpty() ? setup : prepended(line, setup),
                prepended(line, script),
                further,
                afterScript,
                limits,
                afterScriptCounts);
    }

    private static List<String> prepended(String line, List<String> lines) {
        List<String> all = new ArrayList<>(lines);
        all.addFirst(line);
        return all;
    }

    /** The limit of setup and script together, or null for the pool's. */
    public @Nullable Duration timeout() {
        return limits.script();
    }

    /**
     * How long commands may take.
     *
     * @param script from the first command, the setup's if there is one; or null for the pool's
     * @param afterScript from its first command, or null for the usual
     * @param job from the moment in which it was taken until its last command, the preparation
     *     included; or null for none. Beyond it nothing is run, not even the after_script
     */
    public record Limits(
            @Nullable Duration script, @Nullable Duration afterScript, @Nullable Duration job) {}
}
