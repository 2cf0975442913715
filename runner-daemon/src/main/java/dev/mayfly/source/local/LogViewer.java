package dev.mayfly.source.local;

import dev.mayfly.job.LogPosition;
import io.vertx.core.Context;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpServerResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends one job's log to one client until the job has ended. Runs on a virtual thread of its own,
 * one frame at a time: a client that reads slowly makes this thread wait, and nobody else.
 */
final class LogViewer implements Runnable {

    private static final Logger LOG = LoggerFactory.getLogger(LogViewer.class);

    private final LocalSource source;
    private final LocalJob job;
    private final LogPosition from;
    private final HttpServerResponse response;
    private final Context context;
    private final Duration heartbeat;

    /**
     * Prepares the sending.
     *
     * @param context the event loop that owns the response
     * @param heartbeat how long to be silent at most, so that a dead connection is noticed
     */
    LogViewer(
            LocalSource source,
            LocalJob job,
            LogPosition from,
            HttpServerResponse response,
            Context context,
            Duration heartbeat) {
        this.source = source;
        this.job = job;
        this.from = from;
        this.response = response;
        this.context = context;
        this.heartbeat = heartbeat;
    }

    @Override
    public void run() {
        try {
            Optional<LogReader> log = source.log(job.id(), from);
            if (log.isPresent()) {
                try (LogReader reader = log.get()) {
                    send(reader);
                }
            }
            context.runOnContext(_ -> response.end());
        } catch (InterruptedException e) {
            // The client has gone, or the API stops; either way there is nobody to tell.
            LOG.debug("A viewer of job={} has gone", job.id());
        } catch (ExecutionException e) {
            LOG.debug("A viewer of job={} was cut off", job.id(), e.getCause());
        } catch (IOException | RuntimeException e) {
            LOG.warn("The log of job={} cannot be shown", job.id(), e);
            // Without an end event: the client will come back and resume.
            context.runOnContext(_ -> response.reset());
        }
    }

    private void send(LogReader reader)
            throws IOException, InterruptedException, ExecutionException {
        while (true) {
            switch (reader.next(heartbeat)) {
                case LogReader.Next.Output(LogPosition after, var at, byte[] bytes) ->
                        write(EventFrame.output(at, bytes).text(after));
                case LogReader.Next.Event(LogPosition after, var event) ->
                        write(EventFrame.of(event).text(after));
                case LogReader.Next.Nothing() -> write(": still there\n\n");
                case LogReader.Next.End(LogEnd end) -> {
                    end(end);
                    return;
                }
            }
        }
    }

    /** The log is complete a moment before the outcome is stored. */
    private void end(LogEnd end) throws InterruptedException, ExecutionException {
        long beat = System.nanoTime();
        while (true) {
            Optional<LocalJob> now = source.job(job.id());
            if (now.isEmpty() || now.get().state().ended()) {
                write(EventFrame.end(now.orElse(job), end).text(end.total()));
                return;
            }
            if (System.nanoTime() - beat > heartbeat.toNanos()) {
                beat = System.nanoTime();
                write(": still there\n\n");
            }
            Thread.sleep(Duration.ofMillis(50));
        }
    }

    private void write(String frame) throws InterruptedException, ExecutionException {
        CompletableFuture<Void> written = new CompletableFuture<>();
        context.runOnContext(_ ->
                response.write(Buffer.buffer(frame))
                        .onSuccess(written::complete)
                        .onFailure(written::completeExceptionally));
        written.get();
    }
}
