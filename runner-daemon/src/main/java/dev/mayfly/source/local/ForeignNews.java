package dev.mayfly.source.local;

import dev.mayfly.state.StateException;
import dev.mayfly.state.StateStore;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Looks for what other processes write into the state, and lets the source be tidied now and then.
 */
final class ForeignNews implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(ForeignNews.class);

    /** How soon jobs and wishes of other processes are noticed. */
    private static final Duration LOOK_EVERY = Duration.ofMillis(250);

    private static final Duration TIDY_EVERY = Duration.ofMinutes(1);
    private static final Duration AFTER_FAILURE = Duration.ofSeconds(5);
    private static final Duration FAREWELL = Duration.ofSeconds(5);

    private final String source;
    private final StateStore store;
    private final Runnable news;
    private final Runnable tidy;
    private final Thread watch;

    /**
     * Prepares the watch.
     *
     * @param source its name
     * @param news run when another process has written something
     * @param tidy run each minute
     */
    ForeignNews(String source, StateStore store, Runnable news, Runnable tidy) {
        this.source = source;
        this.store = store;
        this.news = news;
        this.tidy = tidy;
        this.watch = Thread.ofVirtual().name("source-" + source + "-watch").unstarted(this::watch);
    }

    void start() {
        watch.start();
    }

    @Override
    public void close() {
        watch.interrupt();
        try {
            if (watch.isAlive()) {
                watch.join(FAREWELL);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void watch() {
        long seen = 0;
        long tidied = System.nanoTime() - TIDY_EVERY.toNanos();
        try {
            while (!Thread.currentThread().isInterrupted()) {
                Duration pause = LOOK_EVERY;
                try {
                    long version = store.foreignVersion();
                    if (version != seen) {
                        seen = version;
                        news.run();
                    }
                    if (System.nanoTime() - tidied > TIDY_EVERY.toNanos()) {
                        tidied = System.nanoTime();
                        tidy.run();
                    }
                } catch (StateException e) {
                    LOG.warn("source={} could not look for news: {}", source, e.getMessage());
                    pause = AFTER_FAILURE;
                }
                Thread.sleep(pause);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closed
        }
    }
}
