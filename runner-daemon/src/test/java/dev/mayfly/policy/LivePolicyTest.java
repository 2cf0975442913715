package dev.mayfly.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class LivePolicyTest {

    @TempDir Path folder;

    @Test
    void changedFileIsFollowedAndABrokenOneIsNot() throws IOException {
        Path file = Files.writeString(folder.resolve("policy"), "first");
        LivePolicy live = new LivePolicy(List.of(file), () -> read(file));
        assertThat(live.get().digest()).isEqualTo("first");

        Files.writeString(file, "broken!");
        live.look();
        assertThat(live.get().digest()).isEqualTo("first");
        assertThat(live.staleBecause()).contains("broken");

        Files.writeString(file, "second one");
        live.look();
        assertThat(live.get().digest()).isEqualTo("second one");
        assertThat(live.staleBecause()).isEmpty();

        Files.delete(file);
        live.look();
        assertThat(live.get().digest()).isEqualTo("second one");
        assertThat(live.staleBecause()).isNotEmpty();
    }

    @Test
    void policyThatCannotBeReadAtTheStartIsNone() {
        Path file = folder.resolve("none");

        assertThatThrownBy(() -> new LivePolicy(List.of(file), () -> read(file)))
                .isInstanceOf(UncheckedIOException.class);
    }

    @Test
    void refreshReadsWhatTheFilesAloneDoNotTell() throws IOException {
        Path file = Files.writeString(folder.resolve("policy"), "first");
        AtomicReference<String> pools = new AtomicReference<>("");
        LivePolicy live =
                new LivePolicy(
                        List.of(file),
                        () -> new Policy(Map.of(), List.of(), read(file).digest() + pools.get()));
        List<String> heard = new ArrayList<>();
        live.whenChanged(heard::add);
        pools.set(" with pools");

        live.look();
        assertThat(live.get().digest()).isEqualTo("first");
        live.refresh();
        assertThat(live.get().digest()).isEqualTo("first with pools");
        assertThat(live.digest()).isEqualTo("first with pools");
        live.refresh();
        assertThat(heard).containsExactly("first");
    }

    @Test
    void refreshThatFailsLeavesThePolicyAndSaysWhy() throws IOException {
        Path file = Files.writeString(folder.resolve("policy"), "first");
        LivePolicy live = new LivePolicy(List.of(file), () -> read(file));
        Files.writeString(file, "broken again");

        assertThatThrownBy(live::refresh).hasMessageContaining("broken again");
        assertThat(live.get().digest()).isEqualTo("first");
        live.look();
        assertThat(live.staleBecause()).contains("broken again");

        Files.writeString(file, "mended");
        live.refresh();
        assertThat(live.staleBecause()).isEmpty();
        assertThat(live.get().digest()).isEqualTo("mended");
    }

    private static Policy read(Path file) {
        try {
            String text = Files.readString(file);
            if (text.startsWith("broken")) {
                throw new IllegalArgumentException(text);
            }
            return new Policy(Map.of(), List.of(), text);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
