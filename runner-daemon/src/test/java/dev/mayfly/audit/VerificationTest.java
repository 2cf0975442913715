package dev.mayfly.audit;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whoever touches the trail is seen. */
class VerificationTest {

    @TempDir private Path root;
    private TrailFiles files;

    @BeforeEach
    void write() throws IOException {
        files = new TrailFiles(root, 1 << 20, 4);
        files.write(0, 20);
        assertThat(files.faults()).isEmpty();
    }

    @Test
    void aChangedWordIsSeen() throws IOException {
        List<String> lines = files.text();
        lines.set(6, lines.get(6).replace("somebody", "nobody00"));
        files.rewrite(lines);

        assertThat(files.faults())
                .containsExactly("line 8 does not follow line 7: one of the two was changed");
    }

    @Test
    void anyChangedByteIsSeen() throws IOException {
        Path file = files.segments().getFirst();
        byte[] good = Files.readAllBytes(file);
        for (int i = 0; i < good.length; i += 37) {
            byte[] bad = good.clone();
            bad[i] ^= 1;
            Files.write(file, bad);

            assertThat(files.faults()).as("byte %d", i).isNotEmpty();
        }
    }

    @Test
    void aRemovedLineIsSeen() throws IOException {
        List<String> lines = files.text();
        lines.remove(9);
        files.rewrite(lines);

        assertThat(files.faults())
                .containsExactly("line 11 follows line 9: what was between is gone");
    }

    @Test
    void movedLinesAreSeen() throws IOException {
        List<String> lines = files.text();
        Collections.swap(lines, 3, 4);
        files.rewrite(lines);

        assertThat(files.faults()).isNotEmpty();
    }

    @Test
    void anAddedLineIsSeen() throws IOException {
        List<String> lines = files.text();
        lines.add(5, lines.get(5));
        files.rewrite(lines);

        assertThat(files.faults()).containsExactly("line 6 stands after line 6");
    }

    @Test
    void anEndThatIsCutOffIsSeen() throws IOException {
        List<String> lines = files.text();
        files.rewrite(lines.subList(0, lines.size() - 3));

        assertThat(files.faults())
                .singleElement()
                .asString()
                .contains("line " + lines.size() + " was the last one written");
    }

    @Test
    void aTrailMadeAnewWithoutTheKeyIsSeen() throws IOException {
        Path other = Files.createDirectory(root.resolve("other"));
        TrailFiles forged = new TrailFiles(other, 1 << 20, 4);
        forged.write(0, 20);

        Verification found =
                Verification.of(forged.settings.directory(), files.settings.publicKey(), null);

        assertThat(found.faults())
                .isNotEmpty()
                .allSatisfy(fault ->
                        assertThat(fault.text())
                                .isEqualTo("has a signature that the key did not make"));
    }

    @Test
    void aTrailMadeAnewWithTheKeyLacksWhatWasNotedElsewhere() throws IOException {
        Verification before = files.verify();
        for (Path segment : files.segments()) {
            Files.delete(segment);
        }
        Files.delete(files.settings.directory().resolve("head"));
        files.write(0, 20);
        assertThat(files.faults()).isEmpty();

        Verification found =
                Verification.of(
                        files.settings.directory(),
                        files.settings.publicKey(),
                        new Verification.Noted(before.last(), before.lastHash()));

        assertThat(found.faults())
                .singleElement()
                .satisfies(fault ->
                        assertThat(fault.text())
                                .isEqualTo("is not the line that was noted, or is not there"));
    }

    @Test
    void whatWasNotedIsFoundAgain() throws IOException {
        Verification before = files.verify();
        files.write(20, 30);

        assertThat(
                        Verification.of(
                                        files.settings.directory(),
                                        files.settings.publicKey(),
                                        new Verification.Noted(before.last(), before.lastHash()))
                                .good())
                .isTrue();
    }

    @Test
    void aMissingHeadLeavesTheEndOpen() throws IOException {
        Files.delete(files.settings.directory().resolve("head"));

        assertThat(files.faults()).singleElement().asString().contains("may not be the last one");
    }
}
