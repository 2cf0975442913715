package dev.mayfly.source.gitlab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a daemon keeps of its registrations. */
class RegistrationsTest {

    private static final Instant NOW = Instant.parse("2026-01-01T00:00:00Z");

    @TempDir Path folder;

    @Test
    void registrationIsReadAsItWasWrittenAndByItsOwnerOnly() throws Exception {
        Registrations registrations = registrations();
        registrations.write(registration("web", NOW.plus(Duration.ofDays(30))));

        Registration read = registrations.read("web").orElseThrow();
        assertThat(read.server()).hasToString("https://gitlab.example.com/gitlab");
        assertThat(read.runner()).isEqualTo(12);
        assertThat(read.token().reveal()).isEqualTo("glrt-canary");
        assertThat(read.validity().until()).isEqualTo(NOW.plus(Duration.ofDays(30)));
        assertThat(Files.getPosixFilePermissions(registrations.file("web")))
                .isEqualTo(StateDirectory.PRIVATE_FILE);
        assertThat(registrations.all()).hasSize(1);
        assertThat(read.toString()).doesNotContain("canary");
    }

    @Test
    void fileThatOthersCanReadIsRefused() throws Exception {
        Registrations registrations = registrations();
        registrations.write(registration("web", null));
        Files.setPosixFilePermissions(
                registrations.file("web"), PosixFilePermissions.fromString("rw-r-----"));

        assertThatThrownBy(() -> registrations.read("web"))
                .isInstanceOf(StateException.class)
                .hasMessageContaining("chmod 600");
    }

    @Test
    void damagedFileIsNamedWithoutItsContent() throws Exception {
        Registrations registrations = registrations();
        registrations.write(registration("web", null));
        Files.writeString(registrations.file("web"), "{\"token\":\"glrt-canary\",");

        assertThatThrownBy(() -> registrations.read("web"))
                .isInstanceOf(StateException.class)
                .hasMessageContaining("web.json")
                .hasMessageContaining("register again")
                .hasMessageNotContaining("canary");
    }

    @Test
    void removedRegistrationIsGone() {
        Registrations registrations = registrations();
        registrations.write(registration("web", null));

        assertThat(registrations.remove("web")).isTrue();
        assertThat(registrations.remove("web")).isFalse();
        assertThat(registrations.read("web")).isEmpty();
    }

    @Test
    void nameCannotLeaveTheDirectory() {
        assertThatThrownBy(() -> registrations().read("../daemon-id"))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void tokenIsDueAfterThreeQuartersOfItsLife() {
        Registration.Validity validity =
                new Registration.Validity(NOW, NOW.plus(Duration.ofHours(4)));
        assertThat(validity.due(NOW.plus(Duration.ofMinutes(179)))).isFalse();
        assertThat(validity.due(NOW.plus(Duration.ofHours(3)))).isTrue();
        assertThat(new Registration.Validity(NOW, null).due(NOW.plus(Duration.ofDays(9999))))
                .isFalse();
    }

    @Test
    void systemIdStaysAndIsMadeAnewWhereItIsNone() throws Exception {
        Path file = folder.resolve("system-id");
        SystemId made = SystemId.readOrCreate(file, new Random(1));
        assertThat(SystemId.readOrCreate(file, new Random(2))).isEqualTo(made);
        assertThat(Files.getPosixFilePermissions(file)).isEqualTo(StateDirectory.PRIVATE_FILE);

        Files.writeString(file, "odd");
        assertThat(SystemId.readOrCreate(file, new Random(3))).isNotEqualTo(made);
    }

    @Test
    void shortFormIsWhatGitLabShows() {
        assertThat(new GitLabToken("glrt-t1_abcdefghijkl").shortForm()).isEqualTo("abcdefghi");
        assertThat(new GitLabToken("glrtr-abcdefghijkl").shortForm()).isEqualTo("abcdefghi");
        assertThat(new GitLabToken("GR1348941abcdefghijkl").shortForm()).isEqualTo("abcdefghi");
        assertThat(new GitLabToken("short").shortForm()).isEqualTo("short");
    }

    @Test
    void tokenWithALineBreakIsRefusedWithoutItsValue() {
        assertThatThrownBy(() -> new GitLabToken("canary\r\nX-Other: header"))
                .hasMessageNotContaining("canary");
    }

    @Test
    void pausesGrowToTheirLimitAndNeverBeyond() {
        Backoff backoff = new Backoff(Duration.ofSeconds(1), Duration.ofSeconds(30), new Random(4));
        for (int failures = 0; failures < 100; failures++) {
            assertThat(backoff.next()).isBetween(Duration.ofMillis(500), Duration.ofSeconds(30));
        }
        assertThat(backoff.next(Duration.ofHours(1))).isEqualTo(Duration.ofSeconds(30));
        backoff.reset();
        assertThat(backoff.next()).isLessThanOrEqualTo(Duration.ofSeconds(1));
    }

    private Registrations registrations() {
        return Registrations.in(new StateDirectory(folder.resolve("state")).create());
    }

    private static Registration registration(
            String name, @org.jspecify.annotations.Nullable Instant until) {
        return new Registration(
                name,
                ServerAddress.of("https://gitlab.example.com/gitlab/"),
                12L,
                new GitLabToken("glrt-canary"),
                new Registration.Validity(NOW, until));
    }
}
