package dev.mayfly.sandbox.docker;

import java.util.ArrayDeque;
import java.util.Deque;
import org.jspecify.annotations.Nullable;

/**
 * Hands messages from the thread that reads the engine's stream to the one that acts on them. When
 * {@link #BOUND_BYTES} wait, the reading thread waits too: that is the back-pressure that slows the
 * container down.
 */
final class Inbox {

    /** Enough to keep both threads busy, little beside what the pipes on the way hold. */
    static final int BOUND_BYTES = 512 * 1024;

    private final Object lock = new Object();
    private final Deque<AgentMessage> waiting = new ArrayDeque<>();
    private long waitingBytes;
    private boolean woken;
    private boolean closed;
    private AgentMessage.@Nullable Gone gone;

    /** Waits for room; drops the message if nobody will read it. */
    void put(AgentMessage message) throws InterruptedException {
        synchronized (lock) {
            while (waitingBytes >= BOUND_BYTES && !closed) {
                lock.wait();
            }
            if (!closed) {
                waiting.add(message);
                waitingBytes += message.bytes();
                lock.notifyAll();
            }
        }
    }

    /** Nothing will be put any more. What waits can still be taken. The first reason counts. */
    void end(String why) {
        synchronized (lock) {
            if (gone == null) {
                gone = new AgentMessage.Gone(why);
                lock.notifyAll();
            }
        }
    }

    /** Nothing will be taken any more: lets go of what waits and of whoever waits for room. */
    void close() {
        synchronized (lock) {
            closed = true;
            waiting.clear();
            waitingBytes = 0;
            end("the stream was closed");
            lock.notifyAll();
        }
    }

    /** Makes a waiting {@link #take}, or the next one, return early. Never blocks for long. */
    void wake() {
        synchronized (lock) {
            woken = true;
            lock.notifyAll();
        }
    }

    /**
     * The next message, in order; {@link AgentMessage.Gone} again and again after the last.
     *
     * @param deadline in the time of {@link System#nanoTime()}
     * @return null if there is none by then, or after {@link #wake}
     */
    @Nullable AgentMessage take(long deadline) throws InterruptedException {
        synchronized (lock) {
            while (waiting.isEmpty() && gone == null && !woken) {
                long millis = (deadline - System.nanoTime()) / 1_000_000;
                if (millis <= 0) {
                    return null;
                }
                lock.wait(millis);
            }
            woken = false;
            AgentMessage next = waiting.poll();
            if (next == null) {
                return gone;
            }
            waitingBytes -= next.bytes();
            lock.notifyAll();
            return next;
        }
    }
}
