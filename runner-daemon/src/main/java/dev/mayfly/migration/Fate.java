package dev.mayfly.migration;

/** What becomes of a key of {@code config.toml}. */
public enum Fate {
    /** It is in the new configuration. */
    TAKEN("taken over"),
    /** Mayfly does it always, by itself, or has nothing that it could change. */
    NEEDLESS("nothing to do"),
    /** There is no equivalent, or a person has to decide. */
    OPEN("to do");

    private final String words;

    Fate(String words) {
        this.words = words;
    }

    /** For people to read. */
    public String words() {
        return words;
    }
}
