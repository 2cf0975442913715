package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.cli.CommandFixture.Said;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MigrateCommandTest {

    private static final String TOKEN = "glrt-CANARYcanaryCANARY01";

    @TempDir Path folder;
    private Path toml;
    private Path state;

    @BeforeEach
    void write() throws Exception {
        state = folder.resolve("state");
        toml =
                Files.writeString(
                        folder.resolve("config.toml"),
                        """
                        concurrent = 2
                        [[runners]]
                        name = "Shop"
                        url = "https://gitlab.example.com"
                        id = 7
                        token = "%s"
                        executor = "docker"
                        [runners.docker]
                        image = "debian:12"
                        privileged = true
                        """
                                .formatted(TOKEN));
    }

    private Said migrate(String... more) {
        List<String> arguments = new ArrayList<>(List.of("migrate", toml.toString()));
        arguments.addAll(List.of("--state-dir", state.toString()));
        arguments.addAll(List.of(more));
        return CommandFixture.execute("", arguments.toArray(String[]::new));
    }

    @Test
    void configurationIsOnStandardOutputAndTheRestIsNot() {
        Said said = migrate();

        assertThat(said.code()).as(said.err()).isZero();
        assertThat(said.out())
                .startsWith("# Made from")
                .contains("- name: shop", "image: 'debian:12'");
        assertThat(said.err())
                .contains(
                        "taken over:\n  concurrent:",
                        "to do:\n  runners[0].docker.privileged: no job is ever privileged",
                        "the token of shop is not kept yet");
        assertThat(said.out() + said.err()).doesNotContain("CANARY");
        assertThat(state).doesNotExist();
    }

    @Test
    void fileIsGoodByCheckAndIsNotReplacedWithoutForce() throws Exception {
        Path yaml = folder.resolve("mayfly.yaml");
        assertThat(migrate("--output", yaml.toString()).code()).isZero();

        assertThat(CommandFixture.execute("", "check", "--config", yaml.toString()).err())
                .contains("a daemon cannot work", "run mayfly register --name shop");
        Said check =
                CommandFixture.execute("", "check", "--elsewhere", "--config", yaml.toString());
        assertThat(check.code()).as(check.err()).isZero();
        assertThat(check.out()).contains("good, pools [shop (2)]");

        Files.writeString(yaml, "# mine\n");
        Said again = migrate("--output", yaml.toString(), "--register");
        assertThat(again.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(again.err()).contains("there is a file", "--force");
        assertThat(yaml).hasContent("# mine");
        assertThat(state).doesNotExist();

        assertThat(migrate("--output", yaml.toString(), "--force").code()).isZero();
        assertThat(yaml).content().contains("- name: shop");
        assertThat(folder).isDirectoryNotContaining("glob:**.new");
    }

    @Test
    void tokensBecomeRegistrationsWhenAsked() throws Exception {
        Path yaml = folder.resolve("mayfly.yaml");
        Said said = migrate("--register", "--output", yaml.toString());

        assertThat(said.code()).as(said.err()).isZero();
        assertThat(said.out() + said.err()).doesNotContain("CANARY", "not kept yet");
        Path registration = state.resolve("gitlab/shop.json");
        assertThat(registration).content().contains(TOKEN, "\"runner\" : 7");
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(registration)))
                .isEqualTo("rw-------");

        Said list = CommandFixture.execute("", "registrations", "--config", yaml.toString());
        assertThat(list.code()).as(list.err()).isZero();
        assertThat(list.out()).contains("shop", "https://gitlab.example.com");
    }

    @Test
    void registrationIsNotReplacedWithoutForce() throws Exception {
        assertThat(migrate("--register").code()).isZero();
        Path registration = state.resolve("gitlab/shop.json");
        Files.writeString(toml, Files.readString(toml).replace("CANARY01", "CANARY02"));

        Said said = migrate("--register");
        assertThat(said.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(said.out()).isEmpty();
        assertThat(said.err()).contains("there is a registration shop already", "--force");
        assertThat(registration).content().contains("CANARY01");

        assertThat(migrate("--register", "--force").code()).isZero();
        assertThat(registration).content().contains("CANARY02");
    }

    @Test
    void tokenThatCannotBeOneIsRefusedWithoutShowingIt() throws Exception {
        Files.writeString(toml, Files.readString(toml).replace(TOKEN, "CANARY with blanks"));

        Said said = migrate("--register");
        assertThat(said.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(said.err())
                .contains("the token of shop cannot be used", "mayfly register --name shop")
                .doesNotContain("CANARY");
        assertThat(state.resolve("gitlab/shop.json")).doesNotExist();
    }

    @Test
    void fileThatIsNotThereIsSaid() {
        Said said = CommandFixture.execute("", "migrate", folder.resolve("none.toml").toString());

        assertThat(said.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(said.err())
                .contains("none.toml", "there is no such file")
                .doesNotContain("\tat ");
    }
}
