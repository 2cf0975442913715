package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.Eventually;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.Receipt;
import dev.mayfly.source.local.LocalClient;
import dev.mayfly.source.local.LocalJob;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
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
    record Ended(LocalJob job, List<LogEvent> events) {

        Outcome outcome() {
            return Objects.requireNonNull(job.state().outcome());
        }

        Receipt receipt() {
            return Objects.requireNonNull(job.state().receipt());
        }

        String output() {
            ByteArrayOutputStream all = new ByteArrayOutputStream();
            for (LogEvent event : events) {
                if (event instanceof LogEvent.Output output) {
                    all.writeBytes(output.bytes());
                }
            }
            return all.toString(StandardCharsets.UTF_8);
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
        client.follow(job, collecting(events), Duration.ofSeconds(5));
        Ended ended =
                new Ended(
                        until(job, "a receipt", found -> found.state().receipt() != null), events);
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
            return new String(client.output(job), StandardCharsets.UTF_8);
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

    private static LogSink collecting(List<LogEvent> events) {
        return new LogSink() {
            @Override
            public void accept(LogEvent event) {
                events.add(event);
            }

            @Override
            public void finish() {
                // everything is in the list already
            }
        };
    }
}
