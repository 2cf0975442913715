package dev.mayfly.pipeline;

import dev.mayfly.config.ConfigException;
import dev.mayfly.config.Problem;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Where a value is written. It stays the same wherever the value gets to.
 *
 * @param parent the value that holds it, or null for a whole file
 * @param step the last part of its key's path; in a list its index, in brackets
 * @param file as its reader named it
 * @param line counted from 1
 * @param column counted from 1
 */
record Place(@Nullable Place parent, String step, Path file, int line, int column) {

    /** A file as a whole. */
    static Place of(Path file) {
        return new Place(null, "", file, 1, 1);
    }

    Place key(String name, int line, int column) {
        return new Place(this, name, file, line, column);
    }

    Place item(int index, int line, int column) {
        return new Place(this, "[" + index + "]", file, line, column);
    }

    /** The key's path, such as {@code build.script[2]}. */
    String path() {
        // Built when it is needed: kept with each value, long keys would fill the memory.
        if (parent == null) {
            return step;
        }
        String above = parent.path();
        return above.isEmpty() || step.startsWith("[") ? above + step : above + "." + step;
    }

    Problem problem(String cause, String cure) {
        return new Problem(file, line, column, path(), cause, cure);
    }

    ConfigException refusal(String cause, String cure) {
        return new ConfigException(List.of(problem(cause, cure)));
    }
}
