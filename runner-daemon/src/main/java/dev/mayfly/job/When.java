package dev.mayfly.job;

/** After which outcomes of the script something is done. */
public enum When {
    ON_SUCCESS,
    ON_FAILURE,
    ALWAYS;

    /** Whether it is done after a job that has passed, or has not. */
    public boolean holds(boolean passed) {
        return switch (this) {
            case ON_SUCCESS -> passed;
            case ON_FAILURE -> !passed;
            case ALWAYS -> true;
        };
    }
}
