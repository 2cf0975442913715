package dev.mayfly.source.gitlab;

import dev.mayfly.source.Lag;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Brings one job's log and its end to the server, over any outage, on a thread of its own. Holds
 * one piece of the log in memory; the rest stays in the spool.
 *
 * <p>The place in the log is what the server says that it has: a lost answer, a piece that came
 * twice or a server that has lost its copy is found by the next piece and put right.
 */
final class TraceDelivery {

    private static final Logger LOG = LoggerFactory.getLogger(TraceDelivery.class);

    /** The most that GitLab takes at once. */
    private static final int PIECE_BYTES = 1 << 20;

    /** A server that never agrees must not keep a job from ending. */
    private static final int MISFITS = 10;

    private static final int WRONG_CHECKSUMS = 3;

    /** How it went. */
    enum End {
        /** The server has the final state and, as far as it took it, the log. */
        RECORDED,
        /** The server had an end for the job before we did: cancelled, failed or erased. */
        OVER_AT_SERVER,
        /** Nobody listened for too long. */
        GIVEN_UP,
        /** Mayfly was stopped; a later life can go on. */
        STOPPED
    }

    /** Hears what the server wants of a running job. Must not block. */
    interface Listener {

        /** For a job that has ended. */
        Listener NOBODY =
                new Listener() {
                    @Override
                    public void canceling() {}

                    @Override
                    public void over(@Nullable String status) {}
                };

        /** A user has cancelled: the job shall end in good order. */
        void canceling();

        /**
         * The job is over for the server.
         *
         * @param status what it is there, or null when the server did not say
         */
        void over(@Nullable String status);
    }

    private final JobApi api;
    private final TraceSpool spool;
    private final TracePacing pacing;
    private final boolean debug;
    private final Listener listener;
    private final Backoff backoff;
    private final Thread thread;

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();

    // Guarded by lock.
    private @Nullable FinalState last;
    private @Nullable End end;

    /** What the server has; the thread's own to write. */
    private volatile long offset;

    /** When the server had all there was, in the time of {@link System#nanoTime()}. */
    private volatile long whole = System.nanoTime();

    // The thread's own.
    private Duration interval;
    private long heard = System.nanoTime();
    private int misfits;
    private boolean toldCanceling;

    /** The server's log cannot be made the same as ours. */
    private boolean unequal;

    /**
     * Prepares; {@link #start()} begins.
     *
     * @param spool read only; closed by the caller, after the end
     * @param debug whether the log shows what others must not see
     */
    TraceDelivery(
            JobApi api,
            TraceSpool spool,
            TracePacing pacing,
            boolean debug,
            RandomGenerator random,
            Listener listener) {
        this.api = api;
        this.spool = spool;
        this.pacing = pacing;
        this.debug = debug;
        this.listener = listener;
        this.interval = pacing.interval();
        this.backoff = new Backoff(pacing.retry(), pacing.longest(), random);
        this.thread = Thread.ofVirtual().name("trace-" + api.job()).unstarted(this::run);
    }

    void start() {
        thread.start();
    }

    /** The job has ended and its log is complete. The first end counts. */
    void finish(FinalState state) {
        lock.lock();
        try {
            if (last == null) {
                last = state;
                changed.signalAll();
            }
        } finally {
            lock.unlock();
        }
    }

    /** How far the server is behind. What it has given up or refused is not waited for. */
    Lag lag() {
        lock.lock();
        try {
            if (end != null) {
                return Lag.NONE;
            }
        } finally {
            lock.unlock();
        }
        long bytes = Math.max(0, spool.sum().bytes() - offset);
        return bytes == 0 ? Lag.NONE : new Lag(bytes, Duration.ofNanos(System.nanoTime() - whole));
    }

    /** Whether the job has ended, so that there is an end to wait for. */
    boolean finishing() {
        lock.lock();
        try {
            return last != null;
        } finally {
            lock.unlock();
        }
    }

    /**
     * Waits for the end.
     *
     * @return null when there is none within the limit
     */
    @Nullable End await(Duration limit) throws InterruptedException {
        lock.lock();
        try {
            long left = limit.toNanos();
            while (end == null && left > 0) {
                left = changed.awaitNanos(left);
            }
            return end;
        } finally {
            lock.unlock();
        }
    }

    /** Waits for the end, which {@link #stop()} brings too. */
    End awaitEnd() throws InterruptedException {
        lock.lock();
        try {
            while (end == null) {
                changed.await();
            }
            return end;
        } finally {
            lock.unlock();
        }
    }

    /** Stops, wherever it is, and returns when it has. */
    void stop() throws InterruptedException {
        if (thread.getState() == Thread.State.NEW) {
            return;
        }
        thread.interrupt();
        thread.join();
    }

    private void run() {
        End how = End.GIVEN_UP;
        try {
            how = whileItRuns() ? theEnd() : End.OVER_AT_SERVER;
        } catch (InterruptedException e) {
            how = End.STOPPED;
            LOG.warn("stopped before the server had a job's end job={}", api.job());
        } catch (RuntimeException e) {
            LOG.error("defect while delivering a job's log job={}", api.job(), e);
        } finally {
            lock.lock();
            try {
                end = how;
                changed.signalAll();
            } finally {
                lock.unlock();
            }
        }
    }

    /** Sends what there is, now and then. Returns whether the server still wants the end. */
    private boolean whileItRuns() throws InterruptedException {
        long nextPiece = System.nanoTime() + interval.toNanos();
        long nextWord = System.nanoTime() + pacing.touch().toNanos();
        while (pause(Math.min(nextPiece, nextWord))) {
            long now = System.nanoTime();
            boolean piecesDue = now >= nextPiece;
            boolean news = piecesDue && !complete();
            if (!news && now < nextWord) {
                nextPiece = now + interval.toNanos();
                continue;
            }
            Step step = news ? pieces() : touch();
            now = System.nanoTime();
            switch (step) {
                case Step.Done() -> {
                    backoff.reset();
                    nextWord = now + pacing.touch().toNanos();
                    if (piecesDue) { // a sign of life does not put off what waits
                        nextPiece = now + interval.toNanos();
                    }
                }
                case Step.Later(Duration wish) -> {
                    nextPiece = now + backoff.next(wish).toNanos();
                    nextWord = nextPiece;
                }
                case Step.Over(String status) -> {
                    listener.over(status);
                    return false;
                }
            }
        }
        return true;
    }

    /** Sends the rest and the final state until the server has both. */
    private End theEnd() throws InterruptedException {
        FinalState state = finalState();
        int wrongChecksums = 0;
        heard = System.nanoTime();
        backoff.reset();
        interval = pacing.interval();
        while (System.nanoTime() - heard < pacing.patience().toNanos()) {
            Step rest = pieces();
            if (rest instanceof Step.Over) {
                return End.OVER_AT_SERVER;
            }
            if (rest instanceof Step.Later(Duration wish)) {
                Thread.sleep(backoff.next(wish));
                continue;
            }
            JobAnswer answer;
            try {
                answer = api.ended(state, unequal ? null : spool.sum());
            } catch (UnreachableException e) {
                failed("final state", e.getMessage());
                Thread.sleep(backoff.next());
                continue;
            }
            switch (answer.status()) {
                case 200 -> {
                    return End.RECORDED;
                }
                case 202 -> {
                    // Taken, but its log is still being moved: ask again until that is done.
                    heard = System.nanoTime();
                    Duration wish = answer.pause();
                    Thread.sleep(pacing.bounded(wish == null ? pacing.retry() : wish));
                }
                case 403, 404 -> {
                    // After a lost answer, the end at the server is the one that we told it.
                    return answer.ended()
                                    && answer.jobStatus() != null
                                    && answer.jobStatus().equals(state.word())
                            ? End.RECORDED
                            : End.OVER_AT_SERVER;
                }
                case 412 -> {
                    heard = System.nanoTime();
                    offset = 0;
                    misfits = 0;
                    wrongChecksums++;
                    // Without a checksum, a server takes the end for what it is.
                    unequal = wrongChecksums >= WRONG_CHECKSUMS;
                    failed("checksum", answer.problem());
                    Thread.sleep(backoff.next(answer.pause()));
                }
                default -> {
                    failed("final state", answer.problem());
                    Thread.sleep(backoff.next(answer.pause()));
                }
            }
        }
        LOG.error(
                "gave up: the server takes no end of this job job={} server_silent_for={}",
                api.job(),
                pacing.patience());
        return End.GIVEN_UP;
    }

    private sealed interface Step {

        record Done() implements Step {}

        /** Not now; the server may have said when. */
        record Later(@Nullable Duration wish) implements Step {}

        record Over(@Nullable String status) implements Step {}
    }

    /** Sends all that is there, piece by piece. */
    private Step pieces() throws InterruptedException {
        while (!complete()) {
            byte[] piece;
            try {
                piece = piece();
            } catch (IOException e) {
                LOG.error("a job's log cannot be read back job={}", api.job(), e);
                unequal = true;
                offset = spool.sum().bytes();
                break;
            }
            JobAnswer answer;
            try {
                answer = api.append(offset, piece, debug);
            } catch (UnreachableException e) {
                failed("piece of log", e.getMessage());
                return new Step.Later(null);
            }
            if (answer.over()) {
                return new Step.Over(answer.jobStatus());
            }
            heed(answer);
            switch (answer.status()) {
                case 202 -> {
                    long expected = offset + piece.length;
                    Long stored = answer.stored();
                    offset = stored == null || stored > spool.sum().bytes() ? expected : stored;
                    misfits = 0;
                }
                case 416 -> {
                    misfits++;
                    offset = answer.stored() == null ? 0 : answer.stored();
                    if (offset > spool.sum().bytes()) {
                        LOG.warn(
                                "the server has more of a log than there is job={} bytes={}",
                                api.job(),
                                offset);
                        unequal = true;
                    }
                    if (misfits > 2) {
                        return new Step.Later(null);
                    }
                }
                default -> {
                    failed("piece of log", answer.problem());
                    return new Step.Later(answer.status() == 429 ? answer.pause() : null);
                }
            }
        }
        return new Step.Done();
    }

    private boolean complete() {
        if (misfits >= MISFITS) {
            unequal = true;
            return true;
        }
        boolean all = offset >= spool.sum().bytes();
        if (all) {
            whole = System.nanoTime();
        }
        return all;
    }

    private byte[] piece() throws IOException {
        int length = (int) Math.min(PIECE_BYTES, spool.sum().bytes() - offset);
        byte[] piece = new byte[length];
        int read = spool.read(offset, piece);
        if (read != length) {
            throw new IOException("read " + read + " of " + length + " bytes at " + offset);
        }
        return piece;
    }

    /** Says that the job is alive, and hears whether it was cancelled. */
    private Step touch() throws InterruptedException {
        JobAnswer answer;
        try {
            answer = api.running(spool.sum());
        } catch (UnreachableException e) {
            failed("sign of life", e.getMessage());
            return new Step.Later(null);
        }
        if (answer.over()) {
            return new Step.Over(answer.jobStatus());
        }
        if (answer.status() != 200) {
            failed("sign of life", answer.problem());
            return new Step.Later(answer.pause());
        }
        heed(answer);
        return new Step.Done();
    }

    private void heed(JobAnswer answer) {
        heard = System.nanoTime();
        if (answer.status() == 202 && answer.pause() != null) {
            interval = pacing.bounded(answer.pause());
        }
        if (answer.canceling() && !toldCanceling) {
            toldCanceling = true;
            listener.canceling();
        }
    }

    private void failed(String what, @Nullable String why) {
        LOG.warn("the server did not take a {} job={} because={}", what, api.job(), why);
    }

    /** Waits until a time, or the job's end. Returns whether it is still running. */
    private boolean pause(long until) throws InterruptedException {
        lock.lock();
        try {
            long left = until - System.nanoTime();
            while (last == null && left > 0) {
                left = changed.awaitNanos(left);
            }
            return last == null;
        } finally {
            lock.unlock();
        }
    }

    private FinalState finalState() {
        lock.lock();
        try {
            if (last == null) {
                throw new IllegalStateException("the job has not ended");
            }
            return last;
        } finally {
            lock.unlock();
        }
    }
}
