package dev.mayfly.source.gitlab;

import java.util.ArrayList;
import java.util.List;
import java.util.function.UnaryOperator;

/**
 * What keeps a job from being run as its author wrote it, and whose part it is to change that. For
 * one job, by one thread.
 */
final class Misfits {

    private static final int LONGEST_SHOWN = 200;

    private final List<String> lacking = new ArrayList<>();
    private final List<Mistake> mistaken = new ArrayList<>();

    private record Mistake(String setting, String value, String cure) {

        /** A piece of a secret is none any more, so what is hidden must be before it is cut. */
        String shown(UnaryOperator<String> hiding) {
            String line = hiding.apply(value).replaceAll("\\p{Cntrl}", "?");
            String cut =
                    line.length() > LONGEST_SHOWN ? line.substring(0, LONGEST_SHOWN) + "..." : line;
            return "%s is \"%s\": %s".formatted(hiding.apply(setting), cut, cure);
        }
    }

    /** Mayfly cannot do it; in a few words. */
    void lacking(String what) {
        lacking.add(what);
    }

    /**
     * A setting of the job has a value that means nothing.
     *
     * @param setting as the author knows it, for example a variable's name
     * @param value that it has, its references resolved
     * @param cure what it may be, without a full stop
     */
    void mistaken(String setting, String value, String cure) {
        mistaken.add(new Mistake(setting, value, cure));
    }

    /** What Mayfly cannot do. */
    List<String> lacking(UnaryOperator<String> hiding) {
        return lacking.stream().map(hiding).toList();
    }

    /** What the job's author has to change. */
    List<String> mistaken(UnaryOperator<String> hiding) {
        return mistaken.stream().map(mistake -> mistake.shown(hiding)).toList();
    }
}
