package dev.mayfly.bootstrap;

/**
 * One thing that a look at a host has shown.
 *
 * @param about what it is about: {@code Mayfly}, {@code engine ADDRESS} or {@code pool NAME}
 * @param severity what it means
 * @param what a word or two for it
 * @param text what was seen
 * @param cure what to do about it, or the empty string
 */
public record Finding(String about, Severity severity, String what, String text, String cure) {

    /** What a finding means. */
    public enum Severity {
        /** It is well. */
        OK,
        /** It is worth knowing: something could be stronger. */
        NOTE,
        /** It keeps jobs from running. */
        BAD
    }
}
