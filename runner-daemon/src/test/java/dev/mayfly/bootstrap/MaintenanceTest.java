package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Instant;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MaintenanceTest {

    private static final Instant THEN = Instant.parse("2026-01-02T03:04:05Z");

    @TempDir private Path folder;
    private StateDirectory directory;

    @BeforeEach
    void create() {
        directory = new StateDirectory(folder.resolve("state")).create();
    }

    @Test
    void hostIsInServiceUntilSomebodySaysOtherwise() {
        assertThat(Maintenance.in(directory).since()).isEmpty();
    }

    @Test
    void itHoldsOverARestartAndKeepsItsFirstTime() throws Exception {
        Maintenance.in(directory).begin(THEN);
        Maintenance.in(directory).begin(THEN.plusSeconds(60));

        assertThat(Maintenance.in(directory).since()).contains(THEN);
        assertThat(Files.getPosixFilePermissions(directory.drained()))
                .isEqualTo(PosixFilePermissions.fromString("rw-------"));
    }

    @Test
    void itEndsAndMayEndTwice() {
        Maintenance maintenance = Maintenance.in(directory);
        maintenance.begin(THEN);
        maintenance.end();
        maintenance.end();

        assertThat(Maintenance.in(directory).since()).isEmpty();
    }

    @Test
    void fileThatAPowerCutEmptiedStillCounts() throws Exception {
        Files.createFile(directory.drained());

        assertThat(Maintenance.in(directory).since()).contains(Instant.EPOCH);
    }

    @Test
    void whatCannotBeWrittenIsSaidWithTheFile() {
        Maintenance maintenance = Maintenance.in(new StateDirectory(folder.resolve("not there")));

        assertThatThrownBy(() -> maintenance.begin(THEN))
                .isInstanceOf(StateException.class)
                .hasMessageContaining("not there/drained cannot be written");
    }
}
