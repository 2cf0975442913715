package dev.mayfly.egress;

/** Whether something may be reached, and why. */
public sealed interface Ruling {

    /**
     * It may.
     *
     * @param rule that says so
     */
    record Allowed(String rule) implements Ruling {}

    /**
     * It may not.
     *
     * @param reason continues "refused: "
     * @param cure what would change that, for whoever writes the configuration
     * @param always whether it stays refused where connections are only recorded
     */
    record Refused(String reason, String cure, boolean always) implements Ruling {}
}
