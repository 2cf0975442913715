package dev.mayfly.logs;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a benchmark must reach, each as a row of a table: holds, or MISSED. */
public final class Floors {

    private final List<String> rows = new ArrayList<>();

    /** What must be at least so much. */
    public void atLeast(String what, double floor, double figure, String unit) {
        add(what, "at least", floor, figure, unit, figure >= floor);
    }

    /** What must be at most so much. */
    public void atMost(String what, double floor, double figure, String unit) {
        add(what, "at most", floor, figure, unit, figure <= floor);
    }

    private void add(
            String what, String bound, double floor, double figure, String unit, boolean holds) {
        rows.add(
                "| %s | %s %s%s | %s%s | %s |"
                        .formatted(
                                what,
                                bound,
                                number(floor),
                                unit,
                                number(figure),
                                unit,
                                holds ? "holds" : "**MISSED**"));
    }

    private static String number(double value) {
        String pattern = value != 0 && Math.abs(value) < 10 ? "%.2f" : "%,.0f";
        return String.format(Locale.ROOT, pattern, value);
    }

    /** Adds the rows to a file that the caller makes a table of. */
    public void appendTo(Path file) throws IOException {
        Files.write(file, rows, StandardOpenOption.CREATE, StandardOpenOption.APPEND);
    }
}
