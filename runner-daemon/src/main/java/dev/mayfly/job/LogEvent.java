package dev.mayfly.job;

import java.time.Duration;
import java.time.Instant;

/**
 * What a job's log says beside the job's output. Structure is kept apart from output, so that no
 * output can imitate it.
 */
public sealed interface LogEvent {

    /** No text of an event is longer, in characters; see {@code LogPipeline}, which cuts. */
    int LONGEST_TEXT = 8 * 1024;

    Instant at();

    /**
     * A part of the job begins.
     *
     * @param section for example {@code prepare}, {@code checkout}, {@code script}
     */
    record SectionStarted(Instant at, String section) implements LogEvent {
        public SectionStarted {
            requireShort(section);
        }
    }

    record SectionEnded(Instant at, String section, Duration took) implements LogEvent {
        public SectionEnded {
            requireShort(section);
        }
    }

    /**
     * Mayfly itself has something to say: an image's digest, a limit reached, a refusal. One line.
     */
    record Notice(Instant at, String text) implements LogEvent {
        public Notice {
            requireShort(text);
        }
    }

    private static void requireShort(String text) {
        if (text.length() > LONGEST_TEXT) {
            throw new IllegalArgumentException(
                    "an event's text has "
                            + text.length()
                            + " characters, at most "
                            + LONGEST_TEXT
                            + " are allowed");
        }
    }
}
