package dev.mayfly.execution;

import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.Receipt;
import dev.mayfly.source.JobReport;
import java.nio.charset.StandardCharsets;
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
    public LogSink log() {
        take(News.LOG);
        return log;
    }

    private final LogSink log =
            new LogSink() {
                @Override
                public void accept(LogEvent event) throws InterruptedException {
                    take(News.LINE);
                    if (Thread.interrupted()) {
                        throw new InterruptedException("the log was interrupted");
                    }
                    switch (event) {
                        case LogEvent.Output(var _, byte[] bytes) ->
                                text.append(new String(bytes, StandardCharsets.UTF_8));
                        case LogEvent.SectionStarted(var _, String name) ->
                                text.append("<").append(name).append(">\n");
                        case LogEvent.SectionEnded(var _, String name, var _) ->
                                text.append("</").append(name).append(">\n");
                        case LogEvent.Notice(var _, String notice) ->
                                text.append("-- ").append(notice).append("\n");
                    }
                }

                @Override
                public void finish() {
                    take(News.LOG_END);
                    history.add("log end");
                }
            };

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
