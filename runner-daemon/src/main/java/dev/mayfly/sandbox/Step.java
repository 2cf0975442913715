package dev.mayfly.sandbox;

import java.io.InputStream;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * One command of a job, with all it is given. Delivered over the attached stream, so none of it is
 * ever part of a container's configuration.
 *
 * @param name for messages: {@code checkout}, {@code script}, {@code after_script}
 * @param place the container it runs in
 * @param program what is run
 * @param environment added to the image's environment
 * @param files written before the program starts
 * @param stdin fed to the program, or null for an empty one
 */
public record Step(
        String name,
        Place place,
        Program program,
        Map<String, String> environment,
        List<DeliveredFile> files,
        @Nullable Supplier<InputStream> stdin) {

    public Step {
        environment = Map.copyOf(environment);
        files = List.copyOf(files);
    }

    /** Leaves the environment and the files out: they hold secrets. */
    @Override
    public String toString() {
        return "Step[name=" + name + ", place=" + place + "]";
    }

    /** The containers of a sandbox that run steps. */
    public enum Place {
        HELPER,
        JOB
    }

    /** What a step runs. */
    public sealed interface Program {

        /**
         * Lines for the best shell of the image: bash, else sh. Ends at the first line that fails.
         *
         * @param lines at least one
         */
        record Shell(List<String> lines) implements Program {
            public Shell {
                lines = List.copyOf(lines);
            }
        }

        /**
         * A program with its arguments, found through PATH.
         *
         * @param arguments the program first
         */
        record Command(List<String> arguments) implements Program {
            public Command {
                arguments = List.copyOf(arguments);
            }
        }
    }
}
