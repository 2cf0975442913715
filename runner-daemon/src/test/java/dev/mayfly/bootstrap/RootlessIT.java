package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import dev.mayfly.OtherEngine;
import dev.mayfly.egress.Outside;
import dev.mayfly.job.JobId;
import dev.mayfly.job.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.AfterParameterizedClassInvocation;
import org.junit.jupiter.params.BeforeParameterizedClassInvocation;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * A daemon with a pool on an engine of a user without any rights: Docker's, and Podman's socket
 * that speaks Docker's language. Needs an engine on this host, the right to be another user, and
 * the agent image.
 */
@Timeout(300)
@ParameterizedClass
@EnumSource
class RootlessIT {

    @SuppressWarnings("NullAway.Init") // by start, before everything else
    private static OtherEngine other;

    private final OtherEngine.Rootless kind;
    @TempDir private Path directory;

    RootlessIT(OtherEngine.Rootless kind) {
        this.kind = kind;
    }

    @BeforeParameterizedClassInvocation
    static void start(OtherEngine.Rootless kind) throws IOException, InterruptedException {
        other = OtherEngine.startRootless(kind, Installation.AGENT_IMAGE);
    }

    @AfterParameterizedClassInvocation
    static void stop() throws IOException {
        other.close();
    }

    private Installation installation(String keys) throws IOException {
        Installation installation = new Installation(directory, 1, "drain_timeout: 1s");
        String text = Files.readString(installation.config());
        Files.writeString(
                installation.config(),
                text.replace(
                        "{name: untrusted, slots: 1, network: none,",
                        "{name: untrusted, user_namespace: true, engine: {host: \"%s\"%s, slots: 1,"
                                .formatted(other.host(), keys)));
        return installation;
    }

    private static String left() throws IOException, InterruptedException {
        return other.docker("ps", "--all", "--quiet")
                + other.docker("volume", "ls", "--quiet")
                + other.docker("network", "ls", "--quiet", "--filter", "label=dev.mayfly.job");
    }

    private static String egress(Outside outside) throws IOException {
        return ", allow_no_limits: true}, egress: {mode: allow, allow: [\"%s:%d\"]}"
                .formatted(Outside.host().getHostAddress(), outside.port());
    }

    @Test
    void jobHasItsSecretsArtifactsAndWayOutAndNothingIsLeft() throws Exception {
        try (Outside outside = Outside.plain()) {
            Installation installation = installation(egress(outside));
            installation.secret("token", "a-long-enough-value", "untrusted");
            String host = Outside.host().getHostAddress();
            try (MayflyProcess _ = MayflyProcess.daemon(installation);
                    Jobs jobs = installation.jobs()) {
                Jobs.Ended job =
                        jobs.run(
                                """
                                {pool: untrusted, network: full, secrets: {T: {ref: token}},
                                 artifacts: {paths: [kept.txt]},
                                 script: ["wc -c < /run/secrets/T",
                                   "cat /run/secrets/T",
                                   "curl --silent http://%s:%d/here",
                                   "curl --silent --show-error --max-time 10 http://%s:%d/ || true",
                                   "echo kept > kept.txt"]}
                                """
                                        .formatted(host, outside.port(), host, outside.port() + 1));

                assertThat(job.outcome()).as("%s", job).isEqualTo(new Outcome.Passed());
                assertThat(job.output())
                        .contains(
                                "19\n",
                                "[MASKED]",
                                Outside.SERVED,
                                "does not let its jobs connect to")
                        .doesNotContain("a-long-enough-value");
                assertThat(left()).isEmpty();
            }
        }
    }

    private static final String WITH_SERVICE =
            """
            {pool: untrusted, network: full,
             services: [{image: "%s", alias: other, command: [sleep, "60"]}],
             script: ["getent hosts other"]}
            """
                    .formatted(Installation.AGENT_IMAGE);

    @Test
    void jobFindsItsServices() throws Exception {
        Installation installation = installation(", allow_no_limits: true}, network: full");
        try (MayflyProcess _ = MayflyProcess.daemon(installation);
                Jobs jobs = installation.jobs()) {
            Jobs.Ended job = jobs.run(WITH_SERVICE);

            assertThat(job.outcome()).as("%s", job).isEqualTo(new Outcome.Passed());
            assertThat(job.output()).containsPattern("other(\\.dns\\.podman)?\n");
            assertThat(left()).isEmpty();
        }
    }

    @Test
    void servicesBesideFilteredEgressAreFoundOrTheJobSaysWhyNot() throws Exception {
        try (Outside outside = Outside.plain()) {
            Installation installation = installation(egress(outside));
            try (MayflyProcess _ = MayflyProcess.daemon(installation);
                    Jobs jobs = installation.jobs()) {
                Outcome outcome = jobs.run(WITH_SERVICE).outcome();
                switch (kind) {
                    case DOCKER -> assertThat(outcome).isEqualTo(new Outcome.Passed());
                    case PODMAN ->
                            assertThat(outcome)
                                    .isInstanceOfSatisfying(
                                            Outcome.Faulted.class,
                                            why ->
                                                    assertThat(why.detail())
                                                            .contains(
                                                                    "Podman gives services no names"));
                }
                assertThat(left()).isEmpty();
            }
        }
    }

    @Test
    void whatADaemonThatWasKilledLeftIsRemoved() throws Exception {
        Installation installation = installation(", allow_no_limits: true}");
        JobId job;
        try (MayflyProcess daemon = MayflyProcess.daemon(installation);
                Jobs jobs = installation.jobs()) {
            job = jobs.submit("{pool: untrusted, script: [\"echo runs; sleep 600\"]}");
            jobs.printed(job, "runs");
            daemon.kill();
            assertThat(left()).isNotEmpty();
        }
        try (MayflyProcess _ = MayflyProcess.daemon(installation);
                Jobs jobs = installation.jobs()) {
            assertThat(jobs.ended(job).outcome()).isEqualTo(new Outcome.Lost());
            assertThat(left()).isEmpty();
        }
    }

    /** With version 1 of cgroups such an engine limits nothing. */
    @Test
    void daemonDoesNotStartWhereJobsWouldHaveNoLimitsUnlessThatIsAllowed() throws Exception {
        assumeThat(other.docker("info", "--format", "{{.CgroupVersion}}")).isEqualTo("1");

        assertThat(MayflyProcess.run(installation("}"), Map.of(), "daemon").err())
                .contains("cannot limit memory, processors, processes of a container")
                .contains("allow_no_limits: true");
    }
}
