package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.mayfly.Eventually;
import dev.mayfly.job.Fault;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.Outcome;
import dev.mayfly.source.local.ApiProblemException;
import dev.mayfly.source.local.CancelEffect;
import dev.mayfly.source.local.JobQuery;
import dev.mayfly.source.local.PackedWorkspace;
import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The whole way, from a request to a receipt, through a daemon's API. Needs an engine on this host,
 * the docker command line, the agent image, git, and a static busybox.
 */
@Timeout(120)
class WayOfAJobIT {

    @TempDir private static Path directory;

    /** An address of this host that a container with a network can reach. */
    private static final String HOST = Engine.hostAddresses().getFirst();

    private static Installation installation;
    private static Daemon daemon;
    private static Jobs jobs;
    private static Engine engine;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        installation = new Installation(directory, 2, "drain_timeout: 1s");
        installation.secret("for-trusted", "a-long-enough-value", "trusted");
        installation.secret("short", "abc", "untrusted");
        engine = new Engine();
        daemon = Daemon.start(installation.settings());
        jobs = installation.jobs();
    }

    @AfterAll
    static void stop() throws IOException, InterruptedException {
        jobs.close();
        daemon.drain();
        daemon.close();
        assertThat(engine.of(installation.daemonId())).isEmpty();
        engine.close();
    }

    // -- sources

    private static Path repository(String name) throws IOException, InterruptedException {
        Path repository = directory.resolve(name);
        run("cp", "-r", Installation.DEMO.resolve("tally").toString(), repository.toString());
        git(repository, "init", "--quiet");
        git(repository, "add", "--all");
        git(
                repository,
                "-c",
                "user.name=test",
                "-c",
                "user.email=test@example.test",
                "commit",
                "--quiet",
                "--message=Count words");
        return repository;
    }

    private static String git(Path repository, String... arguments)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("git", "-C", repository.toString());
        builder.command().addAll(List.of(arguments));
        return Engine.Programs.output(builder);
    }

    private static String run(String... command) throws IOException, InterruptedException {
        return Engine.Programs.output(new ProcessBuilder(command));
    }

    private static void assertBuilt(Jobs.Ended job) {
        assertThat(job.outcome()).as("%s", job).isEqualTo(new Outcome.Passed());
        assertThat(job.sections()).containsExactly("prepare", "checkout", "script");
        assertThat(job.output()).contains("$ make\n", "$ make test\n");
    }

    @Test
    void bundleOfARepositoryIsCheckedOutCompiledAndTested()
            throws IOException, InterruptedException {
        Path repository = repository("bundled");
        Path bundle = directory.resolve("tally.bundle");
        git(repository, "bundle", "create", "--quiet", bundle.toString(), "--all", "HEAD");
        String commit = git(repository, "rev-parse", "HEAD");

        JobId job =
                jobs.client()
                        .submit(
                                "script: [make, make test, git status --short]",
                                new PackedWorkspace(bundle, commit))
                        .id();

        Jobs.Ended ended = jobs.ended(job);
        assertBuilt(ended);
        assertThat(ended.output()).contains("Count words");
    }

    @Test
    void directoryIsCopiedInCompiledAndTested() throws IOException, InterruptedException {
        Path tar = directory.resolve("tally.tar");
        run("tar", "-C", Installation.DEMO.resolve("tally").toString(), "-cf", tar.toString(), ".");

        JobId job =
                jobs.client()
                        .submit("script: [make, make test]", new PackedWorkspace(tar, null))
                        .id();

        assertBuilt(jobs.ended(job));
    }

    @Test
    void commitIsClonedOverTheNetworkByAJobThatHasNone() throws IOException, InterruptedException {
        Path repository = repository("served");
        String commit = git(repository, "rev-parse", "HEAD");
        int port = freePort();
        Process server =
                new ProcessBuilder(
                                "git",
                                "daemon",
                                "--listen=" + HOST,
                                "--port=" + port,
                                "--base-path=" + directory,
                                "--export-all",
                                "--reuseaddr")
                        .redirectErrorStream(true)
                        .redirectOutput(directory.resolve("git-daemon.log").toFile())
                        .start();
        try {
            Eventually.holds("git listens", Duration.ofSeconds(10), () -> listens(port));
            Jobs.Ended job =
                    jobs.run(
                            """
                            pool: trusted
                            workspace: {git: {url: "git://%1$s:%2$d/served", commit: %3$s}}
                            script:
                              - make
                              - make test
                              - "! timeout 2 git ls-remote git://%1$s:%2$d/served"
                            """
                                    .formatted(HOST, port, commit));
            assertBuilt(job);

            Jobs.Ended unknown =
                    jobs.run(
                            """
                            pool: trusted
                            workspace: {git: {url: "git://%s:%d/served", commit: %s}}
                            script: [make]
                            """
                                    .formatted(HOST, port, "0".repeat(39) + "1"));
            assertThat(unknown.outcome()).isInstanceOf(Outcome.Faulted.class);
            assertThat(((Outcome.Faulted) unknown.outcome()).fault()).isEqualTo(Fault.WORKSPACE);
        } finally {
            server.descendants().forEach(ProcessHandle::destroyForcibly);
            server.destroyForcibly();
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private static boolean listens(int port) {
        try (var _ = new java.net.Socket(HOST, port)) {
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    // -- what a job is given

    @Test
    void scriptSeesItsVariablesAndWhatMayflySays() throws IOException, InterruptedException {
        JobId id =
                jobs.submit(
                        """
                        name: say it
                        variables: {VERSION: 1.10, TEXT: "a b\\n'c' $HOME"}
                        script:
                          - echo "version=$VERSION"
                          - printf 'text=%s\\n' "$TEXT"
                          - echo "ci=$CI id=$MAYFLY_JOB_ID name=$MAYFLY_JOB_NAME pool=$MAYFLY_POOL"
                          - echo "outcome=${MAYFLY_OUTCOME-unset}"
                          - cd /tmp && export LOCAL=kept
                          - echo "$PWD $LOCAL"
                          - echo "$(pwd) in one shell"
                        """);
        Jobs.Ended job = jobs.ended(id);
        assertThat(job.outcome()).isEqualTo(new Outcome.Passed());
        assertThat(job.output())
                .contains(
                        "\nversion=1.10\n",
                        "text=a b\n'c' $HOME\n",
                        "ci=true id=" + id + " name=say it pool=untrusted\n",
                        "outcome=unset\n",
                        "/tmp kept\n",
                        "/tmp in one shell\n");
    }

    @Test
    void secretIsAFileAndOnlyWhereAskedAVariable() throws IOException, InterruptedException {
        Jobs.Ended job =
                jobs.run(
                        """
                        pool: trusted
                        secrets: {FILE: for-trusted, BOTH: {ref: for-trusted, variable: true}}
                        script:
                          - stat -c '%a %s' /run/secrets/FILE
                          - test "$(cat /run/secrets/FILE)" = "$BOTH"
                          - echo "as variable ${FILE-unset}"
                          - cat /run/secrets/BOTH
                        """);
        assertThat(job.outcome()).as("%s", job).isEqualTo(new Outcome.Passed());
        assertThat(job.output())
                .contains("400 19\n", "as variable unset\n", "[MASKED]")
                .doesNotContain("a-long-enough-value");
    }

    // -- how a job ends

    @ParameterizedTest
    @CsvSource({"exit 0, passed", "exit 1, failed", "exit 255, failed", "kill -9 $$, failed"})
    void exitCodeDecidesAndAfterScriptIsTold(String last, String word)
            throws IOException, InterruptedException {
        Jobs.Ended job =
                jobs.run(
                        """
                        script: [echo hello > kept, "%s", echo not reached]
                        after_script: [cat kept, 'echo "outcome=$MAYFLY_OUTCOME"', exit 3]
                        """
                                .formatted(last));
        assertThat(job.outcome().word()).isEqualTo(word);
        assertThat(job.output())
                .contains("hello\n", "outcome=" + word + "\n")
                .doesNotContain("\nnot reached");
        assertThat(job.sections()).containsExactly("prepare", "script", "after_script");
        if (job.outcome() instanceof Outcome.Failed(int code)) {
            assertThat(code)
                    .isEqualTo(
                            last.startsWith("exit ") ? Integer.parseInt(last.substring(5)) : 137);
        }
        assertThat(job.events())
                .as("the log says that after_script failed")
                .anyMatch(e ->
                        e instanceof LogEvent.Notice(var _, String text)
                                && text.startsWith("after_script failed"));
    }

    @Test
    void firstLineThatFailsEndsTheScriptAlsoInsideAPipe() throws IOException, InterruptedException {
        Jobs.Ended job = jobs.run("script: ['false | cat', echo not reached]");
        assertThat(job.outcome()).isEqualTo(new Outcome.Failed(1));
        assertThat(job.output()).doesNotContain("\nnot reached");
    }

    @Test
    void timeoutEndsAJobThatIgnoresItsSignal() throws IOException, InterruptedException {
        Jobs.Ended job = jobs.run(Files.readString(Installation.DEMO.resolve("timeout.yaml")));
        assertThat(job.outcome()).isEqualTo(new Outcome.TimedOut(Duration.ofSeconds(2)));
    }

    @Test
    void jobThatTakesTooMuchMemoryIsToldSo() throws IOException, InterruptedException {
        Jobs.Ended job =
                jobs.run(
                        """
                        resources: {memory: 64MiB}
                        script: ['head -c 200000000 /dev/zero | tail -c 150000000 > /dev/null']
                        after_script: ['echo "outcome=$MAYFLY_OUTCOME"']
                        """);
        assertThat(job.outcome()).as("%s", job).isEqualTo(new Outcome.OutOfMemory(64L << 20));
        assertThat(job.output()).contains("outcome=out-of-memory");
    }

    @Test
    void jobThatHoldsTooMuchOfTheDiskIsToldSo() throws IOException, InterruptedException {
        Jobs.Ended job =
                jobs.run(
                        """
                        resources: {disk: 32MiB}
                        script: ['head -c 100M /dev/zero >full && sleep 100']
                        after_script: ['echo "outcome=$MAYFLY_OUTCOME"']
                        """);
        assertThat(job.outcome())
                .as("%s", job)
                .isInstanceOfSatisfying(
                        Outcome.OutOfDisk.class,
                        out ->
                                assertThat(out.excess())
                                        .contains(" of 32 MiB are used in workspace"));
        assertThat(job.output()).doesNotContain("outcome=");
    }

    // -- cancelling

    @Test
    void runningJobIsCancelledAndCleansUpAfterItself() throws IOException, InterruptedException {
        JobId id =
                jobs.submit(
                        """
                        script: [echo started, sleep 600]
                        after_script: ['echo "outcome=$MAYFLY_OUTCOME"']
                        """);
        jobs.printed(id, "\nstarted\n");
        assertThat(jobs.client().cancel(id, "no longer wanted")).isEqualTo(CancelEffect.REQUESTED);
        Jobs.Ended job = jobs.ended(id);
        assertThat(job.outcome()).isEqualTo(new Outcome.Cancelled("no longer wanted"));
        assertThat(job.output()).contains("outcome=cancelled\n");
    }

    @Test
    void jobThatWaitsForAnImageIsCancelledAtOnce() throws IOException, InterruptedException {
        try (ServerSocket silent = new ServerSocket(0)) {
            JobId id =
                    jobs.submit(
                            "{image: \"127.0.0.1:%d/never:1\", script: [echo]}"
                                    .formatted(silent.getLocalPort()));
            jobs.until(id, "preparing", j -> j.state().phase() == JobPhase.PREPARING);
            silent.setSoTimeout(30_000);
            try (var _ = silent.accept()) { // the engine asks the registry, which never answers
                jobs.client().cancel(id, "impatient");
                Jobs.Ended job = jobs.ended(id);
                assertThat(job.outcome()).isEqualTo(new Outcome.Cancelled("impatient"));
            }
        }
    }

    @Test
    void queuedJobIsCancelledWithoutAnythingBeingMade() throws IOException, InterruptedException {
        List<JobId> holding =
                List.of(jobs.submit("script: [sleep 600]"), jobs.submit("script: [sleep 600]"));
        for (JobId id : holding) {
            jobs.until(id, "running", j -> j.state().phase() == JobPhase.RUNNING);
        }
        JobId waiting = jobs.submit("script: [echo never]");
        assertThat(jobs.client().cancel(waiting, "changed my mind")).isEqualTo(CancelEffect.ENDED);
        var ended = jobs.until(waiting, "ended", j -> j.state().ended());
        assertThat(ended.state().outcome()).isEqualTo(new Outcome.Cancelled("changed my mind"));
        for (JobId id : holding) {
            jobs.client().cancel(id, "done");
            jobs.ended(id);
        }
        assertThat(jobs.output(waiting)).isEmpty();
    }

    // -- faults

    private static Outcome.Faulted faulted(Jobs.Ended job) {
        assertThat(job.outcome()).as("%s", job).isInstanceOf(Outcome.Faulted.class);
        return (Outcome.Faulted) job.outcome();
    }

    @Test
    void imageThatIsNowhereIsNamedWithTheCure() throws IOException, InterruptedException {
        Outcome.Faulted fault =
                faulted(jobs.run("{image: \"127.0.0.1:1/no/such:1\", script: [echo]}"));
        assertThat(fault.fault()).isEqualTo(Fault.REGISTRY);
        assertThat(fault.detail())
                .contains("127.0.0.1:1/no/such:1", "could not be pulled", "docker load");
    }

    @Test
    void imageWithoutAShellIsNamed() throws IOException, InterruptedException {
        Path context = Files.createDirectory(directory.resolve("no-shell"));
        Files.copy(Path.of("/bin/busybox"), context.resolve("true"));
        Files.writeString(context.resolve("Dockerfile"), "FROM scratch\nCOPY true /bin/true\n");
        String image = "mayfly-test-e2e-" + installation.daemonId() + ":1";
        Engine.docker("build", "--quiet", "--tag", image, context.toString());
        try {
            Outcome.Faulted fault =
                    faulted(jobs.run("{image: \"%s\", script: [echo]}".formatted(image)));
            assertThat(fault.fault()).isEqualTo(Fault.IMAGE);
            assertThat(fault.detail()).contains("use an image with a shell");
        } finally {
            Engine.docker("rmi", image);
        }
    }

    @ParameterizedTest
    @CsvSource({"untrusted, no-such", "untrusted, for-trusted", "untrusted, short"})
    void secretThatCannotBeHadOrHiddenFailsTheJobBeforeAnythingIsMade(String pool, String reference)
            throws IOException, InterruptedException {
        try (Engine.Happenings happenings = engine.listen()) {
            Jobs.Ended job =
                    jobs.run(
                            "{pool: %s, secrets: {TOKEN: %s}, script: [echo reached]}"
                                    .formatted(pool, reference));
            Outcome.Faulted fault = faulted(job);
            assertThat(fault.fault()).isEqualTo(Fault.SECRET);
            assertThat(fault.detail())
                    .contains(reference.equals("short") ? "TOKEN" : reference)
                    .doesNotContain("a-long-enough-value");
            assertThat(job.receipt().disposals()).as("nothing was ever intended").isEmpty();
            assertThat(happenings.touched(job.job().id().value())).isEmpty();
            assertThat(job.output()).isEmpty();
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "pool: guarded | may feed trusted, untrusted only",
                "pool: nowhere | there is no pool nowhere",
                "network: full | network is full, the most is none",
                "resources: {memory: 1GiB} | resources.memory is 1024MiB, the most is 256MiB",
                "resources: {pids: 500} | resources.pids is 500, the most is 128",
                "timeout: 1h | timeout is 60m, the most is 5m"
            })
    void jobThatAsksForTooMuchIsRefusedWithTheReasonAndNotKept(String asks, String reason)
            throws IOException, InterruptedException {
        JobQuery newest = new JobQuery(JobQuery.State.ANY, 1, null);
        List<?> before = jobs.client().list(newest).jobs();
        assertThatExceptionOfType(ApiProblemException.class)
                .isThrownBy(() -> jobs.submit("{" + asks + ", script: [echo]}"))
                .withMessageContaining(reason)
                .satisfies(refusal -> assertThat(refusal.status()).isEqualTo(403));
        assertThat(jobs.client().list(newest).jobs()).isEqualTo(before);
    }
}
