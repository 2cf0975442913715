package dev.mayfly.logs;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * Looks for a job's secrets, in the forms in which its log would mask them, in something that is no
 * log and cannot be masked. Passes on what is before the first of them, and no byte of it. For one
 * thread.
 */
public final class SecretWatch {

    private final SecretPatterns patterns;
    private final HeldBytes held = new HeldBytes();
    private final SecretSearch search;

    /** Up to where bytes were passed on. */
    private long settled;

    private @Nullable String found;

    /** Takes what may leave. */
    @FunctionalInterface
    public interface Way {
        /** The array is valid during the call only. */
        void pass(byte[] bytes, int offset, int length) throws IOException;
    }

    SecretWatch(SecretPatterns patterns) {
        this.patterns = patterns;
        search = new SecretSearch(patterns);
    }

    /** Whether there is nothing to look for. */
    public boolean isIdle() {
        return patterns.labels().isEmpty();
    }

    /**
     * Looks at the next bytes.
     *
     * @param way gets those, and earlier ones, that cannot belong to a secret any more
     * @return the name of a secret that was found, or null; after that nothing is passed on
     * @throws IOException of the way
     */
    public @Nullable String take(byte[] bytes, int offset, int length, Way way) throws IOException {
        int from = offset;
        int end = offset + length;
        while (from < end && found == null) {
            int to = Math.min(end, from + SecretSearch.MOST_AT_ONCE);
            search.take(bytes, from, to);
            HiddenRuns runs = search.runs();
            if (runs.isEmpty()) {
                pass(search.open(), bytes, from, way);
                held.add(bytes, from, to, Math.min(settled, search.kept()));
                search.forget(held.start());
            } else {
                found = patterns.labels().get(runs.label()).secret();
            }
            from = to;
        }
        return found;
    }

    /**
     * This has ended; something else may begin.
     *
     * @param way gets what was held back
     */
    public void end(Way way) throws IOException {
        if (found != null) {
            return;
        }
        pass(search.taken(), held.array(), held.to(), way);
        search.finish();
        held.add(held.array(), held.to(), held.to(), settled);
        search.forget(held.start());
    }

    private void pass(long position, byte[] bytes, int from, Way way) throws IOException {
        while (settled < position) {
            int length;
            if (settled < held.end()) {
                length = (int) (Math.min(position, held.end()) - settled);
                way.pass(held.array(), held.indexOf(settled), length);
            } else {
                length = (int) (position - settled);
                way.pass(bytes, from + (int) (settled - held.end()), length);
            }
            settled += length;
        }
    }
}
