package dev.mayfly.source.gitlab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.read.ListAppender;
import dev.mayfly.Eventually;
import dev.mayfly.WrittenLog;
import dev.mayfly.job.Fault;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.source.Claim;
import dev.mayfly.source.JobReport;
import dev.mayfly.state.StateException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.function.BooleanSupplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.slf4j.LoggerFactory;

/** From a question to the end of a job, against a server that goes wrong. */
class GitLabSourceTest {

    @TempDir Path folder;

    @Test
    void jobGoesFromQuestionToEnd() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            StubJob job =
                    gitlab.stub.enqueue(
                            gitlab.runner,
                            GitLabFixture.job(1001)
                                    .script("echo a", "echo b")
                                    .afterScript("echo bye")
                                    .variable("NAME", "value")
                                    .variable("REFERS", "<$NAME>"));
            Claim claim = gitlab.claim();

            assertThat(claim.job().value()).isEqualTo("stub-1001");
            assertThat(claim.spec().steps().script()).containsExactly("echo a", "echo b");
            assertThat(claim.spec().steps().afterScript()).containsExactly("echo bye");
            assertThat(claim.spec().steps().limits().job()).isEqualTo(Duration.ofHours(1));
            assertThat(claim.spec().environment().image())
                    .isEqualTo(new ImageSpec("alpine:3.20", List.of()));
            assertThat(claim.spec().inputs().variables())
                    .containsEntry("REFERS", "<value>")
                    .containsEntry("CI_JOB_IMAGE", "alpine:3.20");
            assertThat(claim.spec().inputs().workspace()).isInstanceOf(WorkspaceSource.Empty.class);
            assertThat(job.status()).isEqualTo(StubJob.Status.RUNNING);
            assertThat(job.touches()).isPositive();

            JobReport report = gitlab.source.report(claim);
            Instant now = Instant.ofEpochSecond(1_700_000_000);
            WrittenLog log = new WrittenLog(report.logs().getFirst());
            log.event(new LogEvent.SectionStarted(now, "script"));
            log.output(now, "$ echo a\na\n".getBytes(StandardCharsets.UTF_8));
            log.event(new LogEvent.SectionEnded(now, "script", Duration.ZERO));
            log.event(new LogEvent.Notice(now, "the job failed"));
            log.finish();
            report.finished(new Outcome.Failed(42));
            report.released(receipt(claim, true));
            told(job);

            assertThat(job.status()).isEqualTo(StubJob.Status.FAILED);
            assertThat(job.exitCode()).isEqualTo(42);
            assertThat(job.trace())
                    .contains("section_start:1700000000:step_script_")
                    .contains("$ echo a\na\n")
                    .containsSubsequence(
                            "the job failed\n",
                            "section_start:1700000100:teardown_",
                            "Destroying the environment",
                            "destroyed and looked for again: 2 containers, 1 network; nothing is"
                                    + " left\n",
                            "section_end:1700000100:teardown_");
        }
    }

    @Test
    void environmentThatStaysIsToldAndTheEndToo() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            StubJob job = gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(1002));
            Claim claim = gitlab.claim();
            JobReport report = gitlab.source.report(claim);
            report.finished(new Outcome.Passed());
            report.released(receipt(claim, false));
            told(job);
            report.released(receipt(claim, true));

            assertThat(job.status()).isEqualTo(StubJob.Status.SUCCESS);
            assertThat(job.trace())
                    .contains("not all of it is gone yet (2 containers, 1 network)")
                    .doesNotContain("nothing is left");
        }
    }

    @Test
    void endIsToldWithoutAWordOnAnEnvironmentThatTakesTooLong() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            StubJob job = gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(1003));
            Claim claim = gitlab.claim();
            JobReport report = gitlab.source.report(claim);
            report.finished(new Outcome.Passed());
            told(job);
            report.released(receipt(claim, true));

            assertThat(job.status()).isEqualTo(StubJob.Status.SUCCESS);
            assertThat(job.trace()).isEmpty();
        }
    }

    @Test
    void linesAreStampedAsTheAuthorWishesAndElseWhereTheServerShowsIt() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            assertThat(trace(gitlab, GitLabFixture.job(1)))
                    .as("an unknown server")
                    .isEqualTo("hello\n");
            assertThat(trace(gitlab, GitLabFixture.job(2).variable("FF_TIMESTAMPS", "true")))
                    .isEqualTo("2023-11-14T22:13:20.000000Z 01O hello\n");
            assertThat(trace(gitlab, server(3, "17", "1"))).isEqualTo("hello\n");
            assertThat(trace(gitlab, server(4, "17", "2"))).contains("Z 01O hello\n");
            assertThat(trace(gitlab, server(5, "19", "0"))).contains("Z 01O hello\n");
            assertThat(trace(gitlab, server(6, "19", "0").variable("FF_TIMESTAMPS", "false")))
                    .isEqualTo("hello\n");
        }
    }

    private static StubPayload server(long id, String major, String minor) {
        return GitLabFixture.job(id)
                .variable("CI_SERVER_VERSION_MAJOR", major)
                .variable("CI_SERVER_VERSION_MINOR", minor);
    }

    private static String trace(GitLabFixture gitlab, StubPayload payload) throws Exception {
        StubJob job = gitlab.stub.enqueue(gitlab.runner, payload);
        JobReport report = gitlab.source.report(gitlab.claim());
        WrittenLog log = new WrittenLog(report.logs().getFirst());
        log.output(
                Instant.ofEpochSecond(1_700_000_000), "hello\n".getBytes(StandardCharsets.UTF_8));
        log.finish();
        report.finished(new Outcome.Passed());
        told(job);
        return job.trace();
    }

    private static Receipt receipt(Claim claim, boolean clean) {
        return new Receipt(
                claim.job(),
                new LifeId("life-1"),
                Instant.ofEpochSecond(1_700_000_100),
                List.of(
                        disposal(OwnedResource.Kind.CONTAINER, "job", true),
                        disposal(OwnedResource.Kind.CONTAINER, "helper", clean),
                        disposal(OwnedResource.Kind.NETWORK, "net", true)));
    }

    private static Receipt.Disposal disposal(
            OwnedResource.Kind kind, String name, boolean verified) {
        return new Receipt.Disposal(new OwnedResource(kind, name), verified, "asked");
    }

    @Test
    void openQuestionIsFoundByWhoeverAsksNext() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            CountDownLatch gate = new CountDownLatch(1);
            gitlab.stub.next(StubEndpoint.REQUEST_JOB, new StubFault.Held(gate));
            gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(1));

            assertThat(gitlab.claim(Duration.ofMillis(100))).isEmpty();
            gate.countDown();
            assertThat(gitlab.claim().job().value()).isEqualTo("stub-1");
            assertThat(gitlab.stub.requests(StubEndpoint.REQUEST_JOB)).hasSize(1);
        }
    }

    @Test
    void questionThatIsOpenWhenTheHostIsDrainedBringsNoJobThatNobodyRuns() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            gitlab.stub.next(StubEndpoint.REQUEST_JOB, new StubFault.Slow(Duration.ofMillis(300)));
            StubJob job = gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(1));
            assertThat(gitlab.claim(Duration.ofMillis(20))).isEmpty();
            gitlab.source.rest();

            assertThat(job.status()).isEqualTo(StubJob.Status.FAILED);
            StubJob next = gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(2));
            assertThat(gitlab.claim().job().value()).isEqualTo("stub-2");
            assertThat(next.status()).isEqualTo(StubJob.Status.RUNNING);
        }
    }

    @Test
    void jobThatComesTooLateIsGivenBack() throws Exception {
        StubJob job;
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            gitlab.stub.next(StubEndpoint.REQUEST_JOB, new StubFault.Slow(Duration.ofMillis(300)));
            job = gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(1));
            assertThat(gitlab.claim(Duration.ofMillis(20))).isEmpty();
            gitlab.source.close();

            assertThat(job.status()).isEqualTo(StubJob.Status.FAILED);
            assertThat(job.failureReason()).isEqualTo("unknown_failure");
        }
    }

    @Test
    void unchangedQueueIsAskedForWithWhatTheServerSaid() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            askedInVain(gitlab, () -> gitlab.stub.requests(StubEndpoint.REQUEST_JOB).size() >= 5);

            List<StubRequest> asked = gitlab.stub.requests(StubEndpoint.REQUEST_JOB);
            assertThat(asked.get(0).text()).doesNotContain("last_update");
            assertThat(asked.subList(1, 5))
                    .allSatisfy(one -> assertThat(one.text()).contains("\"last_update\":\""));
        }
    }

    @Test
    void questionsAreNotAskedFasterThanTheirPace() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            long begin = System.nanoTime();
            askedInVain(gitlab, () -> gitlab.stub.requests(StubEndpoint.REQUEST_JOB).size() >= 10);
            int asked = gitlab.stub.requests(StubEndpoint.REQUEST_JOB).size();
            long took = System.nanoTime() - begin;

            // 18 ms and more between two of them; a slow machine makes it longer, never shorter.
            assertThat(took).isGreaterThanOrEqualTo(Duration.ofMillis(18).toNanos() * (asked - 1));
        }
    }

    @Test
    void heldQuestionIsAnsweredByAChangeAndAskedAgainForTheJob() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            gitlab.runner.hold(Duration.ofSeconds(20));
            assertThat(gitlab.claim(Duration.ofMillis(200))).isEmpty();
            gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(2));

            assertThat(gitlab.claim().job().value()).isEqualTo("stub-2");
        }
    }

    static Stream<List<StubFault>> faults() {
        return Stream.of(
                List.of(StubFault.status(500), StubFault.html(502), StubFault.html(503)),
                List.of(StubFault.status(429, "Retry-After", "60")),
                List.of(StubFault.status(429, "RateLimit-ResetTime", "not a date")),
                List.of(StubFault.status(409), StubFault.status(409)),
                List.of(StubFault.status(422)),
                List.of(StubFault.status(400)),
                List.of(StubFault.html(200)),
                List.of(StubFault.html(201)),
                List.of(new StubFault.CutBefore(), new StubFault.CutBefore()),
                List.of(StubFault.status(301, "Location", "https://elsewhere.example.com/")));
    }

    @ParameterizedTest
    @MethodSource("faults")
    void jobComesAfterFaults(List<StubFault> faults) throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            gitlab.stub.next(StubEndpoint.REQUEST_JOB, faults.toArray(new StubFault[0]));
            gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(3));

            assertThat(gitlab.claim().job().value()).isEqualTo("stub-3");
        }
    }

    /** The server has given a job away, and nobody can know which. */
    static Stream<StubFault> lostAnswers() {
        return Stream.of(
                new StubFault.CutAfter(),
                new StubFault.Truncated(),
                new StubFault.ContentType("text/plain"));
    }

    @ParameterizedTest
    @MethodSource("lostAnswers")
    void jobWhoseAnswerIsLostStaysAtTheServerAndTheNextOneComes(StubFault fault) throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            gitlab.stub.next(StubEndpoint.REQUEST_JOB, fault);
            StubJob lost = gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(3));
            gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(4));

            assertThat(gitlab.claim().job().value()).isEqualTo("stub-4");
            assertThat(lost.updates()).isEmpty();
            assertThat(lost.status()).isEqualTo(StubJob.Status.RUNNING);
        }
    }

    @Test
    void jobOfASlowAnswerIsClaimedByWhoeverAsksNext() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            gitlab.stub.next(StubEndpoint.REQUEST_JOB, new StubFault.Slow(Duration.ofMillis(500)));
            gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(3));

            assertThat(gitlab.claim(Duration.ofMillis(50))).isEmpty();
            assertThat(gitlab.claim().job().value()).isEqualTo("stub-3");
            assertThat(gitlab.stub.requests(StubEndpoint.REQUEST_JOB)).hasSize(1);
        }
    }

    @Test
    void jobThatIsOverBeforeItBeginsIsDropped() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            gitlab.stub.next(StubEndpoint.UPDATE, StubFault.status(403, "Job-Status", "canceled"));
            gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(4));
            gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(5));

            assertThat(gitlab.claim().job().value()).isEqualTo("stub-5");
        }
    }

    @Test
    void jobThatIsCancelledBeforeItBeginsIsClaimedAsCancelled() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            gitlab.stub.next(
                    StubEndpoint.UPDATE,
                    new StubFault.Status(
                            200, Map.of("Job-Status", "canceling"), "text/plain", "200"));
            gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(4));

            assertThat(gitlab.claim().cancellation().reason()).contains("cancelled");
        }
    }

    @Test
    void cancelAtTheServerCancelsTheJobAndIsToldAsSuch() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            StubJob job =
                    gitlab.stub.enqueue(
                            gitlab.runner, GitLabFixture.job(6).failureReasons("job_canceled"));
            Claim claim = gitlab.claim();
            job.cancel();
            Eventually.holds(
                    "cancellation",
                    GitLabFixture.SOON,
                    () -> claim.cancellation().reason() != null);
            gitlab.source.report(claim).finished(new Outcome.Cancelled("a user"));
            told(job);

            assertThat(job.status()).isEqualTo(StubJob.Status.CANCELED);
            assertThat(job.failureReason()).isEqualTo("job_canceled");
        }
    }

    @Test
    void endThatTheServerCannotTakeIsToldOnAfterTheJobHasGone() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            StubJob job = gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(20));
            JobReport report = gitlab.source.report(gitlab.claim());
            gitlab.stub.outage(StubFault.html(502));

            report.finished(new Outcome.Passed());
            assertThat(job.status()).isEqualTo(StubJob.Status.RUNNING);
            gitlab.stub.healthy();
            told(job);
            assertThat(job.status()).isEqualTo(StubJob.Status.SUCCESS);
            nothingIsNoted();
        }
    }

    @Test
    void endThatALifeCouldNotTellIsToldByTheNext() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            StubJob job = gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(21));
            Claim claim = gitlab.claim();
            JobReport report = gitlab.source.report(claim);
            gitlab.stub.outage(StubFault.html(502));
            WrittenLog log = new WrittenLog(report.logs().getFirst());
            log.output("printed during the outage\n");
            log.finish();
            report.finished(new Outcome.Failed(7));
            report.released(receipt(claim, true));
            gitlab.source.close();

            gitlab.stub.healthy();
            try (GitLabSource next = gitlab.nextLife()) {
                next.tellOldEnds(List.of());
                told(job);
                assertThat(job.status()).isEqualTo(StubJob.Status.FAILED);
                assertThat(job.exitCode()).isEqualTo(7);
                assertThat(job.trace())
                        .startsWith("printed during the outage\n")
                        .contains("nothing is left");
                nothingIsNoted();
                // A piece that was on its way when the life ended may have come all the same.
                gitlab.stub.tolerate("the next piece starts at");
            }
        }
    }

    @Test
    void jobThatWasLostWithALifeGetsAnEndFromTheNext() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            StubJob job = gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(22));
            JobReport report = gitlab.source.report(gitlab.claim());
            new WrittenLog(report.logs().getFirst()).output("half of a line");
            Eventually.holds("log", GitLabFixture.SOON, () -> job.trace().equals("half of a line"));
            gitlab.source.close(); // which tells nothing of a job that has not ended

            assertThat(job.status()).isEqualTo(StubJob.Status.RUNNING);
            try (GitLabSource next = gitlab.nextLife()) {
                next.tellOldEnds(List.of());
                told(job);
                assertThat(job.failureReason()).isEqualTo("runner_system_failure");
                assertThat(job.trace()).startsWith("half of a line\n").contains("was lost");
                nothingIsNoted();
            }
        }
    }

    @Test
    void secondCancelAtTheStubIsByForce() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            StubJob job = gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(25));
            gitlab.claim();

            assertThat(job.cancel().status()).isEqualTo(StubJob.Status.CANCELING);
            assertThat(job.cancel().status()).isEqualTo(StubJob.Status.CANCELED);
        }
    }

    @Test
    void sectionOfALostJobIsClosedAndItsLastSaysWhatWasDestroyed() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            StubJob job = gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(24));
            Claim claim = gitlab.claim();
            WrittenLog log = new WrittenLog(gitlab.source.report(claim).logs().getFirst());
            Instant now = Instant.ofEpochSecond(1_700_000_000);
            log.event(new LogEvent.SectionStarted(now, "prepare"));
            log.event(new LogEvent.SectionEnded(now, "prepare", Duration.ZERO));
            log.event(new LogEvent.SectionStarted(now, "script"));
            // Longer than what is looked at at once, and with a section of the job's own.
            log.output("section_start:1:mine\r" + "x".repeat(200_000) + "\nhalf of a line");
            gitlab.source.close();

            try (GitLabSource next = gitlab.nextLife()) {
                next.tellOldEnds(List.of(receipt(claim, true)));
                told(job);
                assertThat(job.trace().substring(200_000))
                        .containsPattern(
                                "half of a line\nsection_end:(\\d+):step_script_[0-9a-f]{16}\r\u001b\\[0Kthe job was lost: .*\nsection_start:\\1:teardown_[0-9a-f]{16}\r.*\ndestroyed and looked for again: 2 containers, 1 network; nothing is left\nsection_end:\\d+:teardown_");
                assertThat(job.trace().split("section_start", -1)).hasSize(5);
                assertThat(job.trace().split("section_end", -1)).hasSize(4);
            }
        }
    }

    @Test
    void jobThatTheServerHasEndedMeanwhileIsForgotten() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            StubJob job = gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(23));
            gitlab.claim();
            gitlab.source.close();
            job.forceCancel();

            try (GitLabSource next = gitlab.nextLife()) {
                next.tellOldEnds(List.of());
                nothingIsNoted();
                assertThat(job.status()).isEqualTo(StubJob.Status.CANCELED);
            }
        }
    }

    /** Asks for jobs, of which there is none, until something holds. */
    private static void askedInVain(GitLabFixture gitlab, BooleanSupplier enough)
            throws InterruptedException {
        Eventually.holds(
                "enough is asked",
                GitLabFixture.SOON,
                () -> {
                    assertThat(gitlab.claim(Duration.ofMillis(100))).isEmpty();
                    return enough.getAsBoolean();
                });
    }

    private static void told(StubJob job) throws InterruptedException {
        Eventually.holds(
                "the end is told",
                GitLabFixture.SOON,
                () -> job.status() != StubJob.Status.RUNNING && !job.status().live());
    }

    private void nothingIsNoted() throws Exception {
        Eventually.holds(
                "nothing is noted",
                GitLabFixture.SOON,
                () -> {
                    try (Stream<Path> files = Files.list(folder.resolve("spools"))) {
                        return files.findAny().isEmpty();
                    }
                });
    }

    @Test
    void jobThatCannotBeHeldIsRefusedInItsOwnLog() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            StubJob job =
                    gitlab.stub.enqueue(
                            gitlab.runner,
                            withSecrets(
                                    GitLabFixture.job(7)
                                            .variable("WORD", "canary-value", "masked")));
            gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(8));

            assertThat(gitlab.claim().job().value()).isEqualTo("stub-8");
            Eventually.holds(
                    "refusal", GitLabFixture.SOON, () -> job.status() == StubJob.Status.FAILED);
            assertThat(job.failureReason()).isEqualTo("runner_system_failure");
            assertThat(job.trace())
                    .contains("  - the secret A, which names no provider")
                    .doesNotContain("canary");
        }
    }

    @Test
    void jobThatSaysWhatCannotBeMeantIsAnErrorOfItsConfiguration() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            StubJob job =
                    gitlab.stub.enqueue(
                            gitlab.runner,
                            GitLabFixture.job(7)
                                    .variable("GIT_CLONE_PATH", "/etc/x")
                                    .failureReasons("runner_configuration_error"));
            gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(8));

            assertThat(gitlab.claim().job().value()).isEqualTo("stub-8");
            Eventually.holds(
                    "refusal", GitLabFixture.SOON, () -> job.status() == StubJob.Status.FAILED);
            assertThat(job.failureReason()).isEqualTo("runner_configuration_error");
            assertThat(job.trace()).contains("  - GIT_CLONE_PATH is \"/etc/x\": ");
        }
    }

    @Test
    void jobThatCannotBeReadFailsAtTheServer() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            StubPayload broken = server(9, "19", "0");
            broken.node().remove("git_info");
            StubJob job = gitlab.stub.enqueue(gitlab.runner, broken);
            gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(10));

            assertThat(gitlab.claim().job().value()).isEqualTo("stub-10");
            told(job);
            assertThat(job.status()).isEqualTo(StubJob.Status.FAILED);
            assertThat(job.failureReason()).isEqualTo("runner_system_failure");
            assertThat(job.trace().lines())
                    .hasSize(2)
                    .allSatisfy(line -> assertThat(line).matches("\\S+Z 00O .*"));
            assertThat(job.trace()).contains("git_info.", "by tags", "update it").endsWith("\n");
        }
    }

    @Test
    void endOfAJobThatCannotBeReadIsToldOnUntilTheServerHasIt() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            StubPayload broken = GitLabFixture.job(9);
            broken.node().put("run", "steps");
            StubJob job = gitlab.stub.enqueue(gitlab.runner, broken);
            gitlab.stub.next(StubEndpoint.TRACE, StubFault.status(500), StubFault.html(502));
            gitlab.stub.next(StubEndpoint.UPDATE, StubFault.status(500));
            gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(10));

            gitlab.claim();
            told(job);
            assertThat(job.status()).isEqualTo(StubJob.Status.FAILED);
            assertThat(job.trace()).contains("run must not stand beside script");
        }
    }

    @Test
    void jobThatTheServerHasEndedIsForgottenForGood() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            StubJob job = gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(24));
            Claim claim = gitlab.claim();
            JobReport report = gitlab.source.report(claim);
            job.forceCancel();
            nothingIsNoted();
            assertThat(claim.cancellation().entirely().reason()).contains("canceled");
            WrittenLog log = new WrittenLog(report.logs().getFirst());
            log.output(Instant.EPOCH, "it is ending\n".getBytes(StandardCharsets.UTF_8));
            report.finished(new Outcome.Cancelled("GitLab has ended it"));
            report.released(receipt(claim, true));

            try (Stream<Path> files = Files.list(folder.resolve("spools"))) {
                assertThat(files).isEmpty();
            }
        }
    }

    @Test
    void jobThatTheServerDoesNotKnowAfterItHasGivenItOutIsNamedInTheLog() throws Exception {
        Logger logger = (Logger) LoggerFactory.getLogger(GitLabSource.class);
        ListAppender<ILoggingEvent> seen = new ListAppender<>();
        seen.start();
        logger.addAppender(seen);
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            gitlab.stub.next(StubEndpoint.UPDATE, StubFault.status(403));
            gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(2001));
            gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(2002));

            assertThat(gitlab.claim().job().value()).isEqualTo("stub-2002");
            assertThat(seen.list)
                    .filteredOn(event -> event.getLevel() == Level.WARN)
                    .extracting(ILoggingEvent::getFormattedMessage)
                    .anySatisfy(message ->
                            assertThat(message)
                                    .contains(
                                            "job=stub-2001",
                                            "registration=stub",
                                            gitlab.stub.url().toString(),
                                            "403"));
        } finally {
            logger.detachAppender(seen);
        }
    }

    @Test
    void tokenIsExchangedBeforeItEndsAndKept() throws Exception {
        Instant start = Instant.now();
        try (GitLabFixture gitlab =
                new GitLabFixture(
                        folder,
                        GitLabStub.start(),
                        start.plus(Duration.ofHours(1)),
                        new InstantSource() {
                            private boolean first = true;

                            @Override
                            public synchronized Instant instant() {
                                Instant now = first ? start : start.plus(Duration.ofMinutes(46));
                                first = false;
                                return now;
                            }
                        })) {
            String old = gitlab.runner.token();
            gitlab.stub.enqueue(gitlab.runner, GitLabFixture.job(11));

            assertThat(gitlab.claim().job().value()).isEqualTo("stub-11");
            assertThat(gitlab.runner.token()).isNotEqualTo(old);
            assertThat(gitlab.registrations.read("stub").orElseThrow().token().reveal())
                    .isEqualTo(gitlab.runner.token());
        }
    }

    @Test
    void registrationThatWasMadeAgainIsTakenUp() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            StubRunner other = gitlab.stub.runner();
            gitlab.stub.always(StubEndpoint.REQUEST_JOB, StubFault.status(403));
            assertThat(gitlab.claim(Duration.ofMillis(100))).isEmpty();
            Registration old = gitlab.registrations.read("stub").orElseThrow();
            gitlab.registrations.write(old.with(new GitLabToken(other.token()), old.validity()));
            gitlab.stub.enqueue(other, GitLabFixture.job(12));
            Eventually.holds(
                    "question with the other token",
                    GitLabFixture.SOON,
                    () -> {
                        gitlab.claim(Duration.ofMillis(20));
                        return gitlab.stub.requests().getLast().text().contains(other.token());
                    });
            gitlab.stub.healthy();

            assertThat(gitlab.claim().job().value()).isEqualTo("stub-12");
        }
    }

    @Test
    void jobThatNeedsMoreThanWasDeclaredNeverArrives() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            StubJob job =
                    gitlab.stub.enqueue(
                            gitlab.runner, GitLabFixture.job(13).node(), Set.of("job_inputs"));
            askedInVain(gitlab, () -> job.status() != StubJob.Status.PENDING);

            assertThat(job.failureReason()).isEqualTo("runner_unsupported");
        }
    }

    @Test
    void otherPoolIsRefused() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            assertThatThrownBy(() ->
                            gitlab.source.claim(new PoolName("trusted"), Duration.ofMillis(1)))
                    .hasMessageContaining("feeds untrusted");
        }
    }

    @Test
    void tokenGoesToNoOtherServerThanItsOwn() throws Exception {
        try (GitLabFixture gitlab = new GitLabFixture(folder)) {
            Registration kept = gitlab.registrations.read("stub").orElseThrow();
            gitlab.registrations.write(
                    new Registration(
                            "stub",
                            ServerAddress.of("https://gitlab.example.com"),
                            kept.runner(),
                            kept.token(),
                            kept.validity()));
            assertThatThrownBy(() ->
                            new GitLabSource(
                                    new GitLabSourceSettings(
                                            "stub",
                                            GitLabFixture.POOL,
                                            false,
                                            new GitLabSourceSettings.Limits(
                                                    dev.mayfly.job.NetworkAccess.NONE,
                                                    1,
                                                    folder,
                                                    Map.of()),
                                            true,
                                            GitLabSourceSettings.Pacing.DEFAULT),
                                    gitlab.registrations,
                                    gitlab.api,
                                    GitLabFixture.INFO,
                                    GitLabFixture.HIDING,
                                    InstantSource.system()))
                    .isInstanceOf(StateException.class)
                    .hasMessageContaining("gitlab.example.com");
        }
    }

    @Test
    void outcomesHaveTheReasonsThatTheServerKnows() {
        assertThat(reason(new Outcome.Faulted(Fault.REGISTRY, ""), Set.of()))
                .isEqualTo(FailureReason.RUNNER_SYSTEM_FAILURE);
        assertThat(
                        reason(
                                new Outcome.Faulted(Fault.REGISTRY, ""),
                                Set.of("runner_external_dependency_failure")))
                .isEqualTo(FailureReason.RUNNER_EXTERNAL_DEPENDENCY_FAILURE);
        assertThat(
                        reason(
                                new Outcome.Faulted(Fault.IMAGE, ""),
                                Set.of("runner_configuration_error")))
                .isEqualTo(FailureReason.RUNNER_CONFIGURATION_ERROR);
        assertThat(reason(new Outcome.Faulted(Fault.WORKSPACE, ""), Set.of()))
                .isEqualTo(FailureReason.RUNNER_SYSTEM_FAILURE);
        assertThat(reason(new Outcome.Denied(""), Set.of()))
                .isEqualTo(FailureReason.SCRIPT_FAILURE);
        assertThat(reason(new Outcome.TimedOut(Duration.ZERO), Set.of()))
                .isEqualTo(FailureReason.JOB_EXECUTION_TIMEOUT);
        assertThat(reason(new Outcome.Cancelled(""), Set.of()))
                .isEqualTo(FailureReason.UNKNOWN_FAILURE);
        assertThat(reason(new Outcome.Cancelled(""), Set.of("runner_interrupted")))
                .isEqualTo(FailureReason.RUNNER_INTERRUPTED);
    }

    private static @Nullable FailureReason reason(Outcome outcome, Set<String> known) {
        return FailureReason.of(outcome, false, known).failure();
    }

    private static StubPayload withSecrets(StubPayload payload) {
        payload.node().putObject("secrets").putObject("A");
        return payload;
    }
}
