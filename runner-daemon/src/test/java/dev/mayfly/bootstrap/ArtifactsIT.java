package dev.mayfly.bootstrap;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.Eventually;
import dev.mayfly.source.gitlab.GitLabStub;
import dev.mayfly.source.gitlab.StubEndpoint;
import dev.mayfly.source.gitlab.StubFault;
import dev.mayfly.source.gitlab.StubJob;
import dev.mayfly.source.gitlab.StubPayload;
import dev.mayfly.source.gitlab.StubRunner;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.Stream;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.zip.UnixStat;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * What jobs of a pipeline keep at the server and are brought from there, on a real engine. Needs an
 * engine on this host, the docker command line and the agent image.
 */
@Timeout(240)
class ArtifactsIT {

    private static final Duration SOON = Duration.ofMinutes(2);

    @TempDir private static Path directory;

    private static Installation installation;
    private static GitLabStub stub;
    private static StubRunner runner;
    private static Daemon daemon;
    private static Engine engine;
    private static final AtomicLong NUMBERS = new AtomicLong(1000);

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        stub = GitLabStub.start();
        runner = stub.runner();
        installation = new Installation(directory, 2, "drain_timeout: 1s");
        installation.runner(stub, runner);
        engine = new Engine();
        daemon = Daemon.start(installation.settings());
    }

    @AfterAll
    static void stop() throws IOException, InterruptedException {
        daemon.drain();
        daemon.close();
        assertThat(engine.of(installation.daemonId())).isEmpty();
        engine.close();
        stub.close();
    }

    @Test
    void whatOneJobKeepsTheNextOneFinds() throws Exception {
        StubPayload payload =
                job("build")
                        .script(
                                "mkdir -p dist/empty dist/bin",
                                "echo 'echo built' >dist/bin/run.sh; chmod 755 dist/bin/run.sh",
                                "ln -s bin/run.sh dist/latest",
                                "echo noise >dist/app.map; echo left out >other.txt",
                                "mkfifo dist/pipe; ln -s /etc/passwd dist/outside")
                        .afterScript("echo \"after $CI_JOB_STATUS\" >dist/after.txt");
        payload.artifact("archive", "zip", "dist", "nothing/*.txt")
                .put("name", "app")
                .put("expire_in", "1 day")
                .putArray("exclude")
                .add("**/*.map");
        StubJob build = enqueue(payload);
        ended(build);

        assertThat(build.status()).as(build.trace()).isEqualTo(StubJob.Status.SUCCESS);
        byte[] archive = build.artifacts().getFirst().bytes();
        assertThat(names(archive))
                .containsExactly(
                        "dist/",
                        "dist/after.txt",
                        "dist/bin/",
                        "dist/bin/run.sh",
                        "dist/empty/",
                        "dist/latest -> bin/run.sh",
                        "dist/outside -> /etc/passwd");
        assertThat(build.trace())
                .containsSubsequence(
                        "step_script_", "after_script_", "upload_artifacts_on_success_")
                .contains("Uploading artifacts for successful job")
                .contains("dist: found 9 matching files and directories")
                .contains("nothing/*.txt: no matching files; paths are relative to /workspace/src")
                .contains("**/*.map: excluded 1 files")
                .contains("1 pipes, sockets or devices are left out")
                .contains("Uploaded artifacts as \"archive\": 7 files and directories of");

        build.download(archive, true);
        StubJob test =
                enqueue(
                        job("test")
                                .dependency(build, archive.length)
                                .script(
                                        "sh dist/latest; ls -l dist/bin/run.sh",
                                        "test -d dist/empty && test ! -e dist/app.map",
                                        "readlink dist/outside; cat dist/after.txt",
                                        "id -u; stat -c %u dist/bin/run.sh"));
        ended(test);

        assertThat(test.trace())
                .containsSubsequence("download_artifacts_", "step_script_")
                .contains("Downloading artifacts for earlier (" + build.id() + ")")
                .contains("Unpacked 7 files and directories")
                .contains("built\n", "-rwxr-xr-x", "/etc/passwd\n", "after success\n");
        assertThat(test.status()).as(test.trace()).isEqualTo(StubJob.Status.SUCCESS);
    }

    @Test
    void reportsAndWhatIsKeptOfAFailureFollowTheOutcome() throws Exception {
        StubPayload payload =
                job("failing")
                        .script(
                                "echo '<testsuite/>' >junit.xml; echo '{}' >sast.json",
                                "mkdir logs; echo why >logs/a.log; exit 3");
        payload.artifact("archive", "zip", "junit.xml");
        payload.artifact("archive", "zip", "logs/").put("when", "on_failure");
        payload.artifact("junit", "gzip", "*.xml").put("when", "always").put("name", "junit.xml");
        payload.artifact("sast", "raw", "sast.json").put("when", "always").put("name", "sast.json");
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(job.artifacts())
                .extracting(StubJob.Artifact::fileName)
                .containsExactly("artifacts.zip", "junit.xml.gz", "sast.json");
        assertThat(names(job.artifacts().getFirst().bytes()))
                .containsExactly("logs/", "logs/a.log");
        try (GZIPInputStream in =
                new GZIPInputStream(new ByteArrayInputStream(job.artifacts().get(1).bytes()))) {
            assertThat(new String(in.readAllBytes(), UTF_8)).isEqualTo("<testsuite/>\n");
        }
        assertThat(job.artifacts().get(2).bytes()).isEqualTo("{}\n".getBytes(UTF_8));
        assertThat(job.trace()).contains("upload_artifacts_on_failure_");
        assertThat(job.failureReason()).isEqualTo("script_failure");
        assertThat(job.exitCode()).isEqualTo(3);
    }

    @Test
    void uploadThatIsRefusedFailsAJobThatPassed() throws Exception {
        StubPayload payload = job("large").script("head -c 100000 /dev/urandom >big");
        payload.artifact("archive", "zip", "big");
        StubJob job = enqueue(payload);
        job.artifactLimit(50_000);
        ended(job);

        assertThat(job.trace()).contains("they are larger than the server allows");
        assertThat(job.status()).isEqualTo(StubJob.Status.FAILED);
        assertThat(job.failureReason()).isEqualTo("runner_system_failure");
    }

    @Test
    void uploadIsReadAgainFromTheWorkspaceWhenTheServerIsBusy() throws Exception {
        StubPayload payload = job("busy").script("seq 1 100000 >numbers");
        payload.artifact("archive", "zip", "numbers");
        stub.next(StubEndpoint.UPLOAD, StubFault.status(503), new StubFault.CutAfter());
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(job.status()).as(job.trace()).isEqualTo(StubJob.Status.SUCCESS);
        assertThat(job.artifacts()).hasSize(1);
    }

    @Test
    void fileWithASecretIsNamedAndDoesNotLeave() throws Exception {
        StubPayload payload =
                job("leaking")
                        .variable("DB_PASSWORD", "s3cr3t-value", "masked raw")
                        .script(
                                "mkdir out; echo harmless >out/a.txt",
                                "head -c 300000 /dev/zero >out/config.bin",
                                "printf %s \"$DB_PASSWORD\" | base64 >>out/config.bin");
        payload.artifact("archive", "zip", "out/");
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(job.artifacts()).isEmpty();
        assertThat(job.trace())
                .contains("out/config.bin holds the value of DB_PASSWORD")
                .doesNotContain("s3cr3t-value");
        assertThat(job.status()).isEqualTo(StubJob.Status.FAILED);
    }

    @Test
    void nothingToUploadFailsNobody() throws Exception {
        StubPayload payload = job("empty").script("true");
        payload.artifact("archive", "zip", "dist/");
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(job.trace()).contains("No files to upload");
        assertThat(job.status()).isEqualTo(StubJob.Status.SUCCESS);
    }

    @Test
    void untrackedFilesAreFoundWhateverTheRepositoryTellsGitToDo() throws Exception {
        StubPayload payload =
                job("untracked")
                        .script(
                                "git init -q .; echo a >tracked; echo '*.log' >.gitignore",
                                "git add tracked .gitignore",
                                "git config core.fsmonitor 'echo hacked >/tmp/hacked; false'",
                                "echo b >new.txt; mkdir sub; echo c >sub/ignored.log");
        payload.artifact("archive", "zip").put("untracked", true);
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(names(job.artifacts().getFirst().bytes()))
                .containsExactly("new.txt", "sub/ignored.log");
    }

    @Test
    void linksThatAJobLeavesAreNotFollowed() throws Exception {
        StubPayload payload =
                job("links")
                        .script(
                                "ln -s /etc etc; mkdir real; echo x >real/x; ln -s real also",
                                "cd ..; mv src moved; ln -s / src");
        payload.artifact("archive", "zip", "**");
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(job.artifacts()).isEmpty();
        assertThat(job.trace()).contains("**: no matching files");
    }

    @Test
    void hostileArchiveIsRefusedByTheNameOfItsEntry() throws Exception {
        StubJob earlier = stub.running(runner, StubPayload.job(NUMBERS.incrementAndGet(), "evil"));
        byte[] archive = zip("link", UnixStat.LINK_FLAG | 0777, "/etc", "link/x", 0, "y");
        earlier.download(archive, false);
        StubJob job =
                enqueue(
                        job("victim")
                                .dependency(earlier, archive.length)
                                .script("echo never")
                                .afterScript("echo neither"));
        ended(job);

        assertThat(job.trace())
                .contains("entry link/x goes through link, which is a symbolic link")
                .doesNotContain("\nnever\n", "\nneither\n");
        assertThat(job.failureReason()).isEqualTo("runner_system_failure");
    }

    @Test
    void archiveThatIsGoneIsNamedAfterItsJob() throws Exception {
        StubJob earlier = stub.running(runner, StubPayload.job(NUMBERS.incrementAndGet(), "gone"));
        StubJob job = enqueue(job("late").dependency(earlier, 10).script("echo never"));
        ended(job);

        assertThat(job.trace())
                .contains("artifacts of job earlier (" + earlier.id() + ")")
                .contains("have expired or were erased")
                .doesNotContain("\nnever\n");
    }

    @Test
    void filesAreKeptOfAJobThatNeverBegan() throws Exception {
        StubJob there = stub.running(runner, StubPayload.job(NUMBERS.incrementAndGet(), "there"));
        byte[] archive = zip("log.txt", 0, "of the earlier job");
        there.download(archive, false);
        StubJob gone = stub.running(runner, StubPayload.job(NUMBERS.incrementAndGet(), "gone"));
        StubPayload payload =
                job("neverbegan")
                        .dependency(there, archive.length)
                        .dependency(gone, 10)
                        .script("echo never");
        payload.artifact("archive", "zip", "*.txt").put("when", "on_failure");
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(names(job.artifacts().getFirst().bytes())).containsExactly("log.txt");
        assertThat(job.trace())
                .containsSubsequence(
                        "download_artifacts_", "upload_artifacts_on_failure_", "teardown_")
                .doesNotContain("\nnever\n");
        assertThat(job.failureReason()).isEqualTo("runner_system_failure");
    }

    @Test
    void archiveIsNotUnpackedThroughLinksThatAreThereAlready() throws Exception {
        StubJob first = stub.running(runner, StubPayload.job(NUMBERS.incrementAndGet(), "links"));
        byte[] links =
                zip(
                        "else/sub/keep",
                        0,
                        "old",
                        "else/top",
                        0,
                        "old",
                        "dir",
                        UnixStat.LINK_FLAG | 0777,
                        "else",
                        "top",
                        UnixStat.LINK_FLAG | 0777,
                        "else/top");
        first.download(links, false);
        StubJob second = stub.running(runner, StubPayload.job(NUMBERS.incrementAndGet(), "plain"));
        byte[] plain = zip("dir/sub/file", 0, "new", "top", 0, "new");
        second.download(plain, false);
        StubPayload payload =
                job("linked")
                        .dependency(first, links.length)
                        .dependency(second, plain.length)
                        .script(
                                "find else -type f | sort; cat else/top; echo",
                                "test -d dir && test ! -L dir && test ! -L top && cat dir/sub/file");
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(job.status()).as(job.trace()).isEqualTo(StubJob.Status.SUCCESS);
        assertThat(job.trace()).contains("else/sub/keep\nelse/top\nold\n", "new");
    }

    @Test
    void cancelledJobKeepsWhatItKeepsOfFailures() throws Exception {
        StubPayload payload = job("cancelled").script("echo x >log; echo READY; sleep 600");
        payload.artifact("archive", "zip", "log").put("when", "always");
        StubJob job = enqueue(payload);
        Eventually.holds("the script runs", SOON, () -> job.trace().contains("READY\n"));
        job.cancel();
        ended(job);

        assertThat(job.artifacts()).hasSize(1);
        assertThat(job.status()).isEqualTo(StubJob.Status.CANCELED);
    }

    @Test
    void cacheIsMissedOnceAndThenFound() throws Exception {
        StubPayload filling = cached("filling", "mkdir -p deps; echo $CI_JOB_NAME >deps/who");
        filling.variable("CI_JOB_NAME", "filling");
        StubJob first = enqueue(filling);
        ended(first);

        assertThat(first.trace())
                .containsSubsequence("restore_cache_", "step_script_", "archive_cache_")
                .contains("Checking cache for deps-1-non_protected, deps-0-non_protected...")
                .contains("No cache is there yet")
                .contains("deps/: found 2 matching files and directories")
                .contains("Created cache deps-1-non_protected");
        StubJob second = enqueue(cached("using", "cat deps/who"));
        ended(second);

        assertThat(second.trace()).contains("Restored cache deps-1-non_protected", "filling\n");
        assertThat(second.status()).as(second.trace()).isEqualTo(StubJob.Status.SUCCESS);
        StubPayload other = cached("other", "test ! -e deps");
        ((ObjectNode) other.node().path("job_info")).put("project_id", 8);
        StubJob third = enqueue(other);
        ended(third);

        assertThat(third.trace()).contains("No cache is there yet");
    }

    @Test
    void cacheWithASecretIsNotSavedAndFailsNobody() throws Exception {
        StubPayload payload =
                job("careless")
                        .variable("DB_PASSWORD", "s3cr3t-value", "masked raw")
                        .script("echo \"$DB_PASSWORD\" >credentials");
        payload.cache("careless", "credentials");
        StubJob job = enqueue(payload);
        ended(job);

        assertThat(job.trace())
                .contains("cache careless was not saved: credentials holds the value of DB_PASS")
                .doesNotContain("s3cr3t-value");
        assertThat(job.status()).isEqualTo(StubJob.Status.SUCCESS);
    }

    private static StubPayload cached(String name, String... script) {
        StubPayload payload = job(name).script(script);
        payload.cache("deps-1-non_protected", "deps/")
                .putArray("fallback_keys")
                .add("deps-0-non_protected");
        return payload;
    }

    /** 600 MB through a daemon whose heap is a tenth of it. */
    @Test
    void artifactIsNeverHeldAsAWhole() throws Exception {
        Path place = Files.createDirectory(directory.resolve("small"));
        Installation small = new Installation(place, 1, "drain_timeout: 1s");
        StubRunner own = stub.runner();
        small.runner(stub, own);
        StubPayload payload =
                job("huge")
                        .variable("ARTIFACT_COMPRESSION_LEVEL", "fastest")
                        .variable("DB_PASSWORD", "s3cr3t-value", "masked raw")
                        .script("head -c 600000000 /dev/urandom >huge.bin");
        payload.artifact("archive", "zip", "huge.bin");
        try (MayflyProcess process = MayflyProcess.daemonWithHeap(small, 64)) {
            StubJob job = stub.enqueue(own, payload);
            ended(job);

            assertThat(job.status())
                    .as(job.trace() + process.said())
                    .isEqualTo(StubJob.Status.SUCCESS);
            assertThat(job.artifacts().getFirst().length()).isGreaterThan(600_000_000);
            try (Stream<Path> files = Files.walk(small.state())) {
                assertThat(files.filter(Files::isRegularFile).map(f -> f.toFile().length()))
                        .allMatch(length -> length < 100_000_000);
            }
        }
    }

    private static StubPayload job(String name) {
        StubPayload payload =
                StubPayload.job(NUMBERS.incrementAndGet(), name).variable("GIT_STRATEGY", "none");
        ((ObjectNode) payload.node().path("image")).put("name", Installation.AGENT_IMAGE);
        return payload;
    }

    private static StubJob enqueue(StubPayload payload) {
        return stub.enqueue(runner, payload);
    }

    private static void ended(StubJob job) throws InterruptedException {
        Eventually.holds(
                "job " + job.id() + " ends",
                SOON,
                () ->
                        List.of(
                                        StubJob.Status.SUCCESS,
                                        StubJob.Status.FAILED,
                                        StubJob.Status.CANCELED)
                                .contains(job.status()));
    }

    /** An archive of entries, each with name, mode and content. */
    private static byte[] zip(Object... parts) throws IOException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ZipArchiveOutputStream zip = new ZipArchiveOutputStream(bytes)) {
            for (int i = 0; i < parts.length; i += 3) {
                ZipArchiveEntry entry = new ZipArchiveEntry(parts[i].toString());
                if ((Integer) parts[i + 1] != 0) {
                    entry.setUnixMode((Integer) parts[i + 1]);
                }
                zip.putArchiveEntry(entry);
                zip.write(parts[i + 2].toString().getBytes(UTF_8));
                zip.closeArchiveEntry();
            }
        }
        return bytes.toByteArray();
    }

    private static List<String> names(byte[] archive) throws IOException {
        try (ZipFile zip =
                ZipFile.builder()
                        .setSeekableByteChannel(new SeekableInMemoryByteChannel(archive))
                        .get()) {
            List<String> names = new ArrayList<>();
            for (ZipArchiveEntry entry : Collections.list(zip.getEntriesInPhysicalOrder())) {
                names.add(
                        entry.isUnixSymlink()
                                ? entry.getName() + " -> " + zip.getUnixSymlink(entry)
                                : entry.getName());
            }
            return names;
        }
    }
}
