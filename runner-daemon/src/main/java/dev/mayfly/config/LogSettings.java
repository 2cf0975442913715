package dev.mayfly.config;

/** How the daemon writes its own log. */
public record LogSettings(Format format, Level level) {

    /** The shape of a log line. */
    public enum Format {
        TEXT,
        JSON
    }

    /** The least important message that is written, from few to many. */
    public enum Level {
        ERROR,
        WARN,
        INFO,
        DEBUG
    }
}
