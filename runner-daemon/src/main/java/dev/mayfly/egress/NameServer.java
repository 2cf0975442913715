package dev.mayfly.egress;

import java.io.IOException;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Future;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Finds the addresses of names as this host does. On platform threads, few and only while names are
 * asked for, because the C library's resolver would hold the carriers of virtual ones. Safe for use
 * by many threads.
 */
final class NameServer implements Resolver, AutoCloseable {

    private static final int THREADS = 8;
    private static final int MOST_WAITING = 512;
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final ThreadPoolExecutor threads =
            new ThreadPoolExecutor(
                    THREADS,
                    THREADS,
                    LIMIT.toSeconds(),
                    TimeUnit.SECONDS,
                    new ArrayBlockingQueue<>(MOST_WAITING),
                    Thread.ofPlatform().daemon().name("egress-names-", 0).factory());

    NameServer() {
        threads.allowCoreThreadTimeOut(true);
    }

    @Override
    public List<InetAddress> addresses(Host.Name name) throws IOException, InterruptedException {
        Future<InetAddress[]> asked;
        try {
            asked = threads.submit(() -> InetAddress.getAllByName(name.value()));
        } catch (RejectedExecutionException e) {
            throw new IOException("too many names are being asked for", e);
        }
        try {
            return List.of(asked.get(LIMIT.toMillis(), TimeUnit.MILLISECONDS));
        } catch (TimeoutException e) {
            throw new IOException(
                    "the name server did not answer within " + LIMIT.toSeconds() + " s", e);
        } catch (ExecutionException e) {
            throw new IOException(
                    e.getCause() instanceof UnknownHostException
                            ? "the name does not exist"
                            : "the name could not be looked up",
                    e);
        } finally {
            asked.cancel(true);
        }
    }

    @Override
    public void close() {
        threads.shutdownNow();
    }
}
