package dev.mayfly.egress;

import dev.mayfly.sandbox.Outlet.Origin;
import java.time.Duration;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What became of one connection, or of one question for a name.
 *
 * @param origin who wanted it
 * @param destination host and port, or a name alone
 * @param address that was connected to, or null where none was
 * @param verdict what became of it
 * @param because the rule that allowed it, or the reason why not
 * @param traffic what went through it
 * @param firstSeen whether nobody of the project had been there before
 */
public record Connection(
        Origin origin,
        String destination,
        @Nullable String address,
        Verdict verdict,
        String because,
        Traffic traffic,
        boolean firstSeen) {

    /** What can become of a connection. */
    public enum Verdict {
        ALLOWED,
        /** Nobody was connected to. */
        REFUSED,
        /** A pool that only records let through what its rules refuse. */
        WOULD_REFUSE,
        /** It was allowed, and nobody answered. */
        FAILED;

        /** Whether bytes went through it. */
        boolean reached() {
            return this == ALLOWED || this == WOULD_REFUSE;
        }

        /** As a label and in the log. */
        public String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /**
     * What went through a connection.
     *
     * @param upBytes from the job
     * @param downBytes to the job
     * @param took from its beginning to its end
     */
    public record Traffic(long upBytes, long downBytes, Duration took) {

        static final Traffic NONE = new Traffic(0, 0, Duration.ZERO);
    }
}
