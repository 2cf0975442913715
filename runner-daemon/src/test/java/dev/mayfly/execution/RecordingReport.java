package dev.mayfly.execution;

import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogOrder;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.Receipt;
import dev.mayfly.source.Exchange;
import dev.mayfly.source.JobReport;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;

/** Writes down what the source is told; each kind of news can fail a number of times. */
final class RecordingReport implements JobReport {

    /** Kinds of news that a source may not take. */
    enum News {
        PHASE,
        LOG,
        LINE,
        LOG_END,
        END,
        RECEIPT
    }

    private final List<String> history;
    private final Map<News, Integer> failures = new ConcurrentHashMap<>();
    final List<Outcome> outcomes = new CopyOnWriteArrayList<>();
    final List<Receipt> receipts = new CopyOnWriteArrayList<>();
    Exchange exchange = Exchange.NONE;
    private final List<LogSink> more = new ArrayList<>();
    private final StringBuilder text = new StringBuilder();

    RecordingReport(List<String> history) {
        this.history = history;
    }

    void fail(News news, int times) {
        failures.put(news, times);
    }

    /** The log as a reader sees it, sections and notices included. */
    String text() {
        return text.toString();
    }

    Outcome outcome() {
        return outcomes.getLast();
    }

    @Override
    public void phase(JobPhase phase) {
        take(News.PHASE);
        history.add("phase " + phase);
    }

    @Override
    public List<LogSink> logs() {
        take(News.LOG);
        List<LogSink> sinks = new ArrayList<>(List.of(new Text()));
        sinks.addAll(more);
        return sinks;
    }

    /** Lets the log go here too. */
    void alsoTo(LogSink sink) {
        more.add(sink);
    }

    private final class Text implements LogSink {
        private final LogOrder order = new LogOrder(LogPosition.START);

        @Override
        public void output(long start, Instant at, byte[] bytes, int offset, int length)
                throws InterruptedException {
            takeLine();
            order.output(start, length);
            text.append(new String(bytes, offset, length, StandardCharsets.UTF_8));
        }

        @Override
        public void event(LogPosition at, LogEvent event) throws InterruptedException {
            takeLine();
            order.event(at);
            switch (event) {
                case LogEvent.SectionStarted(var _, String name) ->
                        text.append("<").append(name).append(">\n");
                case LogEvent.SectionEnded(var _, String name, var _) ->
                        text.append("</").append(name).append(">\n");
                case LogEvent.Notice(var _, String notice) ->
                        text.append("-- ").append(notice).append("\n");
            }
        }

        private void takeLine() throws InterruptedException {
            take(News.LINE);
            if (Thread.interrupted()) {
                throw new InterruptedException("the log was interrupted");
            }
        }

        @Override
        public void finish(LogPosition total) {
            take(News.LOG_END);
            order.end(total);
            history.add("log end");
        }
    }

    @Override
    public Exchange exchange() {
        return exchange;
    }

    @Override
    public void finished(Outcome outcome) {
        take(News.END);
        outcomes.add(outcome);
        history.add("end " + outcome.word());
    }

    @Override
    public void released(Receipt receipt) {
        take(News.RECEIPT);
        receipts.add(receipt);
        history.add("receipt " + (receipt.clean() ? "clean" : "not clean"));
    }

    private void take(News news) {
        int left = failures.getOrDefault(news, 0);
        if (left > 0) {
            failures.put(news, left - 1);
            throw new IllegalStateException("the source cannot take " + news);
        }
    }
}
