package dev.mayfly.cli;

import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.util.ContextInitializer;
import ch.qos.logback.core.joran.spi.JoranException;
import dev.mayfly.config.LogSettings;
import dev.mayfly.systemd.JournalAppender;
import java.util.Locale;
import org.slf4j.LoggerFactory;

/** How this process writes its own log, through the properties that {@code logback.xml} reads. */
final class DaemonLog {

    private static final String LEVEL = "mayfly.log.level";
    private static final String ROOT = "mayfly.log.root";
    private static final String FORMAT = "mayfly.log.format";

    private DaemonLog() {}

    /**
     * For a command that a person runs: what matters is said by the command itself. Called before
     * the first logger is made.
     */
    static void quiet() {
        if (System.getProperty(LEVEL) == null) {
            System.setProperty(LEVEL, "ERROR");
            System.setProperty(ROOT, "OFF");
        }
    }

    /**
     * For the daemon, which knows only after reading its configuration, when loggers exist already.
     */
    static void as(LogSettings settings) {
        System.setProperty(LEVEL, settings.level().name());
        System.clearProperty(ROOT);
        boolean journal =
                settings.format() == LogSettings.Format.TEXT
                        && JournalAppender.isReadByJournal(System.getenv());
        System.setProperty(
                FORMAT, journal ? "journal" : settings.format().name().toLowerCase(Locale.ROOT));
        LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();
        context.reset();
        try {
            new ContextInitializer(context).autoConfig();
        } catch (JoranException e) {
            throw new IllegalStateException("logback.xml cannot be read", e);
        }
    }
}
