package dev.mayfly.audit;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.Eventually;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.FileTime;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ChainedTrailTest {

    private static final Duration LIMIT = Duration.ofMinutes(1);

    @TempDir private Path root;

    @Test
    void linesFollowEachOtherAndTheEndIsSigned() throws IOException {
        TrailFiles files = new TrailFiles(root, 1 << 20, 1000);

        files.write(0, 3);

        assertThat(files.approvals()).containsExactly("job-0", "job-1", "job-2");
        assertThat(files.lines()).extracting(AuditLine::seq).containsExactly(1L, 2L, 3L, 4L);
        assertThat(files.lines().getFirst().prev()).isEqualTo("0".repeat(64));
        assertThat(files.lines().getLast().kind()).isEqualTo("checkpoint");
        assertThat(files.verify().good()).isTrue();
        assertThat(files.verify().signed()).isEqualTo(4);
    }

    @Test
    void everyLineHasTheDigestOfThePolicy() throws IOException {
        TrailFiles files = new TrailFiles(root, 1 << 20, 2);

        files.write(0, 10);

        assertThat(files.lines())
                .hasSizeGreaterThan(10)
                .allSatisfy(line -> assertThat(line.text("policy")).isEqualTo(TrailFiles.POLICY));
    }

    @Test
    void aSecondLifeGoesOnWhereTheFirstEnded() throws IOException {
        TrailFiles files = new TrailFiles(root, 1 << 20, 1000);

        files.write(0, 2);
        files.write(2, 4);

        assertThat(files.approvals()).containsExactly("job-0", "job-1", "job-2", "job-3");
        assertThat(files.faults()).isEmpty();
    }

    @Test
    void manyThreadsAndSeveralTrailsMakeOneChain() throws Exception {
        TrailFiles files = new TrailFiles(root, 4096, 50);
        int writers = 4;
        int each = 200;
        List<Thread> threads = new ArrayList<>();
        for (int w = 0; w < writers; w++) {
            int from = w * each;
            threads.add(
                    Thread.ofPlatform()
                            .start(() -> {
                                try {
                                    files.write(from, from + each);
                                } catch (IOException e) {
                                    throw new IllegalStateException(e);
                                }
                            }));
        }
        for (Thread thread : threads) {
            thread.join();
        }

        assertThat(files.approvals())
                .containsExactlyInAnyOrderElementsOf(
                        IntStream.range(0, writers * each).mapToObj(i -> "job-" + i).toList());
        assertThat(files.segments()).hasSizeGreaterThan(1);
        assertThat(files.faults()).isEmpty();
    }

    @Test
    void whatAProcessWroteThatDiedBeforeNotingItIsTaken() throws IOException {
        TrailFiles files = new TrailFiles(root, 1 << 20, 1000);
        files.write(0, 2);
        byte[] head = Files.readAllBytes(files.settings.directory().resolve("head"));
        files.write(2, 3);
        Files.write(files.settings.directory().resolve("head"), head);

        files.write(3, 4);

        assertThat(files.approvals()).containsExactly("job-0", "job-1", "job-2", "job-3");
        assertThat(files.faults()).isEmpty();
    }

    @Test
    void anEndThatWasCutOffWithTheNoteOfItStaysAFault() throws IOException {
        TrailFiles files = new TrailFiles(root, 1 << 20, 1000);
        files.write(0, 5);
        files.rewrite(files.text().subList(0, 2));
        Files.delete(files.settings.directory().resolve("head"));

        files.write(5, 6);

        assertThat(files.approvals()).containsExactly("job-0", "job-1", "job-5");
        assertThat(files.faults())
                .singleElement()
                .asString()
                .contains("nothing says which line was the last")
                .contains("after 2");
    }

    @Test
    void aTornLineIsRemovedAndThatIsSaid() throws IOException {
        TrailFiles files = new TrailFiles(root, 1 << 20, 1000);
        files.write(0, 2);
        Files.writeString(
                files.segments().getFirst(), "{\"seq\":4,\"at\":\"20", StandardOpenOption.APPEND);
        assertThat(files.faults()).containsExactly("line 4 is cut off");

        files.write(2, 3);

        assertThat(files.approvals()).containsExactly("job-0", "job-1", "job-2");
        assertThat(files.lines()).extracting(AuditLine::kind).contains("damaged");
        assertThat(files.faults())
                .singleElement()
                .asString()
                .contains("tells of damage")
                .contains("after line 3");
    }

    @Test
    void anEndThatWasCutOffStaysAFaultWhenTheTrailGoesOn() throws IOException {
        TrailFiles files = new TrailFiles(root, 1 << 20, 1000);
        files.write(0, 5);
        List<String> lines = files.text();
        files.rewrite(lines.subList(0, 2));

        files.write(5, 6);

        assertThat(files.faults()).anyMatch(fault -> fault.contains("should be 6"));
        assertThat(files.faults()).anyMatch(fault -> fault.contains("what was between is gone"));
        assertThat(files.approvals()).contains("job-5");
    }

    @Test
    void oldFilesGoAndTheRestStillVerifies() throws IOException {
        TrailFiles files = new TrailFiles(root, 1024, Duration.ofDays(7), 1L << 40, 1000);
        files.write(0, 5);
        files.write(5, 10);
        files.write(10, 15);
        List<Path> segments = files.segments();
        assertThat(segments).hasSizeGreaterThanOrEqualTo(3);
        Files.setLastModifiedTime(
                segments.getFirst(), FileTime.from(Instant.now().minus(Duration.ofDays(8))));

        files.write(15, 16);

        assertThat(files.segments()).doesNotContain(segments.getFirst());
        assertThat(files.approvals()).doesNotContain("job-0").contains("job-14", "job-15");
        assertThat(files.faults()).isEmpty();
    }

    @Test
    void filesThatTogetherAreTooLargeGo() throws IOException {
        TrailFiles files = new TrailFiles(root, 1024, Duration.ofDays(7), 8 * 1024, 1000);
        for (int i = 0; i < 40; i++) {
            files.write(i * 5, i * 5 + 5);
        }

        long bytes = 0;
        for (Path segment : files.segments()) {
            bytes += Files.size(segment);
        }
        assertThat(bytes).isLessThan(16 * 1024);
        assertThat(files.approvals()).contains("job-199").doesNotContain("job-0");
        assertThat(files.faults()).isEmpty();
    }

    @Test
    void anOldBeginningThatWasRemovedByHandIsMissed() throws IOException {
        TrailFiles files = new TrailFiles(root, 1024, 1000);
        files.write(0, 5);
        files.write(5, 10);
        Files.delete(files.segments().getFirst());

        assertThat(files.faults())
                .singleElement()
                .asString()
                .contains("is the first that is there");
    }

    @Test
    void whileNothingCanBeWrittenItSaysSoAndAfterwardsNothingIsMissing() throws Exception {
        TrailFiles files = new TrailFiles(root, 1 << 20, 1000);
        Path segment;
        try (ChainedTrail trail = files.open()) {
            trail.record(TrailFiles.approved(0));
            // With what says which line is the last, which is written after the line.
            Eventually.holds(
                    "written",
                    LIMIT,
                    () -> !files.approvals().isEmpty() && files.faults().isEmpty());
            segment = files.segments().getFirst();
            Path aside = root.resolve("aside");
            Files.move(files.settings.directory(), aside);
            Files.writeString(files.settings.directory(), "no directory");

            trail.record(TrailFiles.approved(1));
            Eventually.holds("unhealthy", LIMIT, () -> !trail.unhealthyBecause().isEmpty());
            assertThat(trail.unhealthyBecause()).contains("the audit trail cannot be written");

            Files.delete(files.settings.directory());
            Files.move(aside, files.settings.directory());
            Eventually.holds("healthy", LIMIT, () -> trail.unhealthyBecause().isEmpty());
        }

        assertThat(segment).exists();
        assertThat(files.approvals()).containsExactly("job-0", "job-1");
        assertThat(files.faults()).isEmpty();
    }

    @Test
    void whatFindsNoPlaceIsCountedAndTheTrailSaysHowMany() throws Exception {
        TrailFiles files = new TrailFiles(root, 1 << 20, 100_000);
        int places = 20;
        ChainedTrail.Room little = new ChainedTrail.Room(4, Duration.ofMillis(1));
        try (ChainedTrail trail = files.open(little)) {
            Path aside = root.resolve("aside");
            Files.move(files.settings.directory(), aside);
            Files.writeString(files.settings.directory(), "no directory");
            trail.record(TrailFiles.approved(0));
            Eventually.holds("unhealthy", LIMIT, () -> !trail.unhealthyBecause().isEmpty());

            for (int i = 1; i <= places; i++) {
                trail.record(TrailFiles.approved(i));
            }
            assertThat(trail.lost()).isPositive();

            Files.delete(files.settings.directory());
            Files.move(aside, files.settings.directory());
        }

        long said =
                files.lines().stream()
                        .filter(line -> line.kind().equals("lost"))
                        .mapToLong(line -> line.object().path("events").asLong())
                        .sum();
        assertThat(said + files.approvals().size()).isEqualTo(places + 1);
        assertThat(files.faults()).isEmpty();
    }

    @Test
    void aKeyThatOthersCanReadIsRefused() throws IOException {
        TrailFiles files = new TrailFiles(root, 1 << 20, 1000);
        files.write(0, 1);
        assertThat(Files.getPosixFilePermissions(files.settings.key()))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
        Files.setPosixFilePermissions(
                files.settings.key(), PosixFilePermissions.fromString("rw-r--r--"));

        assertThatThrownBy(files::open)
                .isInstanceOf(IOException.class)
                .hasMessageContaining("chmod 600 " + files.settings.key());
    }

    @Test
    void aFileThatIsNoKeyIsRefusedByItsName() throws IOException {
        TrailFiles files = new TrailFiles(root, 1 << 20, 1000);
        files.write(0, 1);
        Files.writeString(files.settings.key(), "nothing");

        assertThatThrownBy(files::open)
                .isInstanceOf(IOException.class)
                .hasMessageContaining(files.settings.key().toString())
                .hasMessageContaining("PRIVATE KEY");
    }
}
