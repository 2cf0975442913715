package dev.mayfly.cli;

import dev.mayfly.config.LogSettings;
import java.util.Locale;

/**
 * Sets how this process writes its own log, through the properties that {@code logback.xml} reads.
 * Called before the first logger is made; later it has no effect.
 */
final class DaemonLog {

    private static final String LEVEL = "mayfly.log.level";
    private static final String FORMAT = "mayfly.log.format";

    private DaemonLog() {}

    /** For a command that a person runs: what matters is said by the command itself. */
    static void quiet() {
        if (System.getProperty(LEVEL) == null) {
            System.setProperty(LEVEL, "ERROR");
        }
    }

    /** For the daemon. */
    static void as(LogSettings settings) {
        System.setProperty(LEVEL, settings.level().name());
        System.setProperty(FORMAT, settings.format().name().toLowerCase(Locale.ROOT));
    }
}
