package dev.mayfly.secrets.file;

/** What became of a value that was to be stored. */
public sealed interface SetOutcome {

    /**
     * The value is on the disk, encrypted.
     *
     * @param replaced whether the name had a value before
     * @param maskable false when the value is so short that the log's masking cannot protect it;
     *     whoever set it wants to be told
     */
    record Stored(boolean replaced, boolean maskable) implements SetOutcome {}

    /**
     * Nothing was changed.
     *
     * @param reason what is wrong and how to do it right; never the value
     */
    record Refused(String reason) implements SetOutcome {}
}
