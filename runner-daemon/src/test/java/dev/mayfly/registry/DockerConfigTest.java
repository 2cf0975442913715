package dev.mayfly.registry;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.FaultException;
import dev.mayfly.job.RegistryLogin;
import dev.mayfly.job.RegistryLogin.Origin;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Base64;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Logins as Docker writes them. */
class DockerConfigTest {

    @TempDir private Path directory;

    private static String auth(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(UTF_8));
    }

    private static String entry(String registry, String content) {
        return "{\"auths\": {\"%s\": {%s}}}".formatted(registry, content);
    }

    private static DockerConfig parse(String json) {
        return DockerConfig.parse(json, Origin.VARIABLE);
    }

    private static String password(RegistryLogin login) {
        return new String(login.password().reveal(), UTF_8);
    }

    @Test
    void authIsUserAndPasswordWhichMayHaveColons() {
        String written = auth("robot:pa:55\0");

        DockerConfig config = parse(entry("r.example.com", "\"auth\": \"" + written + "\""));

        assertThat(config.logins())
                .singleElement()
                .satisfies(login -> {
                    assertThat(login.registry()).isEqualTo("r.example.com");
                    assertThat(login.user()).isEqualTo("robot");
                    assertThat(password(login)).isEqualTo("pa:55");
                    assertThat(login.origin()).isEqualTo(Origin.VARIABLE);
                });
        assertThat(config.encoded())
                .singleElement()
                .satisfies(text -> assertThat(new String(text.reveal(), UTF_8)).isEqualTo(written));
        assertThat(config.unused()).isEmpty();
    }

    @Test
    void userAndPasswordMayStandApart() {
        DockerConfig config =
                parse(entry("r.example.com", "\"username\": \"robot\", \"password\": \"pa55\""));

        assertThat(config.logins())
                .singleElement()
                .satisfies(login -> assertThat(password(login)).isEqualTo("pa55"));
    }

    @Test
    void whatIsNotUsedIsNamedWithoutItsContent() {
        DockerConfig config =
                parse(
                        """
                        {"auths": {"a.example.com": {"auth": "bm9jb2xvbi1zM2NyM3Q="},
                                   "b.example.com": {"auth": "%s", "identitytoken": "s3cr3t"},
                                   "c.example.com": {}},
                         "credsStore": "secretservice",
                         "credHelpers": {"d.example.com": "ecr-login"}}
                        """
                                .formatted(auth("00000000:")));

        assertThat(config.logins()).isEmpty();
        assertThat(config.unused())
                .hasSize(5)
                .anyMatch(what -> what.contains("a.example.com") && what.contains("base64"))
                .anyMatch(what -> what.contains("b.example.com") && what.contains("identitytoken"))
                .anyMatch(what -> what.contains("c.example.com"))
                .anyMatch(what -> what.contains("credsStore"))
                .anyMatch(what -> what.contains("d.example.com"))
                .noneMatch(what -> what.contains("s3cr3t"));
    }

    @Test
    void whatIsNoJsonIsRefusedWithoutItsContent() {
        for (String text : new String[] {"s3cr3t", "{\"auths\": s3cr3t}", "[]", "\"s3cr3t\""}) {
            assertThatThrownBy(() -> parse(text))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("is not")
                    .hasMessageNotContaining("s3cr3t");
        }
    }

    @Test
    void fileOfTheHostIsReadEachTime() throws IOException {
        Path file = file(entry("r.example.com", "\"auth\": \"" + auth("robot:one") + "\""));
        HostLogins logins = new HostLogins(file);
        assertThat(password(logins.now().getFirst())).isEqualTo("one");
        assertThat(logins.now().getFirst().origin()).isEqualTo(Origin.HOST);

        Files.writeString(file, entry("r.example.com", "\"auth\": \"" + auth("robot:two") + "\""));

        assertThat(password(logins.now().getFirst())).isEqualTo("two");
    }

    @Test
    void fileThatEverybodyCanReadIsRefused() throws IOException {
        Path file = file(entry("r.example.com", "\"auth\": \"" + auth("robot:one") + "\""));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));

        assertThatThrownBy(() -> new HostLogins(file).now())
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("chmod 600 " + file);
    }

    @Test
    void fileThatNamesAProgramIsRefusedAndTheProgramIsNotRun() throws IOException {
        Path file = file("{\"credsStore\": \"pass\"}");

        assertThatThrownBy(() -> new HostLogins(file).now())
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("Mayfly runs no credential helpers");
    }

    @Test
    void fileThatIsGoneIsNamed() {
        Path file = directory.resolve("none.json");

        assertThatThrownBy(() -> new HostLogins(file).now())
                .isInstanceOf(FaultException.class)
                .hasMessageContaining(file + " cannot be read: NoSuchFileException");
    }

    private Path file(String content) throws IOException {
        Path file = Files.writeString(directory.resolve("config.json"), content);
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return file;
    }
}
