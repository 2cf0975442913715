package dev.mayfly.cli;

import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import java.io.PrintStream;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import org.jspecify.annotations.Nullable;

/**
 * Shows a job's log to a person: sections as headings with their time, Mayfly's own words apart
 * from the job's, the output as {@link JobOutput} lets it through. On a terminal a progress line
 * fills the silence of a section in which nothing is printed.
 */
final class LogView implements LogSink, AutoCloseable {

    private static final DateTimeFormatter CLOCK = DateTimeFormatter.ofPattern("HH:mm:ss");
    private static final Duration QUIET = Duration.ofSeconds(1);

    private final Object lock = new Object();
    private final PrintStream out;
    private final Style style;
    private final boolean timestamps;
    private final JobOutput jobOutput;
    private final Thread progress;
    private String time = "";
    private boolean atLineStart = true;
    private boolean progressShown;
    private @Nullable String section;
    private long sectionStart;
    private long lastShown = System.nanoTime();
    private boolean closed;

    /**
     * Prepares a view.
     *
     * @param out where to; not closed by this view
     * @param style colours or none
     * @param timestamps whether each line starts with the time of its first byte
     */
    LogView(PrintStream out, Style style, boolean timestamps) {
        this.out = out;
        this.style = style;
        this.timestamps = timestamps;
        this.jobOutput = new JobOutput(style.interactive(), this::show);
        this.progress = Thread.ofVirtual().name("progress").unstarted(this::showProgress);
        if (style.interactive()) {
            progress.start();
        }
    }

    @Override
    public void output(long start, Instant at, byte[] bytes, int offset, int length) {
        synchronized (lock) {
            clearProgress();
            time = timestamps ? CLOCK.format(at.atZone(ZoneId.systemDefault())) + " " : "";
            jobOutput.write(bytes, offset, length);
            shown();
        }
    }

    @Override
    public void event(LogPosition at, LogEvent event) {
        synchronized (lock) {
            clearProgress();
            switch (event) {
                case LogEvent.SectionStarted(var time, String name) -> {
                    section = name;
                    sectionStart = System.nanoTime();
                    line(
                            style.heading("== " + name),
                            CLOCK.format(time.atZone(ZoneId.systemDefault())));
                }
                case LogEvent.SectionEnded(var _, String name, Duration took) -> {
                    section = null;
                    line(style.faint("== " + name + " took " + seconds(took)), "");
                }
                case LogEvent.Notice(var _, String text) -> line(style.faint("-- " + text), "");
            }
            shown();
        }
    }

    /** Says that more was written than there is. */
    void incomplete(String because) {
        synchronized (lock) {
            clearProgress();
            line(style.bad("-- the log is incomplete: " + because), "");
            shown();
        }
    }

    private void shown() {
        out.flush();
        lastShown = System.nanoTime();
    }

    @Override
    public void finish(LogPosition total) {
        close();
    }

    @Override
    public void close() {
        synchronized (lock) {
            clearProgress();
            endLine();
            out.flush();
            closed = true;
        }
        progress.interrupt();
    }

    private void show(int b) {
        if (timestamps && atLineStart) {
            out.print(style.faint(time));
        }
        out.write(b);
        atLineStart = b == '\n';
    }

    private void line(String text, String time) {
        endLine();
        out.println(time.isEmpty() ? text : text + style.faint("  " + time));
    }

    /** A line of our own never continues one of the job's, nor its colours. */
    private void endLine() {
        boolean coloured = jobOutput.interrupt();
        if (coloured) {
            out.print("\u001b[0m");
        }
        if (!atLineStart) {
            out.println();
            atLineStart = true;
        }
    }

    private void showProgress() {
        try {
            while (true) {
                Thread.sleep(QUIET.dividedBy(4));
                synchronized (lock) {
                    if (closed) {
                        return;
                    }
                    long now = System.nanoTime();
                    if (section != null && atLineStart && now - lastShown > QUIET.toNanos()) {
                        out.print(
                                "\r"
                                        + style.faint(
                                                section
                                                        + " "
                                                        + seconds(
                                                                Duration.ofNanos(
                                                                        now - sectionStart)))
                                        + "\u001b[K");
                        out.flush();
                        progressShown = true;
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt(); // closed
        }
    }

    private void clearProgress() {
        if (progressShown) {
            out.print("\r\u001b[K");
            progressShown = false;
        }
    }

    private static String seconds(Duration took) {
        long millis = took.toMillis();
        return millis < 10_000
                ? millis / 1000 + "." + millis % 1000 / 100 + " s"
                : millis / 1000 + " s";
    }
}
