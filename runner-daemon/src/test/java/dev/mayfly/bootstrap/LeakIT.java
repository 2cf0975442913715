package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.JobId;
import dev.mayfly.job.Outcome;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.concurrent.ThreadLocalRandom;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Looks for a secret everywhere but in the job's memory, while the job runs and afterwards. Needs
 * an engine on this host whose data root may be read, the docker command line, and the agent image.
 */
@Timeout(180)
class LeakIT {

    @TempDir private static Path directory;

    private static final String CORE = randomHex();
    private static final String CANARY = "demo/" + CORE + "\"+=&";

    private static Installation installation;
    private static MayflyProcess daemon;
    private static Jobs jobs;
    private static Engine engine;
    private static String idle;

    private static String randomHex() {
        byte[] bytes = new byte[16];
        Random random = ThreadLocalRandom.current();
        random.nextBytes(bytes);
        return HexFormat.of().formatHex(bytes);
    }

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        installation = new Installation(directory, 2, "log: {level: debug}");
        installation.secret("demo-token", CANARY, "trusted");
        engine = new Engine();
        idle = Engine.idleImage(directory);
        daemon = MayflyProcess.daemon(installation);
        jobs = installation.jobs();
    }

    @AfterAll
    static void stop() throws IOException, InterruptedException {
        jobs.close();
        daemon.close();
        Engine.docker("rmi", idle);
        assertThat(engine.of(installation.daemonId())).isEmpty();
        engine.close();
    }

    @Test
    void noFormOfThePrintedSecretIsInTheLog() throws IOException, InterruptedException {
        Jobs.Ended job = jobs.run(Files.readString(Installation.DEMO.resolve("leak.yaml")));

        assertThat(job.outcome()).as("%s", job).isEqualTo(new Outcome.Passed());
        String log = job.output();
        assertThat(log.lines().filter(line -> line.contains("[MASKED]"))).hasSizeGreaterThan(9);
        for (String form : LeakSearch.formsOf(CORE)) {
            assertThat(log).doesNotContainIgnoringCase(form);
        }
    }

    @Test
    void secretIsNowhereWhileItsJobRunsNorAfterwards() throws IOException, InterruptedException {
        String marker = randomHex();
        long before = System.currentTimeMillis() / 1000 - 1;
        JobId id =
                jobs.submit(
                        """
                        pool: trusted
                        secrets: {AS_FILE: demo-token, AS_VARIABLE: {ref: demo-token, variable: true}}
                        services: [{image: "%s", alias: idle}]
                        variables: {MARKER: %s}
                        script:
                          - echo "$MARKER" > marker
                          - test "$(cat /run/secrets/AS_FILE)" = "$AS_VARIABLE"
                          - echo "to be masked $AS_VARIABLE"
                          - echo "$AS_VARIABLE" | sleep 600 &
                          - sync; echo ready
                          - sleep 600
                        """
                                .formatted(idle, marker));
        jobs.printed(id, "\nready\n");

        List<Path> places = List.of(Path.of(engine.dataRoot()), installation.state(), daemon.log());
        assertThat(LeakSearch.filesWith(List.of(marker), before, places))
                .as("a file that the job wrote is found, so the search works")
                .anyMatch(file -> file.endsWith("/marker"));
        assertThat(LeakSearch.filesWith(LeakSearch.formsOf(CORE), before, places)).isEmpty();
        List<String> containers = engine.containersOf(id.value());
        assertThat(containers).hasSizeGreaterThanOrEqualTo(2);
        String shown = LeakSearch.shown(containers);
        assertThat(shown).contains(id.value(), "sleep 600", "dev.mayfly.cli.Main");
        for (String form : LeakSearch.formsOf(CORE)) {
            assertThat(shown.indexOf(form)).as("a form of the secret is shown").isEqualTo(-1);
        }
        assertThat(daemon.said()).as("the daemon talks").contains(id.value(), "DEBUG");

        jobs.client().cancel(id, "seen enough");
        Jobs.Ended job = jobs.ended(id);

        assertThat(job.output()).contains("to be masked [MASKED]");
        assertThat(LeakSearch.filesWith(LeakSearch.formsOf(CORE), before, places)).isEmpty();
        assertThat(
                        LeakSearch.filesWith(
                                List.of(marker), before, List.of(Path.of(engine.dataRoot()))))
                .as("the workspace is gone from the engine")
                .isEmpty();
    }
}
