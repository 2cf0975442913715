package dev.mayfly.source.gitlab;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Writes a job's log as one text of GitLab's: output as it is, Mayfly's structure in GitLab's
 * markers.
 *
 * <p>The markers carry a mark that the job cannot know, so that nothing it prints opens or closes a
 * section of Mayfly's; sections of its own fold as ever. For one thread at a time.
 */
public final class TraceWriter {

    private static final String START_OF_LINE = "\r\u001b[0K";
    private static final String TITLE = "\u001b[36;1m";
    private static final String RESET = "\u001b[0;m";

    /** Its words and bytes are gitlab-runner's: people search for them. */
    private static final String LIMIT_NOTICE =
            "\n\u001b[33;1mJob's log exceeded limit of %d bytes.\n"
                    + "Job execution will continue but no more output will be collected."
                    + RESET
                    + "\n";

    private static final int BLOCK_BYTES = 64 * 1024;

    /** More than a section's name, mark and time have. */
    private static final int LONGEST_MARKER = 512;

    /** The section in which it is said what became of the environment. */
    static final String TEARDOWN = "teardown";

    /** What GitLab takes for the name of a section. */
    private static final Pattern NOT_IN_ID = Pattern.compile("[^A-Za-z0-9_.-]");

    private final TraceSpool spool;
    private final long limit;
    private final boolean sections;
    private final String mark;
    private final LineStamps stamps;
    private final Utf8Repair repair = new Utf8Repair();
    private long output;
    private boolean full;
    private boolean inLine;

    /** When the last piece of output was printed. */
    private Instant printed = Instant.EPOCH;

    /**
     * What the server makes of a log.
     *
     * @param sections whether it folds them
     * @param stamps whether it shows when each line was printed
     */
    public record Style(boolean sections, boolean stamps) {}

    /**
     * How a log is written, so that another life can go on with it.
     *
     * @param mark letters and digits that nobody can guess, another for each job
     */
    record Form(Style style, String mark) {}

    /**
     * Goes on with a log of a life that has died in the middle of it.
     *
     * @param form or null for one without sections
     */
    static TraceWriter resumed(TraceSpool spool, @Nullable Form form) throws IOException {
        TraceWriter writer =
                form == null
                        ? new TraceWriter(spool, 0, new Style(false, false), "")
                        : new TraceWriter(spool, 0, form.style(), form.mark());
        long size = spool.sum().bytes();
        byte[] last = new byte[1];
        writer.inLine = size > 0 && spool.read(size - 1, last) == 1 && last[0] != '\n';
        return writer;
    }

    /**
     * Begins an empty log.
     *
     * @param limit of the output, in bytes; sections and notices are few and not counted
     * @param mark letters and digits that nobody can guess, another for each job
     */
    public TraceWriter(TraceSpool spool, long limit, Style style, String mark) {
        this.spool = spool;
        this.limit = limit;
        this.sections = style.sections();
        this.stamps = new LineStamps(style.stamps());
        this.mark = mark;
    }

    /**
     * What the job printed, masked. Beyond the limit it is swallowed.
     *
     * @param at when it was printed
     * @throws IOException when it could not be kept
     */
    public void output(Instant at, byte[] bytes, int offset, int length) throws IOException {
        printed = at;
        ByteArrayOutputStream repaired = new ByteArrayOutputStream(length + 8);
        repair.accept(bytes, offset, length, repaired);
        keep(repaired.toByteArray());
    }

    /** A part of the job begins. */
    public void sectionStarted(Instant at, String section) throws IOException {
        freshLine();
        StringBuilder text = new StringBuilder();
        if (sections) {
            text.append("section_start:%d:%s".formatted(at.getEpochSecond(), id(section)))
                    .append(START_OF_LINE);
        }
        write(at, text.append(TITLE).append(title(section)).append(RESET).append('\n'));
    }

    /** The part ends. */
    public void sectionEnded(Instant at, String section) throws IOException {
        freshLine();
        write(at, sections ? endOf(at, id(section)) : new StringBuilder());
    }

    private static StringBuilder endOf(Instant at, String id) {
        return new StringBuilder("section_end:%d:%s".formatted(at.getEpochSecond(), id))
                .append(START_OF_LINE);
    }

    /** Ends the section in which an earlier life has died, if there is one. */
    void sectionLeftOpenEnded(Instant at) throws IOException {
        String open = sectionLeftOpen();
        if (open != null) {
            freshLine();
            write(at, endOf(at, open));
        }
    }

    /** Mayfly's sections follow each other, so only the last one can be open. */
    private @Nullable String sectionLeftOpen() throws IOException {
        if (!sections) {
            return null;
        }
        Pattern markers =
                Pattern.compile(
                        "section_(start|end):[0-9]+:([A-Za-z0-9_.-]+_%s)\r"
                                .formatted(Pattern.quote(mark)));
        String open = null;
        StringBuilder text = new StringBuilder();
        byte[] block = new byte[BLOCK_BYTES];
        long at = 0;
        for (int read = spool.read(at, block); read > 0; read = spool.read(at, block)) {
            at += read;
            text.append(new String(block, 0, read, StandardCharsets.ISO_8859_1));
            int looked = Math.max(0, text.length() - LONGEST_MARKER);
            for (Matcher found = markers.matcher(text); found.find(); ) {
                open = found.group(1).equals("start") ? found.group(2) : null;
                looked = Math.max(looked, found.end());
            }
            text.delete(0, looked); // what is left may be the beginning of a marker
        }
        return open;
    }

    /**
     * Mayfly itself has something to say.
     *
     * @param text one line, masked
     */
    public void notice(Instant at, String text) throws IOException {
        freshLine();
        write(at, new StringBuilder(text).append('\n'));
    }

    /** No more comes. */
    public void finish() throws IOException {
        endCharacter();
    }

    private void keep(byte[] piece) throws IOException {
        if (full || piece.length == 0) {
            return;
        }
        byte[] bytes = stamps.stamped(printed, LineStamps.Stream.WORK, piece);
        int fits = (int) Math.min(bytes.length, limit - output);
        if (fits < bytes.length) {
            full = true;
            while (fits > 0 && (bytes[fits] & 0xC0) == 0x80) {
                fits--; // not in the middle of a character
            }
        }
        if (fits > 0) {
            append(bytes, fits);
            output += fits;
        }
        if (full) {
            byte[] notice = LIMIT_NOTICE.formatted(limit).getBytes(StandardCharsets.UTF_8);
            append(notice, notice.length);
        }
    }

    private void freshLine() throws IOException {
        endCharacter();
        if (inLine) {
            append(new byte[] {'\n'}, 1);
        }
        stamps.lineEnded();
    }

    private void endCharacter() throws IOException {
        ByteArrayOutputStream rest = new ByteArrayOutputStream(4);
        repair.finish(rest);
        keep(rest.toByteArray());
    }

    private void write(Instant at, StringBuilder text) throws IOException {
        byte[] bytes = text.toString().getBytes(StandardCharsets.UTF_8);
        byte[] stamped = stamps.stamped(at, LineStamps.Stream.EXECUTOR, bytes);
        append(stamped, stamped.length);
        inLine = false; // what is left open is a section's mark, which is no text
    }

    private void append(byte[] bytes, int length) throws IOException {
        if (length > 0) {
            spool.append(bytes, 0, length);
            inLine = bytes[length - 1] != '\n';
        }
    }

    private String id(String section) {
        String name =
                switch (section) {
                    case "prepare" -> "prepare_executor";
                    case "checkout" -> "get_sources";
                    case "script" -> "step_script";
                    default -> NOT_IN_ID.matcher(section).replaceAll("_");
                };
        return name + "_" + mark;
    }

    private static String title(String section) {
        return switch (section) {
            case "prepare" -> "Preparing environment";
            case "checkout" -> "Getting source from Git repository";
            case "script" -> "Executing \"step_script\" stage of the job script";
            case "setup" -> "Running the setup, without secrets";
            case "after_script" -> "Running after_script";
            case "restore_cache" -> "Restoring cache";
            case "download_artifacts" -> "Downloading artifacts";
            case "archive_cache" -> "Saving cache for successful job";
            case "archive_cache_on_failure" -> "Saving cache for failed job";
            case "upload_artifacts_on_success" -> "Uploading artifacts for successful job";
            case "upload_artifacts_on_failure" -> "Uploading artifacts for failed job";
            case TEARDOWN -> "Destroying the environment";
            default ->
                    section.startsWith("step_")
                            ? "Executing \"" + section + "\" stage of the job script"
                            : section;
        };
    }
}
