package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.source.gitlab.GitLabStub;
import dev.mayfly.source.gitlab.StubEndpoint;
import dev.mayfly.source.gitlab.StubRunner;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** From a runner that somebody has created at a server to a host that may take its jobs. */
class RegisterCommandTest {

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
    void goodTokenIsKeptForItsOwnerAloneAndTheLinesOfTheConfigurationArePrinted() throws Exception {
        StubRunner runner = stub.runner();
        CommandFixture.Said said = register(runner.token(), "--pool", "trusted");

        assertThat(said.err()).contains("registered shop as runner " + runner.id());
        assertThat(said.code()).isZero();
        assertThat(said.out())
                .isEqualTo(
                        """
                          gitlab:
                            - name: shop
                              url: %s
                              pool: trusted
                        """
                                .formatted(stub.url()));
        assertThat(said.err() + said.out()).doesNotContain(runner.token());
        Path kept = host.state.resolve("gitlab/shop.json");
        assertThat(kept).content().contains(runner.token());
        assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(kept)))
                .isEqualTo("rw-------");
        assertThat(runner.managers()).hasSize(1);
    }

    @Test
    void linesOfASecondRunnerStandBelowTheFirst() throws Exception {
        Files.writeString(
                host.config,
                Files.readString(host.config)
                        + "  gitlab:\n    - {name: first, url: \"%s\", pool: untrusted}\n"
                                .formatted(stub.url()));
        CommandFixture.Said said = register(stub.runner().token(), "--pool", "trusted");

        assertThat(said.code()).as(said.err()).isZero();
        assertThat(said.err()).contains("below sources.gitlab,");
        assertThat(said.out())
                .isEqualTo(
                        """
                            - name: shop
                              url: %s
                              pool: trusted
                        """
                                .formatted(stub.url()));
        Files.writeString(host.config, Files.readString(host.config) + said.out());
        assertThat(host.mayfly("registrations").out()).contains("shop", "feeds trusted");
    }

    @Test
    void mistakeIsTheLastThingOnTheScreenAndTheUsageIsNotBeforeIt() {
        CommandFixture.Said said = register(stub.runner().token(), "--pool", "nowhere");

        assertThat(said.code()).isEqualTo(ExitCode.USAGE);
        assertThat(said.err().lines())
                .hasSize(2)
                .first()
                .asString()
                .contains("there is no pool nowhere");
        assertThat(said.err()).contains("mayfly register --help");
    }

    @Test
    void unknownRegistrationIsSaidWithTheCommandThatListsThem() {
        CommandFixture.Said said = host.mayfly("unregister", "nope");

        assertThat(said.code()).isEqualTo(ExitCode.NOT_FOUND);
        assertThat(said.err())
                .contains("no registration nope; mayfly registrations lists those that there are");
    }

    @Test
    void configurationThatNamesTheRunnerIsEnough() throws Exception {
        Files.writeString(
                host.config,
                Files.readString(host.config)
                        + "  gitlab:\n    - {name: shop, url: \"%s\", pool: untrusted}\n"
                                .formatted(stub.url()));
        String token = stub.runner().token();

        assertThat(host.mayfly("registrations").out()).contains("not registered");
        CommandFixture.Said said = host.mayflyReading(token, "register", "--name", "shop");
        assertThat(said.code()).as(said.err()).isZero();
        assertThat(said.out()).isEmpty();
        assertThat(
                        host.mayflyReading(
                                        token,
                                        "register",
                                        "--name",
                                        "shop",
                                        "--url",
                                        "https://other.example.com")
                                .err())
                .contains("the configuration says that shop is at " + stub.url());
        CommandFixture.Said verified = host.mayfly("registrations", "--verify");
        assertThat(verified.out()).contains("shop", "feeds untrusted", "good");
        assertThat(verified.code()).isZero();
    }

    @Test
    void tokenThatTheServerDoesNotKnowIsRefusedWithTheCure() {
        CommandFixture.Said said = register("glrt-unknown-token");

        assertThat(said.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(said.err())
                .contains("does not know this token", "create a runner at the server")
                .doesNotContain("glrt-unknown-token");
        assertThat(host.state.resolve("gitlab/shop.json")).doesNotExist();
    }

    @Test
    void runnerWithoutItsGroupIsRefusedWithTheCure() {
        StubRunner orphan = stub.runner().orphaned(true);

        assertThat(register(orphan.token()).err()).contains("group or project is gone");
    }

    @Test
    void oldTokenMakesARunnerUnlessTheServerTakesNone() {
        CommandFixture.Said said =
                register(GitLabStub.REGISTRATION_TOKEN, "--tag-list", "docker,linux");
        assertThat(said.code()).as(said.err()).isZero();
        assertThat(stub.requests(StubEndpoint.REGISTER)).hasSize(1);

        stub.registrationDisallowed();
        assertThat(register(GitLabStub.REGISTRATION_TOKEN, "--replace").err())
                .contains("takes no registration tokens any more");
    }

    @Test
    void whatTheServerOwnsIsNoOptionOfItsRunner() {
        assertThat(register(stub.runner().token(), "--tag-list", "docker").err())
                .contains("the server owns");
    }

    @Test
    void registrationIsReplacedOnRequestOnly() {
        register(stub.runner().token());
        String fresh = stub.runner().token();

        CommandFixture.Said refused = register(fresh);
        assertThat(refused.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(refused.err()).contains("--replace");
        assertThat(register(fresh, "--replace").code()).isZero();
        assertThat(host.state.resolve("gitlab/shop.json")).content().contains(fresh);
    }

    @Test
    void linesAreWrittenOnRequestAndNothingHappensWhereTheyCannotBe() throws Exception {
        String before = Files.readString(host.config);
        CommandFixture.Said said = register(stub.runner().token(), "--pool", "trusted", "--write");
        assertThat(said.code()).as(said.err()).isZero();
        assertThat(said.out()).isEmpty();
        assertThat(said.err()).contains("added its lines to " + host.config);
        assertThat(host.config)
                .content()
                .startsWith(before)
                .endsWith(
                        "  gitlab:\n    - name: shop\n      url: %s\n      pool: trusted\n"
                                .formatted(stub.url()));
        assertThat(host.mayfly("registrations", "--verify").out()).contains("feeds trusted, good");

        Files.writeString(
                host.config, before.replaceAll("(?s)sources:.*", "sources: {local: {}}\n"));
        CommandFixture.Said refused =
                register(stub.runner().token(), "--replace", "--pool", "trusted", "--write");
        assertThat(refused.code()).isEqualTo(ExitCode.USAGE);
        assertThat(refused.err()).contains("does not find the place", "leave it out");
        assertThat(stub.requests(StubEndpoint.VERIFY)).as("not asked again").hasSize(2);
    }

    @Test
    void runnerOfAPoolForProtectedOnesIsDeclaredAsOne() throws Exception {
        Files.writeString(
                host.config,
                Files.readString(host.config)
                        .replace("name: trusted", "name: trusted\n    protected: true"));

        CommandFixture.Said said = register(stub.runner().token(), "--pool", "trusted", "--write");

        assertThat(said.code()).as(said.err()).isZero();
        assertThat(said.err()).contains("mark this one as protected at the server");
        assertThat(host.config).content().contains("      protected: true\n");
    }

    @Test
    void tokenThatTheServerHasForgottenIsFoundByAskingEachServer() throws Exception {
        StubRunner runner = stub.runner();
        register(runner.token(), "--pool", "trusted", "--write");
        runner.orphaned(true);

        CommandFixture.Said said = host.mayfly("registrations", "--verify");

        assertThat(said.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(said.out()).contains("shop", "group or project is gone");
    }

    @Test
    void unregisteredRunnerIsForgottenHereAndAtTheServer() {
        StubRunner runner = stub.runner();
        register(runner.token());

        assertThat(host.mayfly("unregister", "shop").code()).isZero();
        assertThat(runner.managers()).isEmpty();
        assertThat(host.state.resolve("gitlab/shop.json")).doesNotExist();
        assertThat(host.mayfly("unregister", "shop").code()).isEqualTo(ExitCode.NOT_FOUND);
    }

    private CommandFixture.Said register(String token, String... more) {
        String[] arguments = new String[5 + more.length];
        arguments[0] = "register";
        arguments[1] = "--name";
        arguments[2] = "shop";
        arguments[3] = "--url";
        arguments[4] = stub.url().toString();
        System.arraycopy(more, 0, arguments, 5, more.length);
        return host.mayflyReading(token + "\n", arguments);
    }
}
