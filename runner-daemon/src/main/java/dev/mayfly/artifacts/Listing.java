package dev.mayfly.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.artifacts.WorkspaceEntry.Attributes;
import dev.mayfly.artifacts.WorkspaceEntry.Kind;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.List;

/**
 * Reads the listing of a source directory while it is made, and offers each entry to who selects.
 * Nothing of it is kept here, however long it is. What it reads was written beside files that a job
 * has left, so nothing in it is taken for granted. For one thread.
 */
public final class Listing {

    /**
     * What {@code find} is to print of each entry: fields that end with a NUL, which no path holds.
     */
    public static final String FIND_FORMAT = "%y\\0%m\\0%s\\0%T@\\0%P\\0%l\\0";

    /** Printed before the fields of what may be read, and of what may not. */
    public static final String READABLE = "r";

    public static final String UNREADABLE = "u";

    private static final int FIELDS = 6;

    /** Linux knows none that is longer. */
    private static final int LONGEST_FIELD = 4096;

    private final List<Selection> selections;
    private final String[] fields = new String[FIELDS];
    private final ByteArrayOutputStream field = new ByteArrayOutputStream(256);
    private int complete;
    private boolean illegible;
    private long nameless;

    /** Reads for these. */
    public Listing(List<Selection> selections) {
        this.selections = List.copyOf(selections);
    }

    /**
     * Takes the next bytes.
     *
     * @throws FaultException {@code ARTIFACTS} when they are no listing, or more is meant than may
     *     be
     */
    public void take(byte[] bytes, int offset, int length) {
        for (int i = offset; i < offset + length; i++) {
            if (bytes[i] != 0) {
                if (field.size() == LONGEST_FIELD) {
                    throw broken("a field is too long");
                }
                field.write(bytes[i]);
                continue;
            }
            try {
                fields[complete] =
                        UTF_8.newDecoder().decode(ByteBuffer.wrap(field.toByteArray())).toString();
            } catch (CharacterCodingException e) {
                fields[complete] = "";
                illegible = true;
            }
            field.reset();
            if (++complete == FIELDS) {
                complete = 0;
                entry();
            }
        }
    }

    /**
     * The listing has ended.
     *
     * @return names that cannot be told, because they are not UTF-8
     * @throws FaultException {@code ARTIFACTS} when it ended in the middle of something
     */
    public long end() {
        if (complete != 0 || field.size() > 0) {
            throw broken("it ends in an entry");
        }
        return nameless;
    }

    private void entry() {
        if (illegible) {
            illegible = false;
            nameless++;
            return;
        }
        String path = fields[4];
        if (path.isEmpty()) {
            return; // the directory itself
        }
        if (path.startsWith("/") || List.of(path.split("/", -1)).contains("..")) {
            throw broken("at " + path);
        }
        WorkspaceEntry entry;
        try {
            Kind kind =
                    switch (fields[0].substring(1)) {
                        case "f" -> Kind.FILE;
                        case "d" -> Kind.DIRECTORY;
                        case "l" -> Kind.LINK;
                        default -> Kind.OTHER;
                    };
            int point = fields[3].indexOf('.');
            entry =
                    new WorkspaceEntry(
                            path,
                            kind,
                            kind == Kind.FILE ? Long.parseLong(fields[2]) : 0,
                            new Attributes(
                                    Integer.parseInt(fields[1], 8) & 0777,
                                    Long.parseLong(
                                            point < 0 ? fields[3] : fields[3].substring(0, point)),
                                    fields[0].startsWith(READABLE)),
                            fields[5]);
        } catch (IndexOutOfBoundsException | NumberFormatException e) {
            throw broken("at " + path);
        }
        for (Selection selection : selections) {
            selection.offer(entry);
        }
    }

    private static FaultException broken(String how) {
        return new FaultException(
                Fault.ARTIFACTS,
                "the listing of the workspace is broken: " + how + "; look at the engine's log");
    }
}
