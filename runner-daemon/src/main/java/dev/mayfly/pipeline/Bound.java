package dev.mayfly.pipeline;

/** How much a pipeline may grow to while everything is put in its place. */
final class Bound {

    /** Some ten times what the largest pipelines have. */
    static final int VALUES = 1_000_000;

    private int left = VALUES;

    /** Counts one value. */
    void count(Place place) {
        count(1, place);
    }

    /**
     * Counts values.
     *
     * @throws dev.mayfly.config.ConfigException when they are too many
     */
    void count(int values, Place place) {
        left -= values;
        if (left < 0) {
            throw place.refusal(
                    "makes the pipeline grow beyond " + VALUES + " values",
                    "use fewer aliases, references and extends inside each other");
        }
    }
}
