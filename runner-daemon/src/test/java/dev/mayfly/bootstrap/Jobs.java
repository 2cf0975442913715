package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.Eventually;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.Receipt;
import dev.mayfly.source.local.LocalClient;
import dev.mayfly.source.local.LocalJob;
import dev.mayfly.source.local.LogEnd;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.Predicate;

/** Jobs of a daemon, seen through its API. */
final class Jobs implements AutoCloseable {

    private static final Duration LIMIT = Duration.ofSeconds(60);

    private final LocalClient client;

    Jobs(LocalClient client) {
        this.client = client;
    }

    /** A job whose environment is gone, with its log as the event stream delivered it. */
    record Ended(LocalJob job, String output, List<LogEvent> events) {

        Outcome outcome() {
            return Objects.requireNonNull(job.state().outcome());
        }

        Receipt receipt() {
            return Objects.requireNonNull(job.state().receipt());
        }

        List<String> sections() {
            return events.stream()
                    .filter(LogEvent.SectionStarted.class::isInstance)
                    .map(e -> ((LogEvent.SectionStarted) e).section())
                    .toList();
        }

        /** For assertions that fail: what became of the job, and all it said. */
        @Override
        public String toString() {
            return "job %s: %s%n%s%n%s"
                    .formatted(job.id(), job.state().outcome(), output(), job.state().receipt());
        }
    }

    LocalClient client() {
        return client;
    }

    JobId submit(String document) throws IOException, InterruptedException {
        return client.submit(document, null).id();
    }

    /** Runs a job to its receipt, which must be clean. */
    Ended run(String document) throws IOException, InterruptedException {
        return ended(submit(document));
    }

    /** Waits for the receipt of a job, which must be clean. */
    Ended ended(JobId job) throws IOException, InterruptedException {
        List<LogEvent> events = new ArrayList<>();
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        LogEnd end = client.follow(job, collecting(output, events), Duration.ofSeconds(5)).end();
        Ended ended =
                new Ended(
                        until(job, "a receipt", found -> found.state().receipt() != null),
                        output.toString(StandardCharsets.UTF_8),
                        events);
        if (!(ended.outcome() instanceof Outcome.Lost)) {
            assertThat(end.incompleteBecause()).as("%s", ended).isNull();
        }
        assertThat(ended.receipt().clean()).as("%s", ended).isTrue();
        assertThat(ended.job().state().phase()).isEqualTo(JobPhase.FINISHED);
        return ended;
    }

    /** Waits until a job has printed this. */
    void printed(JobId job, String text) throws IOException, InterruptedException {
        until(
                job,
                "printed: " + text,
                found -> {
                    assertThat(found.state().ended())
                            .as("%s has ended and not printed %s", found, text)
                            .isFalse();
                    return output(job).contains(text);
                });
    }

    String output(JobId job) {
        try {
            ByteArrayOutputStream output = new ByteArrayOutputStream();
            client.output(job, output);
            return output.toString(StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new AssertionError(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    LocalJob until(JobId job, String what, Predicate<LocalJob> state)
            throws IOException, InterruptedException {
        Eventually.holds(job + " is " + what, LIMIT, () -> state.test(client.get(job)));
        return client.get(job);
    }

    @Override
    public void close() {
        client.close();
    }

    private static LogSink collecting(ByteArrayOutputStream output, List<LogEvent> events) {
        return new LogSink() {
            @Override
            public void output(long start, Instant at, byte[] bytes, int offset, int length) {
                output.write(bytes, offset, length);
            }

            @Override
            public void event(LogPosition at, LogEvent event) {
                events.add(event);
            }

            @Override
            public void finish(LogPosition total) {
                // everything is kept already
            }
        };
    }
}
