package dev.mayfly.audit;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.nio.file.attribute.UserPrincipal;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The files of the trail. Several processes may write to them, in turns: whoever writes looks first
 * where the others have ended.
 */
final class Chain {

    private static final Logger LOG = LoggerFactory.getLogger(Chain.class);

    private static final Duration PATIENCE = Duration.ofSeconds(15);

    private final TrailSettings settings;
    private final SigningKey key;

    /** Lines since the last signature that this process knows of. */
    private int unsigned;

    private Chain(TrailSettings settings, SigningKey key) {
        this.settings = settings;
        this.key = key;
    }

    /**
     * Opens it, making directory and key where they are missing.
     *
     * @throws IOException naming the file and the cure
     */
    static Chain open(TrailSettings settings) throws IOException {
        Files.createDirectories(
                settings.directory(),
                PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString("rwx------")));
        return new Chain(settings, SigningKey.readOrCreate(settings.key()));
    }

    /** Appends, and returns when it is on the disk. */
    void append(List<AuditLine.Draft> drafts) throws IOException, InterruptedException {
        try (FileChannel guard = open(settings.directory().resolve("lock"));
                FileLock _ = lock(guard)) {
            Found found = find();
            List<AuditLine.Draft> lines = new ArrayList<>();
            if (found.damage() != null) {
                lines.add(
                        new AuditLine.Draft(
                                drafts.getFirst().stamp(), new AuditEvent.Damaged(found.damage())));
            }
            lines.addAll(drafts);
            round(write(found.head(), lines), drafts.getLast().stamp());
        }
    }

    /** Vouches for what there is. */
    void seal(AuditLine.Stamp stamp) throws IOException, InterruptedException {
        if (unsigned == 0) {
            return;
        }
        try (FileChannel guard = open(settings.directory().resolve("lock"));
                FileLock _ = lock(guard)) {
            sign(find().head(), stamp).write(settings.directory());
        }
    }

    /** Whether there are lines that nothing vouches for yet. */
    boolean unsigned() {
        return unsigned > 0;
    }

    /** What is done beside writing. The lines are written, so nothing here may fail them. */
    private void round(Head written, AuditLine.Stamp stamp) {
        Head head = written;
        try {
            if (unsigned >= settings.checkpointEvery()) {
                head = sign(head, stamp);
            }
            head.write(settings.directory());
        } catch (IOException e) {
            LOG.warn("the audit trail could not be rounded off, the next write tries again", e);
        }
    }

    private Head sign(Head written, AuditLine.Stamp stamp) throws IOException {
        Head head = retire(written, stamp);
        Head signed = write(head, List.of(new AuditLine.Draft(stamp, key.checkpoint(head.next()))));
        unsigned = 0;
        return signed;
    }

    // -- where the chain ends

    /** The end of the chain, and what is wrong with it, if anything. */
    private record Found(Head head, @Nullable String damage) {}

    private Found find() throws IOException {
        Path directory = settings.directory();
        Optional<Head> note = Head.read(directory);
        Head noted = note.orElse(Head.NONE);
        List<Segment> segments = Segment.in(directory);
        if (segments.isEmpty()) {
            return noted.seq() == 0
                    ? new Found(noted, null)
                    : new Found(
                            new Head(noted.seq(), noted.hash(), 0, 0),
                            "all files are gone; the last line was " + noted.seq());
        }
        Segment newest = segments.getLast();
        long length = Files.size(newest.file());
        if (newest.first() == noted.segment() && length == noted.length()) {
            return new Found(noted, null);
        }
        Found found = scan(noted, newest);
        return note.isPresent() || found.damage() != null
                ? found
                : new Found(
                        found.head(),
                        "nothing says which line was the last, so that none may be missing after %d"
                                .formatted(found.head().seq()));
    }

    /** Takes what a process has written that died before it could note it. */
    private static Found scan(Head noted, Segment newest) throws IOException {
        var end =
                new Object() {
                    Head head = new Head(newest.first() - 1, "", newest.first(), 0);
                    long torn;
                };
        newest.read(
                0,
                (bytes, at, whole) -> {
                    AuditLine line = whole ? AuditLine.read(bytes).orElse(null) : null;
                    if (line == null) {
                        end.torn = at - end.head.length();
                        return false;
                    }
                    end.head = new Head(line.seq(), line.hash(), newest.first(), at);
                    return true;
                });
        Head head = end.head;
        if (end.torn > 0) {
            // Nobody was told that it was kept.
            try (FileChannel file = FileChannel.open(newest.file(), StandardOpenOption.WRITE)) {
                file.truncate(head.length());
                file.force(true);
            }
        }
        if (head.length() == 0) {
            head = new Head(noted.seq(), noted.hash(), newest.first(), 0);
        }
        if (head.seq() < noted.seq()) {
            return new Found(
                    new Head(noted.seq(), noted.hash(), head.segment(), head.length()),
                    "the last line is %d and should be %d".formatted(head.seq(), noted.seq()));
        }
        return new Found(
                head,
                end.torn > 0
                        ? "%d bytes after line %d were no line, and were removed: writing was cut off"
                                .formatted(end.torn, head.seq())
                        : null);
    }

    // -- writing

    private Head write(Head from, List<AuditLine.Draft> drafts) throws IOException {
        Head head = from;
        if (head.segment() == 0 || head.length() >= settings.segmentBytes()) {
            head = new Head(head.seq(), head.hash(), head.seq() + 1, 0);
        }
        Segment segment = Segment.beginning(settings.directory(), head.segment());
        ByteArrayOutputStream text = new ByteArrayOutputStream();
        for (AuditLine.Draft draft : drafts) {
            byte[] line = AuditLine.bytes(draft, head.next());
            text.writeBytes(line);
            text.write('\n');
            head =
                    new Head(
                            head.seq() + 1,
                            AuditLine.hashOf(line),
                            head.segment(),
                            head.length() + line.length + 1);
        }
        try (FileChannel file = open(segment.file())) {
            long before = head.length() - text.size();
            ByteBuffer rest = ByteBuffer.wrap(text.toByteArray());
            try {
                while (rest.hasRemaining()) {
                    file.write(rest, before + rest.position());
                }
                file.force(true);
            } catch (IOException e) {
                file.truncate(before); // a half-written group is written again as a whole
                throw e;
            }
        }
        unsigned += drafts.size();
        return head;
    }

    /** Removes whole files that are too old, or too much, and says so in the newest. */
    private Head retire(Head head, AuditLine.Stamp stamp) throws IOException {
        List<Segment> segments = Segment.in(settings.directory());
        Instant oldest = stamp.at().minus(settings.keep());
        long bytes = 0;
        int keepFrom = 0;
        for (int i = segments.size() - 1; i >= 0 && keepFrom == 0; i--) {
            Path file = segments.get(i).file();
            bytes += Files.size(file);
            boolean newest = i == segments.size() - 1;
            boolean old = Files.getLastModifiedTime(file).toInstant().isBefore(oldest);
            if (!newest && (old || bytes > settings.mostBytes())) {
                keepFrom = i + 1;
            }
        }
        if (keepFrom == 0) {
            return head;
        }
        // Said first: a chain that begins late without a word for it looks cut.
        Head end = endOf(segments.get(keepFrom - 1));
        Head after =
                write(
                        head,
                        List.of(
                                new AuditLine.Draft(
                                        stamp, new AuditEvent.Retired(end.seq(), end.hash()))));
        for (Segment gone : segments.subList(0, keepFrom)) {
            Files.delete(gone.file());
        }
        return after;
    }

    private static Head endOf(Segment segment) throws IOException {
        var end =
                new Object() {
                    Head head = Head.NONE;
                };
        segment.read(
                0,
                (bytes, at, whole) -> {
                    AuditLine.read(bytes)
                            .ifPresent(line ->
                                    end.head =
                                            new Head(line.seq(), line.hash(), segment.first(), at));
                    return true;
                });
        return end.head;
    }

    private static FileChannel open(Path file) throws IOException {
        boolean there = Files.exists(file);
        FileChannel channel =
                FileChannel.open(
                        file,
                        Set.of(StandardOpenOption.CREATE, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")));
        if (!there) {
            // A command of root's must not leave a file that the daemon's user cannot write to.
            UserPrincipal owner = Files.getOwner(file.toAbsolutePath().getParent());
            if (!Files.getOwner(file).equals(owner)) {
                Files.setOwner(file, owner);
            }
        }
        return channel;
    }

    private static FileLock lock(FileChannel guard) throws IOException, InterruptedException {
        long deadline = System.nanoTime() + PATIENCE.toNanos();
        while (true) {
            FileLock lock = tryLock(guard);
            if (lock != null) {
                return lock;
            }
            if (System.nanoTime() > deadline) {
                throw new IOException("another process has been writing for " + PATIENCE);
            }
            Thread.sleep(5);
        }
    }

    private static @Nullable FileLock tryLock(FileChannel guard) throws IOException {
        try {
            return guard.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // held by another thread of this process
        }
    }
}
