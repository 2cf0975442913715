package dev.mayfly.audit;

import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;

/** A trail in a directory of its own, and what is in it. */
final class TrailFiles {

    static final LifeId LIFE = new LifeId("life-1");
    static final String POLICY = "ab".repeat(32);

    final TrailSettings settings;

    TrailFiles(Path root, long segmentBytes, int checkpointEvery) {
        this(root, segmentBytes, Duration.ofDays(1), 1L << 40, checkpointEvery);
    }

    TrailFiles(Path root, long segmentBytes, Duration keep, long mostBytes, int checkpointEvery) {
        settings =
                new TrailSettings(
                        root.resolve("audit"),
                        root.resolve("audit.key"),
                        segmentBytes,
                        keep,
                        mostBytes,
                        checkpointEvery);
    }

    ChainedTrail open() throws IOException {
        return open(ChainedTrail.Room.USUAL);
    }

    ChainedTrail open(ChainedTrail.Room room) throws IOException {
        return ChainedTrail.open(settings, room, LIFE, () -> POLICY, InstantSource.system());
    }

    /** Writes events about jobs, one by one, and ends. */
    void write(int from, int to) throws IOException {
        try (ChainedTrail trail = open()) {
            for (int i = from; i < to; i++) {
                trail.record(approved(i));
            }
        }
    }

    static AuditEvent approved(int number) {
        return new AuditEvent.JobApproved(new JobId("job-" + number), "somebody");
    }

    List<AuditLine> lines() throws IOException {
        List<AuditLine> lines = new ArrayList<>();
        new TrailReader(settings.directory()).read(null, _ -> true, (_, line) -> lines.add(line));
        return lines;
    }

    List<String> approvals() throws IOException {
        return lines().stream()
                .filter(line -> line.kind().equals("job-approved"))
                .map(line -> line.text("job"))
                .toList();
    }

    Verification verify() throws IOException {
        return Verification.of(settings.directory(), settings.publicKey(), null);
    }

    List<String> faults() throws IOException {
        return verify().faults().stream()
                .map(fault -> "line " + fault.seq() + " " + fault.text())
                .toList();
    }

    List<Path> segments() throws IOException {
        return Segment.in(settings.directory()).stream().map(Segment::file).toList();
    }

    /** All lines of the only segment, to be changed and written back. */
    List<String> text() throws IOException {
        return new ArrayList<>(Files.readAllLines(segments().getFirst()));
    }

    void rewrite(List<String> lines) throws IOException {
        Files.writeString(segments().getFirst(), String.join("\n", lines) + "\n");
    }
}
