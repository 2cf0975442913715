package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.Eventually;
import dev.mayfly.admission.oidc.Issuer;
import dev.mayfly.decision.SqliteApprovals;
import dev.mayfly.job.JobId;
import dev.mayfly.source.gitlab.GitLabStub;
import dev.mayfly.source.gitlab.StubJob;
import dev.mayfly.source.gitlab.StubPayload;
import dev.mayfly.source.gitlab.StubRunner;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.SocketTimeoutException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Jobs that a policy refuses, holds or lets through, from a GitLab server's queue to what is left
 * of them on the engine: nothing, and for those that are refused, never anything. Needs an engine
 * on this host, the docker command line and the agent image.
 */
@Timeout(180)
class PolicyIT {

    private static final Duration SOON = Duration.ofSeconds(90);

    private static final String POLICY =
            """
            rules:
              - name: own-registry
                when: job.image.startsWith('127.0.0.1')
                effect: deny
                message: "images come from registry.example.com: change the job's image"
              - name: not-on-fridays
                when: has(job.variables.WHEN) && job.variables.WHEN == 'friday'
                effect: deny
                message: come back on Monday
              - name: deployments
                when: has(claims.environment) && claims.environment == 'production'
                effect: allow
            """;

    @TempDir private Path directory;

    private Issuer issuer;
    private GitLabStub stub;
    private StubRunner runner;
    private Installation installation;
    private Daemon daemon;
    private Engine engine;
    private Engine.Happenings happenings;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        issuer = new Issuer();
        stub = GitLabStub.start();
        runner = stub.runner();
        installation = new Installation(directory, 1, "drain_timeout: 1s");
        installation.runner(stub, runner);
        Files.writeString(directory.resolve("policy.yaml"), POLICY);
        String config = Files.readString(installation.config());
        Files.writeString(
                installation.config(),
                config.replace("{name: trusted,", "{name: trusted, policy: {forks: hold},")
                                .replace(
                                        "pool: trusted}",
                                        "pool: trusted, id_token: {issuer: \"%s\", audience: %s, keys: \"%s\"}}"
                                                .formatted(
                                                        Issuer.NAME,
                                                        Issuer.AUDIENCE,
                                                        issuer.keys()))
                        + "policy: {files: [policy.yaml]}\n");
        engine = new Engine();
        happenings = engine.listen();
        daemon = Daemon.start(installation.settings());
    }

    @AfterEach
    void stop() throws IOException, InterruptedException {
        daemon.drain();
        daemon.close();
        happenings.close();
        assertThat(engine.of(installation.daemonId())).isEmpty();
        engine.close();
        stub.close();
        issuer.close();
    }

    @Test
    void deniedJobMakesNothingAndAsksNoRegistry() throws Exception {
        try (ServerSocket registry = new ServerSocket(0, 16, InetAddress.getLoopbackAddress())) {
            StubPayload payload = job(1, "echo never");
            ((ObjectNode) payload.node().path("image"))
                    .put("name", "127.0.0.1:%d/evil:1".formatted(registry.getLocalPort()));

            StubJob job = ended(payload);

            assertThat(job.status()).isEqualTo(StubJob.Status.FAILED);
            assertThat(job.trace())
                    .contains("the job was refused: images come from registry.example.com")
                    .contains("[rule own-registry]")
                    .contains("nothing was made, and nothing is left")
                    .doesNotContain("\nnever\n");
            assertThat(happenings.about("stub-1")).isEmpty();
            assertThat(happenings.pulled()).isEmpty();
            registry.setSoTimeout(500);
            assertThat(asked(registry)).isFalse();
        }
        assertThat(explanation("stub-1"))
                .contains("verdict:  denied")
                .containsPattern("applies +deny +own-registry");
    }

    @Test
    void factsForgedByVariablesDoNotHelp() throws Exception {
        StubJob job =
                ended(
                        mergeRequest(1, "echo never")
                                .variable("CI_COMMIT_REF_PROTECTED", "true")
                                .variable("CI_MERGE_REQUEST_SOURCE_PROJECT_ID", "7")
                                .variable("CI_MERGE_REQUEST_PROJECT_ID", "7")
                                .variable("CI_PIPELINE_SOURCE", "push")
                                .variable("CI_COMMIT_REF_NAME", "main")
                                .variable("CI_ENVIRONMENT_NAME", "production")
                                .variable("server.fork", "false"));

        assertThat(job.status()).isEqualTo(StubJob.Status.FAILED);
        assertThat(job.trace())
                .contains("held for approval", "may come from a fork", "mayfly approve stub-1")
                .doesNotContain("\nnever\n");
        assertThat(happenings.about("stub-1")).isEmpty();
    }

    @Test
    void forgedAndBorrowedTokensEndTheJob() throws Exception {
        String borrowed = issuer.sign(Issuer.claims("4711").build());
        StubJob first =
                ended(
                        mergeRequest(1, "echo never")
                                .variable("MAYFLY_ID_TOKEN", borrowed, "masked raw"));
        issuer.rotate("first");
        try (Issuer forger = new Issuer()) {
            String forged = forger.sign(Issuer.claims("2").build());
            StubJob second =
                    ended(
                            mergeRequest(2, "echo never")
                                    .variable("MAYFLY_ID_TOKEN", forged, "masked raw"));

            assertThat(first.trace()).contains("it was issued for another job");
            assertThat(second.trace()).contains("identity token in MAYFLY_ID_TOKEN is not good");
            for (StubJob job : List.of(first, second)) {
                assertThat(job.status()).isEqualTo(StubJob.Status.FAILED);
                assertThat(job.trace()).doesNotContain("\nnever\n", borrowed, forged);
                assertThat(happenings.about("stub-" + job.id())).isEmpty();
            }
        }
    }

    @Test
    void verifiedClaimLiftsWhatWouldHoldAJob() throws Exception {
        String token = issuer.sign(Issuer.claims("1").build());

        StubJob job =
                ended(
                        mergeRequest(1, "echo it runs")
                                .variable("MAYFLY_ID_TOKEN", token, "masked raw"));

        assertThat(job.trace()).contains("it runs\n");
        assertThat(job.status()).isEqualTo(StubJob.Status.SUCCESS);
        assertThat(explanation("stub-1"))
                .contains("claims.environment      production")
                .containsPattern("applies +hold +built-in/forks")
                .containsPattern("applies +allow +deployments");
    }

    @Test
    void approvedJobRunsOnceAndAfterARestartToo() throws Exception {
        assertThat(ended(mergeRequest(1, "echo it runs")).trace())
                .contains("mayfly approve stub-1");
        daemon.drain();
        daemon.close();
        try (Desk desk = Desk.open(installation.settings())) {
            assertThat(desk.approvals().approve(new JobId("stub-1"), "alex"))
                    .isEqualTo(SqliteApprovals.Effect.APPROVED);
        }
        daemon = Daemon.start(installation.settings());

        StubJob other = ended(mergeRequest(2, "echo something else"));
        StubJob again = ended(mergeRequest(3, "echo it runs"));
        StubJob replay = ended(mergeRequest(4, "echo it runs"));

        assertThat(other.trace()).contains("mayfly approve stub-2");
        assertThat(again.status()).isEqualTo(StubJob.Status.SUCCESS);
        assertThat(replay.trace()).contains("mayfly approve stub-4");
        assertThat(explanation("stub-3")).contains("verdict:  approved");
        stub.tolerate("last_update must be the last"); // a later life hears it anew
    }

    @Test
    void changedPolicyCountsFromTheNextJobOnAndABrokenOneNever() throws Exception {
        StubPayload first = job(1, "echo it runs");
        assertThat(ended(first).status()).isEqualTo(StubJob.Status.SUCCESS);

        Path file = directory.resolve("policy.yaml");
        Files.writeString(file, POLICY + "    this: is broken\n");
        assertThat(ended(job(2, "exit 0").variable("WHEN", "friday")).trace())
                .contains("come back on Monday");

        Files.writeString(
                file,
                POLICY.replace("come back on Monday", "come back on Monday, says the new one"));
        Eventually.holds(
                "the new policy counts",
                SOON,
                () -> {
                    long id = numbers++;
                    return ended(job(id, "exit 0").variable("WHEN", "friday"))
                            .trace()
                            .contains("says the new one");
                });
    }

    private long numbers = 100;

    private static boolean asked(ServerSocket registry) throws IOException {
        try (var _ = registry.accept()) {
            return true;
        } catch (SocketTimeoutException _) {
            return false;
        }
    }

    private String explanation(String job) {
        try (Desk desk = Desk.open(installation.settings())) {
            return desk.decisions().explanation(new JobId(job)).orElseThrow();
        }
    }

    private StubJob ended(StubPayload payload) throws InterruptedException {
        StubJob job = stub.enqueue(runner, payload);
        Eventually.holds("job " + job.id() + " ends", SOON, () -> over(job));
        return job;
    }

    private static boolean over(StubJob job) {
        return List.of(StubJob.Status.SUCCESS, StubJob.Status.FAILED, StubJob.Status.CANCELED)
                .contains(job.status());
    }

    private static StubPayload job(long id, String script) {
        StubPayload payload =
                StubPayload.job(id, "test").variable("GIT_STRATEGY", "none").script(script);
        ((ObjectNode) payload.node().path("image")).put("name", Installation.AGENT_IMAGE);
        return payload;
    }

    /** As the server hands out a job of a merge request, wherever that comes from. */
    private static StubPayload mergeRequest(long id, String script) {
        StubPayload payload = job(id, script);
        ((ObjectNode) payload.node().path("git_info")).put("ref", "refs/merge-requests/7/head");
        return payload;
    }
}
