package dev.mayfly.bootstrap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.Eventually;
import dev.mayfly.source.gitlab.GitLabStub;
import dev.mayfly.source.gitlab.StubJob;
import dev.mayfly.source.gitlab.StubPayload;
import dev.mayfly.source.gitlab.StubRunner;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import java.util.zip.CRC32;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The way of somebody who comes from gitlab-runner, by the command line alone: register a runner,
 * start the daemon, let it run a pipeline that uses what pipelines use, take the host off again.
 * Needs an engine on this host, the docker command line, git and the agent image.
 */
@Timeout(420)
class GitLabWalkIT {

    private static final Duration SOON = Duration.ofMinutes(2);

    /** GitLab's own limit of calls by the token of one job. */
    private static final int CALLS_A_MINUTE = 200;

    /** More than one piece of a trace. */
    private static final int NUMBERS = 200_000;

    private static final String PASSWORD = random();
    private static final String KEY = random();

    @TempDir private Path directory;

    private final List<StubJob> jobs = new ArrayList<>();
    private GitLabStub stub;
    private StubRunner runner;
    private GitHttpServer git;
    private Installation installation;
    private Engine engine;
    private long number = 2000;

    private static String random() {
        byte[] bytes = new byte[16];
        ThreadLocalRandom.current().nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    @BeforeEach
    void start() throws IOException {
        stub = GitLabStub.start().limitCalls(CALLS_A_MINUTE);
        runner = stub.runner();
        git = new GitHttpServer(Files.createDirectory(directory.resolve("git")));
        installation = new Installation(directory, 2, "drain_timeout: 1s");
        engine = new Engine();
    }

    @AfterEach
    void stop() throws IOException {
        engine.close();
        git.close();
        stub.close();
    }

    @Test
    void pipelineRunsFromTheRegistrationToItsGreenEnd() throws Exception {
        register();
        try (MayflyProcess daemon = MayflyProcess.daemon(installation)) {
            MayflyProcess verified = mayfly("registrations", "--verify");
            assertThat(verified.said()).contains("stub", "feeds trusted", "good");

            String commit = git.repository("app", "greeting.txt", "hello from the repository\n");
            StubJob build = enqueue(build(commit));
            StubJob submodule = enqueue(submodule());
            StubJob failing =
                    enqueue(
                            without("failing").script("echo as expected", "exit 42"),
                            Set.of("return_exit_code"));
            StubJob after =
                    enqueue(
                            without("after")
                                    .script("export LOST=1")
                                    .afterScript("echo \"after $CI_JOB_STATUS ${LOST:-nothing}\""));
            ended(build, submodule, failing, after);

            passed(build);
            assertThat(build.trace())
                    .contains("No cache is there yet", "Created cache deps-non_protected");
            assertThat(section(build, "step_script")).isEqualTo(expectedOfBuild());
            passed(submodule);
            assertThat(submodule.trace()).contains("of the application\nof the library\n");
            assertThat(failing.status()).isEqualTo(StubJob.Status.FAILED);
            assertThat(failing.failureReason()).isEqualTo("script_failure");
            assertThat(failing.exitCode()).isEqualTo(42);
            passed(after);
            assertThat(section(after, "after_script"))
                    .endsWith("\nafter success nothing\n")
                    .doesNotContain("LOST=1");

            byte[] archive = build.artifacts().getFirst().bytes();
            build.download(archive, true);
            StubPayload testing =
                    without("testing")
                            .dependency(build, archive.length)
                            .script(
                                    "sh dist/run.sh",
                                    "cat deps/of",
                                    "grep -q $(sha256sum dist/run.sh | cut -c-64) artifacts-metadata.json");
            testing.cache("deps-non_protected", "deps/").put("policy", "pull");
            StubJob testing1 = enqueue(testing);
            StubJob service = enqueue(service(), Set.of("services", "service_multiple_aliases"));
            StubJob secrets = enqueue(secrets());
            StubJob release = enqueue(release(), Set.of("multi_build_steps"));
            StubPayload endless =
                    without("cancelled")
                            .variable("PASSWORD", PASSWORD, "masked raw")
                            .script("echo READY", "sleep 600")
                            .afterScript("echo \"after $CI_JOB_STATUS\"");
            StubJob cancelled = enqueue(endless);
            StubPayload slow = without("slow").script("sleep 600");
            ((ObjectNode) slow.node().path("runner_info")).put("timeout", 8);
            StubJob timedOut = enqueue(slow);
            Eventually.holds(
                    "a script that does not end",
                    SOON,
                    () -> cancelled.trace().contains("\nREADY\n") || isOver(cancelled));
            String inspected = inspected(cancelled);
            cancelled.cancel();
            ended(testing1, service, secrets, release, cancelled, timedOut);

            passed(testing1);
            assertThat(testing1.trace())
                    .contains("Restored cache deps-non_protected")
                    .contains("built from hello from the repository\n", "of build\n");
            passed(service);
            assertThat(service.trace()).contains("\ndb answers\n", "\nstore answers\n");
            passed(secrets);
            assertThat(section(secrets, "step_script"))
                    .contains("\nthe password is [MASKED]\n", "/run/secrets/KEY\n");
            passed(release);
            assertThat(section(release, "step_release"))
                    .endsWith("\nreleased v1 with `exit 9`\n")
                    .contains("$ echo \"released");
            assertThat(cancelled.status()).isEqualTo(StubJob.Status.CANCELED);
            assertThat(cancelled.trace()).contains("\nafter canceled\n");
            assertThat(timedOut.status()).isEqualTo(StubJob.Status.FAILED);
            assertThat(timedOut.failureReason()).isEqualTo("job_execution_timeout");

            jobs.forEach(GitLabWalkIT::assertDelivered);
            for (String secret : secretsOfAll()) {
                assertThat(jobs).noneMatch(job -> job.trace().contains(secret));
                assertThat(inspected.contains(secret)).isFalse();
                assertThat(git.asked()).noneMatch(line -> line.contains(secret));
                assertThat(daemon.said().contains(secret)).isFalse();
            }
            Eventually.holds(
                    "nothing is left on the engine",
                    SOON,
                    () -> engine.of(installation.daemonId()).isEmpty());
        }
        assertThat(filesWith(secretsOfAll())).containsExactly(Path.of("gitlab/stub.json"));
        assertThat(installation.state().resolve("gitlab/jobs")).isEmptyDirectory();
        MayflyProcess gone = mayfly("unregister", "stub");
        assertThat(gone.said()).doesNotContain(runner.token());
        assertThat(runner.managers()).isEmpty();
        assertThat(installation.state().resolve("gitlab/stub.json")).doesNotExist();
    }

    private void register() throws Exception {
        Path token = Files.writeString(directory.resolve("runner.token"), runner.token() + "\n");
        Files.setPosixFilePermissions(token, PosixFilePermissions.fromString("rw-------"));
        MayflyProcess registered =
                mayfly(
                        "register",
                        "--name",
                        "stub",
                        "--url",
                        stub.url().toString(),
                        "--pool",
                        "trusted",
                        "--token-file",
                        token.toString(),
                        "--write");
        Files.delete(token);

        assertThat(registered.said())
                .contains("registered stub as runner " + runner.id())
                .doesNotContain(runner.token());
        assertThat(Files.readString(installation.config()))
                .contains("name: stub", "url: " + stub.url(), "pool: trusted")
                .doesNotContain(runner.token());
        assertThat(
                        PosixFilePermissions.toString(
                                Files.getPosixFilePermissions(
                                        installation.state().resolve("gitlab/stub.json"))))
                .isEqualTo("rw-------");
        assertThat(runner.managers()).hasSize(1);
    }

    // ---- the jobs

    private StubPayload build(String commit) throws SocketException {
        StubPayload payload =
                job("build")
                        .script(
                                "printf 'a\\tb \u2713 \\033[32mgreen\\033[0m\\n'",
                                "seq 1 " + NUMBERS,
                                "mkdir dist deps; echo 'of build' >deps/of",
                                "echo \"echo built from $(cat greeting.txt)\" >dist/run.sh",
                                "echo '<testsuite/>' >junit.xml");
        at(payload, "app", commit);
        payload.variable("RUNNER_GENERATE_ARTIFACTS_METADATA", "true");
        payload.artifact("archive", "zip", "dist/").put("expire_in", "1 day");
        payload.artifact("junit", "gzip", "junit.xml")
                .put("when", "always")
                .put("name", "junit.xml");
        payload.cache("deps-non_protected", "deps/");
        return payload;
    }

    /** To the byte what the commands print, and the commands. */
    private static String expectedOfBuild() {
        return shown("printf 'a\\tb \u2713 \\033[32mgreen\\033[0m\\n'")
                + "a\tb \u2713 \u001b[32mgreen\u001b[0m\n"
                + shown("seq 1 " + NUMBERS)
                + IntStream.rangeClosed(1, NUMBERS)
                        .mapToObj(i -> i + "\n")
                        .collect(Collectors.joining())
                + shown("mkdir dist deps; echo 'of build' >deps/of")
                + shown("echo \"echo built from $(cat greeting.txt)\" >dist/run.sh")
                + shown("echo '<testsuite/>' >junit.xml");
    }

    private static String shown(String command) {
        return "\u001b[32;1m$ " + command + "\u001b[0;m\n";
    }

    private StubPayload submodule() throws IOException, InterruptedException {
        git.repository("library", "lib.txt", "of the library\n");
        git.repository("parent", "app.txt", "of the application\n");
        String commit = git.withSubmodule("parent", "library", "../library.git");
        StubPayload payload =
                job("submodule")
                        .variable("GIT_SUBMODULE_STRATEGY", "recursive")
                        .variable("GET_SOURCES_ATTEMPTS", "2")
                        .script("cat app.txt library/lib.txt");
        at(payload, "parent", commit);
        return payload;
    }

    private StubPayload service() {
        StubPayload payload =
                without("service")
                        .script(
                                "for name in db store; do until (: </dev/tcp/$name/9418) 2>/dev/null;"
                                        + " do sleep 0.2; done; echo \"$name answers\"; done");
        ObjectNode service = ((ArrayNode) payload.node().path("services")).addObject();
        service.put("name", Installation.AGENT_IMAGE).put("alias", "db,store");
        service.putArray("entrypoint").add("git");
        service.putArray("command").add("daemon").add("--export-all").add("--base-path=/tmp");
        return payload;
    }

    private StubPayload secrets() {
        return without("secrets")
                .variable("PASSWORD", PASSWORD, "masked raw")
                .variable("KEY", KEY + "\n", "masked file raw")
                .script(
                        "echo \"the password is $PASSWORD\"",
                        "printf %s \"$PASSWORD\" | base64",
                        "printf %.9s \"$PASSWORD\"; sleep 1; printf '%s\\n' \"${PASSWORD#?????????}\"",
                        "echo \"$KEY\"; cat \"$KEY\"",
                        "env");
    }

    private StubPayload release() {
        return without("release")
                .variable("TAG", "v1")
                .variable("NOTES", "`exit 9`")
                .script("true")
                .step(
                        "release",
                        "on_success",
                        false,
                        List.of("echo \"released $TAG with $NOTES\""));
    }

    private StubPayload job(String name) {
        StubPayload payload = StubPayload.job(++number, name);
        ((ObjectNode) payload.node().path("image")).put("name", Installation.AGENT_IMAGE);
        return payload;
    }

    private StubPayload without(String name) {
        return job(name).variable("GIT_STRATEGY", "none");
    }

    private void at(StubPayload payload, String repository, String commit) throws SocketException {
        ObjectNode info = (ObjectNode) payload.node().path("git_info");
        String token = payload.node().path("token").asText();
        info.put("sha", commit)
                .put(
                        "repo_url",
                        "http://gitlab-ci-token:%s@%s/%s.git"
                                .formatted(token, git.authority(), repository));
    }

    private StubJob enqueue(StubPayload payload) {
        return enqueue(payload, Set.of());
    }

    private StubJob enqueue(StubPayload payload, Set<String> needs) {
        String token = payload.node().path("token").asText();
        git.allow(token);
        payload.variable("CI_JOB_TOKEN", token, "masked");
        StubJob job = stub.enqueue(runner, payload.node(), needs);
        jobs.add(job);
        return job;
    }

    // ---- what became of them

    private MayflyProcess mayfly(String command, String... arguments) throws Exception {
        MayflyProcess process = MayflyProcess.start(installation, command, arguments);
        assertThat(process.exitCode()).as(process.said()).isZero();
        return process;
    }

    private static void ended(StubJob... all) throws InterruptedException {
        for (StubJob job : all) {
            Eventually.holds("job " + job.id() + " ends", SOON, () -> isOver(job));
        }
    }

    private static boolean isOver(StubJob job) {
        return List.of(StubJob.Status.SUCCESS, StubJob.Status.FAILED, StubJob.Status.CANCELED)
                .contains(job.status());
    }

    private static void passed(StubJob job) {
        assertThat(job.status()).as(job.trace()).isEqualTo(StubJob.Status.SUCCESS);
    }

    /** One end, of the log that the server has, to the byte. */
    private static void assertDelivered(StubJob job) {
        CRC32 crc = new CRC32();
        crc.update(job.traceBytes());
        JsonNode end = job.updates().getLast();

        assertThat(end.path("output").path("checksum").asText())
                .as("job %d", job.id())
                .isEqualTo("crc32:%08x".formatted(crc.getValue()));
        assertThat(end.path("output").path("bytesize").asLong()).isEqualTo(job.traceBytes().length);
        assertThat(job.recordedFinals()).isEqualTo(1);
        assertThat(job.trace()).contains("nothing is left");
    }

    /** What stands between the marks of a section, without its title. */
    private static String section(StubJob job, String name) {
        Matcher matcher =
                Pattern.compile(
                                "section_start:\\d+:%1$s_[0-9a-f]+\\r\\x1b\\[0K[^\\n]*\\n(.*?)section_end:\\d+:%1$s_"
                                        .formatted(name),
                                Pattern.DOTALL)
                        .matcher(job.trace());
        assertThat(matcher.find()).as(job.trace()).isTrue();
        return matcher.group(1);
    }

    private String inspected(StubJob job) throws IOException, InterruptedException {
        StringBuilder all = new StringBuilder();
        for (String container : engine.containersOf("stub-" + job.id())) {
            all.append(Engine.docker("inspect", container));
        }
        assertThat(all).contains(installation.daemonId());
        return all.toString();
    }

    private List<String> secretsOfAll() {
        List<String> secrets = new ArrayList<>(jobs.stream().map(StubJob::token).toList());
        secrets.add(runner.token());
        secrets.add(PASSWORD);
        secrets.add(KEY);
        secrets.add(Base64.getEncoder().encodeToString(PASSWORD.getBytes(UTF_8)));
        return secrets;
    }

    /** Files of the daemon's, beside its configuration, that hold one of the texts. */
    private Set<Path> filesWith(List<String> texts) throws IOException {
        try (Stream<Path> files = Files.walk(installation.state())) {
            return files.filter(Files::isRegularFile)
                    .filter(file -> {
                        String content = content(file);
                        return texts.stream().anyMatch(content::contains);
                    })
                    .map(installation.state()::relativize)
                    .collect(Collectors.toSet());
        }
    }

    private static String content(Path file) {
        try {
            return Files.readString(file, ISO_8859_1);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
