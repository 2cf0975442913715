package dev.mayfly.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
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
