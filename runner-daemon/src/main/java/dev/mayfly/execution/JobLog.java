package dev.mayfly.execution;

import dev.mayfly.job.Cancellation;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.SecretValue;
import dev.mayfly.logs.LogPipeline;
import dev.mayfly.logs.LogPipeline.Section;
import dev.mayfly.logs.LogSpool;
import dev.mayfly.logs.LogStatistics;
import dev.mayfly.logs.Maskability;
import dev.mayfly.logs.Masking;
import dev.mayfly.logs.SecretWatch;
import dev.mayfly.metrics.JobMetrics;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.secrets.Secret;
import dev.mayfly.source.Claim;
import dev.mayfly.source.JobReport;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Queue;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One job's log, from its sections to the account of what was masked. Slow sinks are behind spools
 * here, and it is said here how long the job waits for them: never longer than a step may take, not
 * at all once somebody wants the job to end. For use by the job's thread.
 */
final class JobLog {

    private static final Logger LOG = LoggerFactory.getLogger(JobLog.class);

    /** How long a job that somebody wants to end waits for its log to be delivered. */
    private static final Duration HASTE = Duration.ofSeconds(20);

    /** Of what other threads say, waiting at once. */
    private static final int MOST_NEWS = 256;

    /** What values are called that jobs have added, whatever the jobs call them. */
    private static final String ADDED = "added";

    /** The variant of what only looks like a token; the shape's name is its reference. */
    private static final String TOKEN_SHAPE = "token_shape";

    private final Stages stages;
    private final Claim claim;
    private final PoolTerms terms;
    private final List<LogSpool> spools = new ArrayList<>();
    private final LogPipeline pipeline;

    /** What steps print, and what they add to be masked. */
    private final MaskedOutput output;

    /** What the providers call the secrets, by their names in the job. */
    private final Map<String, String> references = new HashMap<>();

    /** What other threads have to say, until the job's own thread says it. */
    private final Queue<String> news = new ArrayBlockingQueue<>(MOST_NEWS);

    private @Nullable Section section;

    /** Why there is no sink, until that is said. */
    private @Nullable RuntimeException deaf;

    /** Opens the log. A source that has no sinks for it fails with the first section. */
    JobLog(Stages stages, Claim claim, JobReport report, PoolTerms terms) {
        this.stages = stages;
        this.claim = claim;
        this.terms = terms;
        List<LogSink> sinks = new ArrayList<>();
        try {
            for (LogSink sink : report.logs()) {
                if (sink.slow()) {
                    spools.add(
                            LogSpool.before(
                                    sink, claim.job() + "-" + spools.size(), stages.spool()));
                } else {
                    sinks.add(sink);
                }
            }
        } catch (RuntimeException e) {
            deaf = e;
        }
        // Last: a slow one keeps nobody else waiting, and what it lost is said to the others.
        sinks.addAll(spools);
        pipeline =
                new LogPipeline(
                        InstantSource.system(),
                        terms.logBytes(),
                        masking(terms.masking(), claim.tokenPrefixes()),
                        sinks);
        output = new MaskedOutput(pipeline);
    }

    private static Masking masking(Masking pools, List<String> prefixes) {
        return new Masking(
                pools.shortestBytes(),
                pools.variants(),
                pools.names(),
                pools.tokens().withServerPrefixes(prefixes));
    }

    /** Begins a section, ending the one before. */
    void begin(String name) throws InterruptedException {
        RuntimeException why = deaf;
        deaf = null;
        if (why != null) {
            throw why;
        }
        endSection();
        section = pipeline.section(name);
    }

    private void endSection() throws InterruptedException {
        sayNews();
        if (section != null) {
            section.end();
            section = null;
        }
    }

    void notice(String text) throws InterruptedException {
        sayNews();
        pipeline.notice(text);
    }

    /**
     * Says something as soon as the job prints or goes on. For use by any thread; never blocks. Of
     * very much at once, the latest is not said.
     */
    void soon(String text) {
        if (!news.offer(text)) {
            LOG.warn("too much to say in a job's log job={}", claim.job());
        }
    }

    private void sayNews() throws InterruptedException {
        for (String text = news.peek(); text != null; text = news.peek()) {
            pipeline.notice(text);
            news.remove();
        }
    }

    /**
     * Masks these secrets from now on.
     *
     * @throws FaultException {@code SECRET} if one of them cannot be masked
     */
    void hide(List<Secret> secrets) throws InterruptedException {
        Map<String, SecretValue> byName = new LinkedHashMap<>();
        for (Secret secret : secrets) {
            byName.put(secret.request().name(), secret.value());
            references.put(secret.request().name(), secret.request().origin());
        }
        for (Maskability maskability : pipeline.addSecrets(byName)) {
            if (!(maskability instanceof Maskability.Maskable)) {
                throw new FaultException(Fault.SECRET, maskability.toString());
            }
        }
    }

    /**
     * Masks values that came with the job. One that cannot be masked does not end the job, whose
     * author did not choose it: it is told by its name.
     *
     * @param what a value is, for people
     * @return what to say of those that cannot
     */
    List<String> hideHanded(String what, List<HandedValue> values) throws InterruptedException {
        List<String> visible = new ArrayList<>();
        List<HandedValue> left = values;
        while (!left.isEmpty()) {
            Map<String, SecretValue> byName = new LinkedHashMap<>();
            List<HandedValue> again = new ArrayList<>(); // another value of the same name
            for (HandedValue value : left) {
                if (byName.putIfAbsent(value.name(), value.value()) != null) {
                    again.add(value);
                }
            }
            for (Maskability maskability : pipeline.addSecrets(byName)) {
                if (!(maskability instanceof Maskability.Maskable)) {
                    visible.add(what + " is visible in this log: " + maskability);
                }
            }
            left = again;
        }
        return visible;
    }

    /**
     * Takes a step's output. As long as the step may run it waits for slow sinks, and so does the
     * step; a sink that takes nothing can neither lengthen the step nor hinder its end.
     */
    Sandbox.Output output(Duration limit, Cancellation cancellation) {
        waitFor(limit);
        cancellation.whenRequested(() -> waitFor(Duration.ZERO));
        return new Sandbox.Output() {
            @Override
            public void write(byte[] bytes, int offset, int length) throws InterruptedException {
                sayNews();
                output.write(bytes, offset, length);
            }

            @Override
            public Optional<String> mask(String name, SecretValue value)
                    throws InterruptedException {
                return output.mask(name, value);
            }
        };
    }

    private void waitFor(Duration limit) {
        long until = System.nanoTime() + limit.toNanos();
        spools.forEach(spool -> spool.waitUntil(until));
    }

    /** Looks for what the log hides now in what is no log. */
    SecretWatch watch() {
        return pipeline.watch();
    }

    /** Files of the job were kept from leaving, because a secret is in them. */
    void withheld(JobMetrics.Files files) {
        stages.metrics().withheld(terms.pool(), files);
    }

    /** What a notice of this text would say. */
    String line(String text) {
        return pipeline.line(text);
    }

    /** A failure as Mayfly's own log may show it. */
    MaskedFailure masked(Throwable failure) {
        return MaskedFailure.of(failure, pipeline::line);
    }

    /**
     * Says how the job ended, and waits until the log is delivered, or for as long as that makes
     * sense. What is not delivered is said in the log where it is, in Mayfly's own log, and
     * counted. The outcome stands.
     *
     * @param account what else is to be said, before how it ended
     */
    void finish(Outcome outcome, List<String> account) {
        waitFor(Duration.ZERO); // first what is left to be said
        try {
            endSection();
            for (String line : account) {
                pipeline.notice(line);
            }
            pipeline.notice(outcome.sentence());
        } catch (InterruptedException | RuntimeException e) {
            LOG.warn("the end of the log was not delivered job={}", claim.job(), masked(e));
        }
        Duration patience = stages.spool().patience();
        waitFor(patience);
        claim.cancellation()
                .whenRequested(() -> waitFor(patience.compareTo(HASTE) < 0 ? patience : HASTE));
        try {
            pipeline.finish();
        } catch (InterruptedException | RuntimeException e) {
            LOG.error("the log is not complete job={} pool={}", claim.job(), terms.pool(), e);
        } finally {
            long undelivered = spools.stream().mapToLong(LogSpool::undeliveredBytes).sum();
            spools.forEach(LogSpool::close);
            account(pipeline.statistics(), undelivered);
        }
    }

    private void account(LogStatistics statistics, long undelivered) {
        JobMetrics metrics = stages.metrics();
        metrics.log(
                terms.pool(),
                new JobMetrics.LogBytes(
                        statistics.receivedBytes(),
                        statistics.deliveredBytes(),
                        statistics.droppedBytes(),
                        undelivered));
        Map<Masked, Long> counts = masked(statistics);
        if (counts.isEmpty()) {
            return;
        }
        counts.forEach((masked, count) ->
                metrics.masked(
                        terms.pool(),
                        JobMetrics.Channel.LOG,
                        masked.reference(),
                        masked.variant(),
                        count));
        // One event a job, for who collects Mayfly's log; its form is documented.
        LOG.warn(
                "secrets masked job={} pool={} channel=log hits={}",
                claim.job(),
                terms.pool(),
                counts.entrySet().stream()
                        .map(m ->
                                m.getKey().reference()
                                        + ":"
                                        + m.getKey().variant()
                                        + ":"
                                        + m.getValue())
                        .collect(Collectors.joining(",")));
    }

    /** What was masked, in the words of metrics and Mayfly's own log. */
    private record Masked(String reference, String variant) {}

    /** How often; all that a job has added is one, so that it cannot make the event long. */
    private Map<Masked, Long> masked(LogStatistics statistics) {
        Map<Masked, Long> counts = new LinkedHashMap<>();
        for (LogStatistics.Hits hits : statistics.hits()) {
            String variant = hits.variant().name().toLowerCase(Locale.ROOT);
            counts.merge(new Masked(reference(hits.secret()), variant), hits.count(), Long::sum);
        }
        statistics
                .tokens()
                .forEach((shape, count) ->
                        counts.merge(new Masked(shape, TOKEN_SHAPE), count, Long::sum));
        return counts;
    }

    /** The provider's name; a job chooses its own names, and could choose many. */
    private String reference(String secret) {
        if (secret.startsWith(MaskedOutput.ADDED)) {
            return ADDED;
        }
        return references.getOrDefault(secret, JobMetrics.OTHER);
    }
}
