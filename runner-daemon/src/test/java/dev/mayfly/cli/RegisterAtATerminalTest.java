package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.config.ConfigLoader;
import dev.mayfly.config.Environment;
import dev.mayfly.source.gitlab.GitLabStub;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a person sees who registers a host, at a real pseudo terminal. */
class RegisterAtATerminalTest {

    private CommandFixture host;
    private GitLabStub stub;

    @BeforeEach
    void start(@TempDir Path folder) throws Exception {
        host = new CommandFixture(folder);
        stub = GitLabStub.start();
    }

    @AfterEach
    void stop() {
        host.close();
        stub.close();
    }

    @Test
    void personIsAskedForEverythingAndTheConfigurationGetsTheLines() throws Exception {
        String before = Files.readString(host.config);
        String token = stub.runner().token();
        try (Terminal terminal = register(Map.of())) {
            terminal.answer("Name of the runner on this host [gitlab]: ", "Shop!");
            terminal.await("Shop!");
            terminal.answer("Name of the runner on this host [gitlab]: ", "shop");
            terminal.answer("URL of the GitLab server: ", "gitlab.example.com");
            terminal.answer("URL of the GitLab server: ", stub.url().toString());
            terminal.answer(
                    "Pool that it feeds, of trusted, untrusted [untrusted]: ", "unthrusted");
            terminal.await("there is no pool unthrusted");
            terminal.answer("[untrusted]: ", "");
            terminal.answer("Token of the runner (glrt-..., not shown): ", token);
            terminal.await("- name: shop");
            terminal.answer("Add these lines to " + host.config, "");

            assertThat(terminal.exitCode()).as(terminal.screen()).isZero();
            assertThat(terminal.screen())
                    .contains("registered shop as runner", "added its lines to " + host.config)
                    .doesNotContain(token);
        }
        assertThat(host.config)
                .content()
                .isEqualTo(
                        before
                                + "  gitlab:\n    - name: shop\n      url: %s\n      pool: untrusted\n"
                                        .formatted(stub.url()));
        assertThat(
                        ConfigLoader.load(host.config, Environment.ofProcess())
                                .gitlab()
                                .getFirst()
                                .name())
                .isEqualTo("shop");
        assertThat(host.state.resolve("gitlab/shop.json")).content().contains(token);
    }

    @Test
    void personWhoWantsNoLinesWrittenGetsThemToPaste() throws Exception {
        String before = Files.readString(host.config);
        try (Terminal terminal =
                register(
                        Map.of(
                                "MAYFLY_GITLAB_NAME", "shop",
                                "MAYFLY_GITLAB_URL", stub.url().toString(),
                                "MAYFLY_GITLAB_POOL", "trusted"))) {
            terminal.answer("not shown): ", stub.runner().token());
            terminal.answer("below sources? (yes/no) [yes]: ", "perhaps");
            terminal.await("please answer yes or no");
            terminal.answer("[yes]: ", "no");

            assertThat(terminal.exitCode()).as(terminal.screen()).isZero();
            assertThat(terminal.screen()).contains("add these lines to " + host.config);
        }
        assertThat(host.config).content().isEqualTo(before);
    }

    @Test
    void registrationThatIsThereIsReplacedOnlyForWhoSaysSo() throws Exception {
        Map<String, String> environment =
                Map.of(
                        "MAYFLY_GITLAB_NAME",
                        "shop",
                        "MAYFLY_GITLAB_URL",
                        stub.url().toString(),
                        "MAYFLY_GITLAB_POOL",
                        "trusted",
                        "MAYFLY_GITLAB_TOKEN",
                        stub.runner().token());
        try (Terminal terminal = register(environment, "--no-write")) {
            assertThat(terminal.exitCode()).as(terminal.screen()).isZero();
        }
        try (Terminal terminal = register(environment, "--no-write")) {
            terminal.answer("already. Replace it? (yes/no) [no]: ", "");
            assertThat(terminal.exitCode()).isEqualTo(ExitCode.BAD_CONFIG);
        }
        try (Terminal terminal = register(environment, "--no-write")) {
            terminal.answer("already. Replace it? (yes/no) [no]: ", "y");
            assertThat(terminal.exitCode()).as(terminal.screen()).isZero();
        }
    }

    private Terminal register(Map<String, String> environment, String... more) {
        String[] arguments = new String[3 + more.length];
        arguments[0] = "register";
        arguments[1] = "--config";
        arguments[2] = host.config.toString();
        System.arraycopy(more, 0, arguments, 3, more.length);
        return Terminal.mayfly(environment, arguments);
    }
}
