package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.SecretValue;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * One job's log on its way to the sinks: masked, bounded, in order.
 *
 * <p>A call returns when every sink has taken all that the call made certain; so the slowest sink
 * slows the job down (one that may be slow for long is behind a {@link LogSpool}), and nothing is
 * queued here. A sink that fails gets nothing more, and the call throws what it has thrown, after
 * the others have taken everything. Only bytes that may be the beginning of a secret wait (see
 * {@link LogMasker}), and with them what came after them. Output allocates nothing in the steady
 * state.
 *
 * <p><b>Sections.</b> The whole job is one stream for the masker, so a secret whose halves are
 * printed by two steps is masked. At a section's end nothing is released: the bytes held back then
 * still belong before the section's end, so the events that follow wait with them, for the next
 * output or {@link #finish()}. Nothing waits unless the step's last bytes are the beginning of a
 * secret, which after a line end is rare.
 *
 * <p>For use by one thread at a time, the job's.
 */
public final class LogPipeline {

    private final InstantSource clock;

    private final Delivery delivery;
    private final OutputLimit limit;
    private final Masking masking;
    private LogMasker masker;

    /** Takes what has no declared secret any more. */
    private final LogMasker.Output behind;

    /** Behind the masker: what was not declared but looks like a secret. */
    private final TokenMasker tokens;

    private @Nullable Section open;
    private @Nullable LogStatistics statistics;
    private long receivedBytes;

    /** The time in whole milliseconds, of which there is one object for all that happens in it. */
    private Instant now = Instant.EPOCH;

    /**
     * Opens a job's log.
     *
     * @param clock stamps the events
     * @param limitBytes how much output is delivered, counted after masking; sections and notices
     *     are delivered beyond it
     * @param masking which forms of the secrets are looked for
     * @param sinks each gets everything, in this order; they are finished in the reverse order, so
     *     those that may fail to deliver belong at the end: the others are told what is missing
     */
    public LogPipeline(InstantSource clock, long limitBytes, Masking masking, List<LogSink> sinks) {
        this.clock = clock;
        this.masking = masking;
        this.delivery = new Delivery(sinks);
        this.limit = new OutputLimit(limitBytes, delivery, this::now);
        this.tokens = new TokenMasker(masking.tokens(), limit::take);
        this.behind = masking.tokens().isEmpty() ? limit::take : tokens::write;
        this.masker = newMasker();
    }

    /**
     * Masks these secrets in everything that is not out yet. To be called before a value can reach
     * the job.
     *
     * @param secrets values by name
     * @return in the order of the map; what is not {@link Maskability.Maskable} will be visible,
     *     and the caller decides what that means
     */
    public List<Maskability> addSecrets(Map<String, SecretValue> secrets)
            throws InterruptedException {
        requireOpen();
        List<Maskability> judged = new ArrayList<>();
        List<SecretPattern> more = new ArrayList<>();
        secrets.forEach((name, value) -> {
            Maskability maskability = Maskability.of(name, value, masking);
            judged.add(maskability);
            if (maskability instanceof Maskability.Maskable) {
                more.addAll(SecretVariants.of(name, value, masking));
            }
        });
        if (!more.isEmpty()) {
            masker.extend(masker.patterns().with(more));
        }
        deliver();
        return List.copyOf(judged);
    }

    /**
     * Takes what the job printed. Fits {@code Sandbox.Output}. Blocks while a sink does. The bytes
     * are taken even if a sink is interrupted: the next call delivers them.
     *
     * @param bytes may be used again after the call
     */
    public void output(byte[] bytes, int offset, int length) throws InterruptedException {
        requireOpen();
        receivedBytes += length;
        masker.write(bytes, offset, length);
        deliver();
    }

    /**
     * Begins a part of the job.
     *
     * @param name masked like output and made one line
     * @return for its end
     * @throws IllegalStateException if another section has not ended
     */
    public Section section(String name) throws InterruptedException {
        requireOpen();
        if (open != null) {
            throw new IllegalStateException(
                    "section " + name + " cannot start: " + open.name + " has not ended");
        }
        Section section = new Section(line(name), now());
        open = section;
        enqueue(new LogEvent.SectionStarted(section.start, section.name));
        deliver();
        return section;
    }

    /** A part of the job that has begun. */
    public final class Section {

        private final String name;
        private final Instant start;

        private Section(String name, Instant start) {
            this.name = name;
            this.start = start;
        }

        /**
         * Ends the part. Ending it again does nothing; {@link LogPipeline#finish()} ends it too.
         */
        public void end() throws InterruptedException {
            if (open == this) {
                enqueueEnd();
                deliver();
            }
        }

        private void enqueueEnd() {
            open = null;
            Instant end = now();
            enqueue(new LogEvent.SectionEnded(end, name, Duration.between(start, end)));
        }
    }

    /**
     * Says something in Mayfly's own name.
     *
     * @param text masked like output; line ends and other control characters are escaped, so that
     *     it is one line; cut beyond {@link LogEvent#LONGEST_TEXT}, which is said
     */
    public void notice(String text) throws InterruptedException {
        requireOpen();
        enqueue(new LogEvent.Notice(now(), line(text)));
        deliver();
    }

    /**
     * Ends the log: delivers what was held back and finishes every sink, also when one fails; the
     * ones that are left say so in a notice. After an interruption it can be called again and goes
     * on where it was. The values of the secrets are forgotten here.
     *
     * @throws InterruptedException if a sink was interrupted
     * @throws RuntimeException what the first sink that failed has thrown, the others' suppressed
     */
    public LogStatistics finish() throws InterruptedException {
        if (statistics == null) {
            statistics = close();
        }
        delivery.deliver(now());
        while (delivery.heard()) {
            RuntimeException lost = delivery.finishLast();
            if (lost != null && delivery.heard()) {
                delivery.event(
                        new LogEvent.Notice(
                                now(),
                                line("this log is not complete everywhere: " + lost.getMessage())));
            }
            delivery.deliver(now());
        }
        masker = newMasker();
        delivery.throwFailure();
        return statistics();
    }

    /**
     * What went through the log.
     *
     * @throws IllegalStateException before {@link #finish()} was called
     */
    public LogStatistics statistics() {
        LogStatistics result = statistics;
        if (result == null) {
            throw new IllegalStateException("the job's log is not finished yet");
        }
        return result;
    }

    private LogStatistics close() {
        if (open != null) {
            open.enqueueEnd();
        }
        masker.finish();
        tokens.finish();
        limit.end();
        return new LogStatistics(
                receivedBytes, limit.deliveredBytes(), limit.droppedBytes(), hits(), tokens.hits());
    }

    private List<LogStatistics.Hits> hits() {
        List<LogStatistics.Hits> hits = new ArrayList<>();
        long[] counts = masker.hits();
        for (int i = 0; i < counts.length; i++) {
            if (counts[i] > 0) {
                SecretPatterns.Label label = masker.patterns().labels().get(i);
                hits.add(new LogStatistics.Hits(label.secret(), label.variant(), counts[i]));
            }
        }
        return hits;
    }

    private void requireOpen() {
        if (statistics != null) {
            throw new IllegalStateException("the job's log is finished already");
        }
    }

    /**
     * What a notice of this text would say. For words about the job that do not go through the log,
     * such as its outcome. Masks nothing any more after {@link #finish()}.
     *
     * @return masked, with control characters and line ends escaped
     */
    public String line(String text) {
        ByteArrayOutputStream masked = new ByteArrayOutputStream();
        TokenMasker rest = new TokenMasker(masking.tokens(), masked::write);
        LogMasker alone = new LogMasker(masker.patterns(), masking.names(), rest::write);
        byte[] bytes = text.getBytes(UTF_8);
        alone.write(bytes, 0, bytes.length);
        alone.finish();
        rest.finish();
        return LogLine.of(masked.toString(UTF_8));
    }

    /**
     * Looks for what is masked now in something that is no log. Finds nothing any more when it is
     * asked for after {@link #finish()}.
     */
    public SecretWatch watch() {
        return new SecretWatch(masker.patterns());
    }

    /** Puts an event behind all output up to now, whose time is then the event's at the latest. */
    private void enqueue(LogEvent event) {
        masker.whenSettled(() -> tokens.whenSettled(() -> delivery.event(event)));
    }

    private LogMasker newMasker() {
        return new LogMasker(SecretPatterns.none(), masking.names(), behind);
    }

    private Instant now() {
        long millis = clock.millis();
        if (millis != now.toEpochMilli()) {
            now = Instant.ofEpochMilli(millis);
        }
        return now;
    }

    /** Hands everything certain to every sink. */
    private void deliver() throws InterruptedException {
        delivery.deliver(now());
        delivery.throwFailure();
    }
}
