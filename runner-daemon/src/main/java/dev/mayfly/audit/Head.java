package dev.mayfly.audit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Where the chain ends, beside the chain: it tells when an end was cut off.
 *
 * @param seq number of the last line; 0 before the first
 * @param hash of the last line
 * @param segment number of the first line of the file that it is in; 0 before the first
 * @param length of that file in bytes
 */
record Head(long seq, String hash, long segment, long length) {

    static final Head NONE = new Head(0, AuditLine.BEGINNING, 0, 0);

    private static final String FILE = "head";

    private static final Pattern TEXT =
            Pattern.compile("(\\d{1,18}) ([0-9a-f]{64}) (\\d{1,18}) (\\d{1,18})\\R?");

    /** What is written down; empty when nothing is, or nothing that can be read. */
    static Optional<Head> read(Path directory) throws IOException {
        try {
            Matcher text = TEXT.matcher(Files.readString(directory.resolve(FILE)));
            return text.matches()
                    ? Optional.of(
                            new Head(
                                    Long.parseLong(text.group(1)),
                                    text.group(2),
                                    Long.parseLong(text.group(3)),
                                    Long.parseLong(text.group(4))))
                    : Optional.empty();
        } catch (NoSuchFileException e) {
            return Optional.empty();
        }
    }

    void write(Path directory) throws IOException {
        Path draft = directory.resolve(FILE + ".new");
        Files.writeString(draft, seq + " " + hash + " " + segment + " " + length + "\n");
        Files.move(draft, directory.resolve(FILE), StandardCopyOption.ATOMIC_MOVE);
    }

    /** The place after this one. */
    AuditLine.Place next() {
        return new AuditLine.Place(seq + 1, hash);
    }
}
