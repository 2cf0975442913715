package dev.mayfly.job;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The wish that a job end early. Made by anybody, at any time, any number of times; the first
 * reason counts. The job's own thread acts on it.
 */
public final class Cancellation {

    private final Object lock = new Object();
    private final List<Runnable> actions = new ArrayList<>();
    private @Nullable String reason;
    private @Nullable Cancellation entirely;

    /**
     * Asks for the end of all of it: not even what cleans up after the job runs on, since nobody
     * wants to know any more. Returns at once; never blocks.
     */
    public void requestEntirely(String why) {
        request(why);
        entirely().request(why);
    }

    /** The wish that not even what cleans up after the job run on. */
    public Cancellation entirely() {
        synchronized (lock) {
            if (entirely == null) {
                entirely = new Cancellation();
            }
            return entirely;
        }
    }

    /** Asks for the end. Returns at once; never blocks. */
    public void request(String why) {
        List<Runnable> due;
        synchronized (lock) {
            if (reason != null) {
                return;
            }
            reason = why;
            due = List.copyOf(actions);
            actions.clear();
        }
        due.forEach(Runnable::run);
    }

    /** The reason, or null as long as nobody asked. */
    public @Nullable String reason() {
        synchronized (lock) {
            return reason;
        }
    }

    /**
     * Runs the action once when somebody asks, or at once if somebody did.
     *
     * @param action must not block: it runs on the thread of whoever asks
     */
    public void whenRequested(Runnable action) {
        synchronized (lock) {
            if (reason == null) {
                actions.add(action);
                return;
            }
        }
        action.run();
    }
}
