package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.CuttingProxy;
import dev.mayfly.WrittenLog;
import dev.mayfly.cli.CommandFixture.Said;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.UsedImage;
import dev.mayfly.source.JobReport;
import java.net.UnixDomainSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Commands from their words to their exit code, against a daemon's real API without an engine. */
@Timeout(60)
class CommandsTest {

    @TempDir Path folder;
    private CommandFixture host;

    @BeforeEach
    void open() throws Exception {
        host = new CommandFixture(folder);
    }

    @AfterEach
    void close() {
        host.close();
    }

    // -- what goes wrong is said in words

    @ParameterizedTest
    @ValueSource(
            strings = {
                "jobs",
                "job j-1",
                "logs j-1",
                "logs --follow j-1",
                "cancel j-1",
                "status",
                "drain",
                "resume",
                "reload"
            })
    void withoutADaemonTheCureIsToStartOne(String command) {
        Said said = host.mayfly(command.split(" "));

        assertThat(said.code()).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(said.err()).contains("no daemon runs", "cure: start it with mayfly daemon");
        assertThat(said.err()).doesNotContain("\tat ");
    }

    @Test
    void aDaemonThatIsGoneIsSaidWithItsAddress() throws Exception {
        Path token = Files.createDirectories(host.state).resolve("api.token");
        Files.writeString(token, "a-token-for-tests-only\n");
        Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-------"));
        Said said = host.mayfly("jobs");

        assertThat(said.code()).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(said.err())
                .contains("no daemon answers at unix:", "api.sock; start one with mayfly daemon")
                .doesNotContain("\tat ", "Exception");
    }

    @ParameterizedTest
    @ValueSource(strings = {"run", "submit", "check"})
    void aFileThatIsNotThereIsSaidPlainly(String command) {
        Said said = host.mayfly(command, folder.resolve("nofile.yaml").toString());

        assertThat(said.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(said.err())
                .contains("nofile.yaml", "there is no such file")
                .doesNotContain("\tat ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "nonsense",
                "jobs --limit 0",
                "jobs --limit 501",
                "jobs --state sideways",
                "job",
                "job NOT-AN-ID",
                "secret",
                "secret set x --pool nowhere",
                "run",
            })
    void aWrongCommandLineIsAUsageError(String command) {
        Said said =
                command.equals("nonsense") || command.equals("secret")
                        ? CommandFixture.execute("", command)
                        : host.mayfly(command.split(" "));

        assertThat(said.code()).as(said.err()).isEqualTo(ExitCode.USAGE);
        assertThat(said.err()).isNotBlank().doesNotContain("\tat ");
    }

    @Test
    void aTokenThatCannotBeOneIsAMistakeInTheConfigurationAndIsNotShown() throws Exception {
        Files.writeString(
                host.config,
                Files.readString(host.config)
                        .replace("api:\n", "api:\n  token: a token with blanks\n"));
        Said said = host.mayfly("jobs");

        assertThat(said.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(said.err()).contains("api.token", "cure:").doesNotContain("with blanks");
    }

    @Test
    void allProblemsOfAllFilesAreShownAtOnce() throws Exception {
        Path one = host.file("one.yaml", "script: make\ntimeout: never\nnetwork: half\n");
        Path two = host.file("two.yaml", "skript: make\n");
        Path good = host.file("good.yaml", "script: make\n");
        Said said = host.mayfly("check", one.toString(), two.toString(), good.toString());

        assertThat(said.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(said.err()).contains("one.yaml", "timeout", "network", "two.yaml", "skript");
        assertThat(said.out()).contains("mayfly.yaml: good", "good.yaml: good, job good");
    }

    @Test
    void aGoodConfigurationIsSaidToBeGood() {
        Said said = host.mayfly("check");

        assertThat(said.code()).isZero();
        assertThat(said.out()).contains("good, pools [trusted (", "untrusted (");
        assertThat(said.err()).isEmpty();
    }

    @Test
    void checkNamesAllThatThisHostLacksForTheConfiguration() throws Exception {
        Path noCertificate = host.file("empty.pem", "nothing\n");
        Files.writeString(
                host.config,
                Files.readString(host.config)
                                .replaceFirst(
                                        "host: unix:.*",
                                        "host: tcp://engine.example.com:2376\n  cert_dir: "
                                                + host.folder
                                                + "/tls")
                        + """
                          gitlab:
                            - {name: one, url: "https://a.example.com", pool: untrusted, ca_file: /nope.pem}
                            - {name: two, url: "https://a.example.com", pool: untrusted}
                            - {name: three, url: "https://a.example.com", pool: untrusted,
                               client_certificate: %1$s, client_key: %1$s}
                        """
                                .formatted(noCertificate));
        Said said = host.mayfly("check");

        assertThat(said.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(said.out()).isEmpty();
        assertThat(said.err())
                .contains(
                        "sources.gitlab one: /nope.pem cannot be used as certificates",
                        "sources.gitlab two: there is no registration two on this host: run mayfly"
                                + " register --name two",
                        "sources.gitlab three: " + noCertificate + " cannot be used as client",
                        "engine.cert_dir: " + host.folder + "/tls/ca.pem is not there");
        assertThat(host.state).as("a look makes nothing").doesNotExist();
        assertThat(host.mayfly("check", "--elsewhere").code()).isZero();
    }

    @Test
    void aWorkspaceThatCannotBePackedIsAMistakeInTheJob() throws Exception {
        host.serve();
        Path job = host.file("job.yaml", "script: make\nworkspace:\n  directory: missing\n");
        Said said = host.mayfly("submit", job.toString());

        assertThat(said.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(said.err()).contains("missing is not a directory").doesNotContain("\tat ");
    }

    // -- a job's life, seen from outside

    @Test
    void aSubmittedJobIsListedShownAndCancelled() throws Exception {
        host.serve();
        JobId job = host.submitted();

        assertThat(host.mayfly("jobs").out()).contains(job.value(), "build", "queued");
        assertThat(host.mayfly("jobs", "--state", "running").out()).doesNotContain(job.value());
        assertThat(host.mayfly("job", job.value()).out())
                .contains("job:       " + job, "phase:     queued", "receipt:   -");
        assertThat(host.mayfly("job", "--json", job.value()).out()).startsWith("{");
        assertThat(host.mayfly("cancel", job.value()).out()).contains("was waiting and will not");
        assertThat(host.mayfly("cancel", job.value()).out()).contains("had ended already");
        assertThat(host.mayfly("job", job.value()).out()).contains("outcome:   cancelled");
    }

    @Test
    void aRunningJobIsToldToEnd() throws Exception {
        host.serve();
        JobId job = host.submitted();
        host.claim();

        Said said = host.mayfly("cancel", "--reason", "wrong branch", job.value());
        assertThat(said.out()).contains("was told to end");
    }

    @Test
    void followingShowsTheLogAndEndsWithTheJobsCode() throws Exception {
        host.serve();
        JobId job = host.submitted();
        end(host.claim(), job, new Outcome.Failed(7));

        Said followed = host.mayfly("logs", "--follow", job.value());
        assertThat(followed.code()).isEqualTo(7);
        assertThat(followed.out()).contains("== script", "hello\n", "-- a notice");
        Said plain = host.mayfly("logs", job.value());
        assertThat(plain.code()).isZero();
        assertThat(plain.out()).isEqualTo("hello\n");
        assertThat(host.mayfly("job", job.value()).out())
                .contains(
                        "exit code 7",
                        "image:     debian = debian@sha256:00",
                        "receipt:   clean, 1 resources",
                        "gone container  c-1");
    }

    @Test
    void followingOverABadConnectionShowsEverythingOnce() throws Exception {
        host.serve();
        JobId job = host.submitted();
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 1000; i++) {
            expected.append("line ").append(i).append('\n');
            if (i % 50 == 0) {
                expected.append("-- at ").append(i).append('\n');
            }
        }
        Thread running = Thread.ofVirtual().start(() -> printLines(1000));
        try (CuttingProxy network =
                new CuttingProxy(UnixDomainSocketAddress.of(folder.resolve("api.sock")), 4_000)) {
            Path there =
                    host.file(
                            "there.yaml",
                            Files.readString(host.config)
                                    .replace(
                                            "unix:" + folder.resolve("api.sock"),
                                            "127.0.0.1:" + network.port()));
            Said followed =
                    CommandFixture.execute(
                            "", "logs", "--follow", job.value(), "--config", there.toString());
            running.join();

            assertThat(followed.code()).as(followed.err()).isZero();
            assertThat(followed.out()).isEqualTo(expected.toString());
            assertThat(network.cuts()).isPositive();
        }
    }

    private void printLines(int lines) {
        try {
            JobReport report = host.claim();
            WrittenLog log = new WrittenLog(report.logs().getFirst());
            for (int i = 0; i < lines; i++) {
                log.output("line " + i + "\n");
                if (i % 50 == 0) { // so no frame is longer than a connection lives
                    log.event(new LogEvent.Notice(Instant.now(), "at " + i));
                }
            }
            log.finish();
            report.finished(new Outcome.Passed());
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void submittingAndFollowingIsOneCommand() throws Exception {
        host.serve();
        Path file = host.file("build.yaml", "script: make\n");
        Thread runner =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                var claim =
                                        host.source()
                                                .claim(CommandFixture.POOL, Duration.ofSeconds(20))
                                                .orElseThrow();
                                end(host.source().report(claim), claim.job(), new Outcome.Passed());
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                        });
        Said said = host.mayfly("submit", "--follow", file.toString());
        runner.join();

        assertThat(said.code()).isZero();
        assertThat(said.out()).contains("hello\n");
        assertThat(said.err()).startsWith("submitted j-");
    }

    @Test
    void aJobThatNobodyKnowsIsNotFound() {
        host.serve();
        Said said = host.mayfly("job", "j-unknown");

        assertThat(said.code()).isEqualTo(ExitCode.NOT_FOUND);
        assertThat(said.err())
                .contains("j-unknown", "mayfly jobs lists")
                .doesNotContain("\tat ", "/api/");
    }

    @Test
    void aRefusedJobSaysWhy() throws Exception {
        host.serve();
        Path file = host.file("forbidden.yaml", "name: forbidden\nscript: make\n");
        Said said = host.mayfly("submit", file.toString());

        assertThat(said.code()).isEqualTo(ExitCode.DENIED);
        assertThat(said.err()).contains("it is forbidden: rename it").doesNotContain("\tat ");
    }

    @Test
    void aWrongTokenIsRefusedByTheDaemon() throws Exception {
        host.serve();
        Files.writeString(host.state.resolve("api.token"), "another-token-altogether\n");
        Said said = host.mayfly("jobs");

        assertThat(said.code()).isEqualTo(ExitCode.UNAVAILABLE);
        assertThat(said.err()).contains("token", "cure:").doesNotContain("another-token", "\tat ");
    }

    // -- secrets

    @Test
    void aSecretIsStoredListedReplacedAndRemovedAndNeverShown() {
        Said stored = host.mayflyReading("correct-horse\n", "secret", "set", "deploy-token");
        assertThat(stored.code()).as(stored.err()).isZero();
        assertThat(stored.err())
                .contains("created the key", "stored deploy-token for pools [trusted]");

        assertThat(host.mayfly("secret", "list").out())
                .contains("deploy-token", "trusted")
                .doesNotContain("correct-horse");
        Said again =
                host.mayflyReading(
                        "battery-staple", "secret", "set", "deploy-token", "--pool", "untrusted");
        assertThat(again.err()).contains("replaced deploy-token for pools [untrusted]");
        assertThat(host.mayfly("secret", "rotate-key").code()).isZero();
        assertThat(host.mayfly("secret", "rm", "deploy-token").code()).isZero();
        assertThat(host.mayfly("secret", "rm", "deploy-token").code())
                .isEqualTo(ExitCode.NOT_FOUND);
    }

    @Test
    void aSecretTooShortToBeMaskedIsRefused() {
        Said said = host.mayflyReading("abc\n", "secret", "set", "pin");

        assertThat(said.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(said.err()).doesNotContain("abc");
        assertThat(host.mayflyReading("abc\n", "secret", "set", "--allow-short", "pin").code())
                .isZero();
    }

    @Test
    void aSecretThatIsACommonWordIsRefused() {
        Said said = host.mayflyReading("localhost\n", "secret", "set", "--allow-short", "where");

        assertThat(said.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(said.err())
                .contains("secret where cannot be masked")
                .doesNotContain("localhost");
        assertThat(host.mayfly("secret", "rm", "where").code()).isEqualTo(ExitCode.NOT_FOUND);
    }

    @Test
    void versionNamesMayflyAndJava() {
        Said said = CommandFixture.execute("", "version");

        assertThat(said.code()).isZero();
        assertThat(said.out()).contains("mayfly ", "java " + Runtime.version());
    }

    @Test
    void doctorSaysThatThereIsNoEngine() {
        Said said = host.mayfly("doctor");

        assertThat(said.code()).as(said.err()).isEqualTo(ExitCode.FAULTED);
        assertThat(said.out()).contains("BAD   engine");
    }

    @Test
    void doctorExaminesTheEngineAlthoughTheStateDirectoryCannotBeUsed() throws Exception {
        Files.writeString(host.state, "in the way");
        Said said = host.mayfly("doctor");

        assertThat(said.code()).as(said.err()).isEqualTo(ExitCode.FAULTED);
        assertThat(said.out())
                .containsOnlyOnce("BAD   state")
                .contains(host.state.toString(), "daemon.state_dir", "BAD   engine");
    }

    @Test
    void secretsThatCannotBeLookedAtAreAnError() throws Exception {
        Files.createSymbolicLink(host.state, host.state);
        Said said = host.mayfly("secret", "list");

        assertThat(said.code()).isNotZero();
        assertThat(said.err()).contains(host.state.toString()).doesNotContain("\tat ");
    }

    @ParameterizedTest
    @ValueSource(strings = {"run", "submit", "check"})
    void aDirectoryIsNoJobFile(String command) {
        Said said = host.mayfly(command, folder.toString());

        assertThat(said.code()).isEqualTo(ExitCode.BAD_CONFIG);
        assertThat(said.err()).contains("is a directory").doesNotContain("Exception", "\tat ");
    }

    @Test
    void reapSaysThatItCouldNotLookEverywhere() {
        Said said = host.mayfly("reap");

        assertThat(said.code()).isEqualTo(ExitCode.FAULTED);
        assertThat(said.err()).contains("not everything could be looked at");
    }

    private static void end(JobReport report, JobId job, Outcome outcome)
            throws InterruptedException {
        Instant now = Instant.now();
        WrittenLog log = new WrittenLog(report.logs().getFirst());
        log.event(new LogEvent.SectionStarted(now, "script"));
        log.output("hello\n");
        log.event(new LogEvent.SectionEnded(now, "script", Duration.ofSeconds(1)));
        log.event(new LogEvent.Notice(now, "a notice"));
        log.finish();
        report.finished(outcome);
        report.released(
                new Receipt(
                        job,
                        new LifeId("l-test"),
                        now,
                        List.of(
                                new Receipt.Disposal(
                                        new OwnedResource(OwnedResource.Kind.CONTAINER, "c-1"),
                                        true,
                                        "asked, not known")),
                        List.of(new UsedImage("debian", "debian@sha256:00"))));
    }
}
