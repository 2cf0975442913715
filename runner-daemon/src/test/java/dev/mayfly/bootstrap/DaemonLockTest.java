package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class DaemonLockTest {

    @TempDir private Path root;

    @Test
    void secondDaemonOfAStateDirectoryIsRefusedUntilTheFirstHasEnded() {
        StateDirectory directory = new StateDirectory(root.resolve("state"));
        try (DaemonLock first = DaemonLock.take(directory)) {
            assertThat(first).isNotNull();
            assertThatThrownBy(() -> DaemonLock.take(directory))
                    .isInstanceOf(StateException.class)
                    .hasMessageContaining("another daemon serves")
                    .hasMessageContaining("daemon.state_dir");
        }
        try (DaemonLock next = DaemonLock.take(directory)) {
            assertThat(next).isNotNull();
        }
    }
}
