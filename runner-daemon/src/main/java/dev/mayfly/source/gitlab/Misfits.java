package dev.mayfly.source.gitlab;

import java.util.ArrayList;
import java.util.List;

/**
 * What keeps a job from being run as its author wrote it, and whose part it is to change that. For
 * one job, by one thread.
 */
final class Misfits {

    private static final int LONGEST_SHOWN = 200;

    private final List<String> lacking = new ArrayList<>();
    private final List<String> mistaken = new ArrayList<>();

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
        mistaken.add("%s is \"%s\": %s".formatted(setting, shown(value), cure));
    }

    private static String shown(String value) {
        String line = value.replaceAll("\\p{Cntrl}", "?");
        return line.length() > LONGEST_SHOWN ? line.substring(0, LONGEST_SHOWN) + "..." : line;
    }

    /** What Mayfly cannot do. */
    List<String> lacking() {
        return List.copyOf(lacking);
    }

    /** What the job's author has to change. */
    List<String> mistaken() {
        return List.copyOf(mistaken);
    }
}
