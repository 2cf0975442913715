package dev.mayfly.audit;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.PublicKey;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Whether a trail is what was written: each line follows the one before, signatures are good, and
 * nothing is missing at the beginning, between or at the end.
 *
 * <p>What no look at the files alone can find is that somebody who can write all of them, the key
 * included, has made the trail anew. Against that helps a line that was noted elsewhere.
 *
 * @param first number of the first line that is there
 * @param last number of the last one
 * @param lastHash its hash
 * @param signed number of the last line that a signature vouches for
 * @param key fingerprint of the key that the signatures were checked with, or empty
 * @param faults what is wrong, in the order of the lines
 */
public record Verification(
        long first, long last, String lastHash, long signed, String key, List<Fault> faults) {

    /** Enough to see that something is wrong. */
    private static final int MOST_FAULTS = 100;

    public Verification {
        faults = List.copyOf(faults);
    }

    /** Whether nothing was found. */
    public boolean good() {
        return faults.isEmpty();
    }

    /**
     * Something that should not be.
     *
     * @param file in which file, or in the directory as a whole
     * @param seq about which line
     * @param text what is wrong
     */
    public record Fault(String file, long seq, String text) {}

    /**
     * A line that somebody has noted elsewhere.
     *
     * @param seq its number
     * @param hash its hash
     */
    public record Noted(long seq, String hash) {}

    /**
     * Looks at all of a trail.
     *
     * @param directory of its files
     * @param key public half of the key that signs, or null to take signatures as they are
     * @param noted what must be in it, or null
     * @throws IOException when it cannot be read
     */
    public static Verification of(Path directory, @Nullable Path key, @Nullable Noted noted)
            throws IOException {
        PublicKey signer = key == null ? null : SigningKey.readPublic(key);
        return new Walk(directory, signer, noted).walk();
    }

    /** One look, line by line. Used once. */
    private static final class Walk {

        private final Path directory;
        private final @Nullable PublicKey key;
        private final @Nullable Noted noted;
        private final List<Fault> faults = new ArrayList<>();

        /** Ends of what was removed, by their hashes, as later lines tell. */
        private final Map<String, Long> retired = new HashMap<>();

        private String file = "";
        private long first;
        private String beginsAfter = AuditLine.BEGINNING;
        private long seq;
        private String hash = AuditLine.BEGINNING;
        private long signed;
        private boolean met;

        Walk(Path directory, @Nullable PublicKey key, @Nullable Noted noted) {
            this.directory = directory;
            this.key = key;
            this.noted = noted;
        }

        Verification walk() throws IOException {
            List<Segment> segments = Segment.in(directory);
            for (Segment segment : segments) {
                file = String.valueOf(segment.file().getFileName());
                segment.read(0, this::look);
            }
            file = String.valueOf(directory.getFileName());
            beginning();
            end(segments);
            if (noted != null && !met) {
                fault(noted.seq(), "is not the line that was noted, or is not there");
            }
            return new Verification(
                    first,
                    seq,
                    hash,
                    signed,
                    key == null ? "" : SigningKey.fingerprint(key),
                    faults);
        }

        private boolean look(byte[] bytes, long end, boolean whole) {
            Optional<AuditLine> read = AuditLine.read(bytes);
            if (read.isEmpty() || !whole) {
                fault(seq + 1, whole ? "is no line of a trail" : "is cut off");
                if (read.isEmpty()) {
                    return true;
                }
            }
            AuditLine line = read.get();
            if (first == 0) {
                first = line.seq();
                beginsAfter = line.prev();
            } else if (line.seq() != seq + 1) {
                fault(
                        line.seq(),
                        line.seq() > seq
                                ? "follows line %d: what was between is gone".formatted(seq)
                                : "stands after line %d".formatted(seq));
            } else if (!line.prev().equals(hash)) {
                fault(
                        line.seq(),
                        "does not follow line %d: one of the two was changed".formatted(seq));
            }
            seq = line.seq();
            hash = line.hash();
            met |= noted != null && noted.seq() == seq && noted.hash().equals(hash);
            note(line);
            return true;
        }

        private void note(AuditLine line) {
            switch (line.kind()) {
                case "checkpoint" -> {
                    if (key != null && !SigningKey.vouchesFor(key, line)) {
                        fault(seq, "has a signature that the key did not make");
                    } else {
                        signed = seq;
                    }
                }
                case "retired" ->
                        retired.put(
                                line.text("last_hash"), line.object().path("last_seq").asLong());
                case "damaged" -> fault(seq, "tells of damage: " + line.text("because"));
                default -> {
                    // says nothing of the trail
                }
            }
        }

        private void beginning() {
            boolean fromTheStart = first <= 1 && beginsAfter.equals(AuditLine.BEGINNING);
            Long end = retired.get(beginsAfter);
            if (first > 0 && !fromTheStart && (end == null || end != first - 1)) {
                fault(
                        first,
                        "is the first that is there, and nothing says that those before were"
                                + " removed in due time");
            }
        }

        private void end(List<Segment> segments) throws IOException {
            Head head = Head.read(directory).orElse(Head.NONE);
            if (head.seq() > seq) {
                fault(head.seq(), "was the last one written, and the last that is there is " + seq);
            } else if (head.seq() == seq && !head.hash().equals(hash)) {
                fault(seq, "is not the last one that was written");
            }
            if (head.equals(Head.NONE) && !segments.isEmpty()) {
                fault(seq, "may not be the last one: " + directory.resolve("head") + " is missing");
            }
            if (segments.isEmpty() && !Files.isDirectory(directory)) {
                fault(0, "there is no " + directory);
            }
        }

        private void fault(long at, String text) {
            if (faults.size() < MOST_FAULTS) {
                faults.add(new Fault(file, at, text));
            }
        }
    }
}
