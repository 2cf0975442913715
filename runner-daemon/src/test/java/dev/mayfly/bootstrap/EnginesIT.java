package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.Eventually;
import dev.mayfly.OtherEngine;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * A daemon whose pools have engines of their own, one of them with user namespaces. Needs an engine
 * on this host, the right to start another, and the agent image.
 */
@Timeout(240)
class EnginesIT {

    /** Prints which user of the host root in the container is, as the kernel has it. */
    private static final String MAP = "awk '{print \"root is\", $2}' /proc/self/uid_map";

    @TempDir private Path directory;

    private OtherEngine other;
    private Installation installation;
    private MayflyProcess daemon;
    private Jobs jobs;

    @BeforeEach
    void start() throws IOException, InterruptedException {
        other = OtherEngine.start(Installation.AGENT_IMAGE, "--userns-remap=default");
        installation = new Installation(directory, 1, "drain_timeout: 1s");
        edit(
                "{name: untrusted,",
                "{name: untrusted, user_namespace: true, engine: {host: \"%s\"},"
                        .formatted(other.host()));
        installation.secret("token", "a-long-enough-value", "untrusted");
        daemon = MayflyProcess.daemon(installation);
        jobs = installation.jobs();
    }

    @AfterEach
    void stop() throws IOException {
        jobs.close();
        daemon.close();
        other.close();
    }

    private void edit(String old, String fresh) throws IOException {
        String text = Files.readString(installation.config());
        assertThat(text).contains(old);
        Files.writeString(installation.config(), text.replace(old, fresh));
    }

    private String leftOnTheOther() throws IOException, InterruptedException {
        return other.docker("ps", "--all", "--quiet")
                + other.docker("volume", "ls", "--quiet")
                + other.docker("network", "ls", "--quiet", "--filter", "label=dev.mayfly.job");
    }

    @Test
    void eachPoolsJobsRunOnItsEngineAndRootOfTheOneWithUserNamespacesIsNobodyHere()
            throws IOException, InterruptedException {
        Jobs.Ended own =
                jobs.run(
                        """
                        {pool: untrusted, secrets: {T: {ref: token}},
                         services: [{image: "%s", alias: other, command: [sleep, "60"]}],
                         script: ["%s", "wc -c < /run/secrets/T", "echo kept > kept.txt"]}
                        """
                                .formatted(Installation.AGENT_IMAGE, MAP.replace("\"", "\\\"")));
        Jobs.Ended usual =
                jobs.run("{pool: trusted, script: [\"%s\"]}".formatted(MAP.replace("\"", "\\\"")));

        assertThat(own.outcome()).as("%s", own).isEqualTo(new Outcome.Passed());
        assertThat(own.output()).contains("root is 3000000\n", "19\n");
        assertThat(usual.output()).contains("root is 0\n");
        assertThat(leftOnTheOther()).isEmpty();
    }

    @Test
    void engineThatIsDownStopsItsOwnPoolOnly() throws IOException, InterruptedException {
        other.close();
        Eventually.holds(
                "the pool asks for no jobs",
                Duration.ofSeconds(60),
                () -> daemon.said().contains("not asking for jobs pool=untrusted"));
        // An engine that is being ended may answer once more, and is asked again after a wait for
        // jobs.
        Eventually.holds(
                "the metric says so, too",
                Duration.ofSeconds(60),
                () ->
                        installation
                                .told("/metrics")
                                .contains("mayfly_pool_healthy{pool=\"untrusted\"} 0"));
        assertThat(installation.told("/readyz"))
                .contains("\"ok\":false", "\"pool untrusted: ")
                .doesNotContain("pool trusted");
        assertThat(installation.told("/metrics"))
                .contains("mayfly_pool_healthy{pool=\"trusted\"} 1")
                .contains("engine=\"engine\",ok=\"true\",operation=\"answering\"")
                .contains("engine=\"engine/untrusted\",ok=\"false\",operation=\"answering\"");
        JobId waits = jobs.submit("{pool: untrusted, script: [echo]}");

        assertThat(jobs.run("{pool: trusted, script: [echo runs]}").outcome())
                .isEqualTo(new Outcome.Passed());
        assertThat(jobs.client().get(waits).state().phase()).isEqualTo(JobPhase.QUEUED);
    }

    @Test
    void whatAJobLeftOnAnEngineIsRemovedAfterItsPoolHasMovedToAnother()
            throws IOException, InterruptedException {
        JobId job = jobs.submit("{pool: untrusted, script: [\"echo runs; sleep 600\"]}");
        jobs.printed(job, "runs");
        daemon.kill();
        assertThat(leftOnTheOther()).isNotEmpty();
        edit("user_namespace: true, engine: {host: \"%s\"},".formatted(other.host()), "");

        daemon = MayflyProcess.daemon(installation);

        assertThat(jobs.ended(job).outcome()).isEqualTo(new Outcome.Lost());
        assertThat(leftOnTheOther()).isEmpty();
        assertThat(jobs.run("{pool: untrusted, script: [echo]}").outcome())
                .isEqualTo(new Outcome.Passed());
    }
}
