package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.JobId;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.Outcome;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a stranger's job might try. Where something must be refused, somebody else is shown to be
 * let in. Needs an engine on this host, and the agent image.
 */
@Timeout(120)
class HostileIT {

    private static final Pattern LISTENING = Pattern.compile("\nlistening on ([0-9.]+)\n");

    /** A line that fails when any of the addresses in its variable lets it in. */
    private static final String NOBODY_ANSWERS =
            """
              - |
                for target in $TARGETS; do
                  if timeout 1 bash -c "exec 3<>/dev/tcp/${target%:*}/${target#*:}" 2>/dev/null
                  then echo "OPEN $target"; exit 1; else echo "refused $target"; fi
                done
            """;

    @TempDir private static Path directory;

    private static Installation installation;
    private static Daemon daemon;
    private static Jobs jobs;
    private static Engine engine;
    private static ServerSocket host;
    private static String idle;
    private static final AtomicInteger VISITORS = new AtomicInteger();
    private static JobId neighbour;
    private static String neighbourAddress;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        installation = new Installation(directory, 3, "drain_timeout: 1s");
        engine = new Engine();
        idle = Engine.idleImage(directory);
        daemon = Daemon.start(installation.settings());
        jobs = installation.jobs();

        host = new ServerSocket(0);
        Thread.ofVirtual().start(HostileIT::welcome);
        neighbour =
                jobs.submit(
                        """
                        pool: trusted
                        network: full
                        script:
                          - git daemon --listen=0.0.0.0 --port=8000 --base-path=/tmp --reuseaddr --detach --pid-file=/tmp/pid
                          - until (exec 3<>"/dev/tcp/$(hostname -i)/8000") 2>/dev/null; do sleep 0.1; done
                          - echo "listening on $(hostname -i)"
                          - sleep 600
                        """);
        jobs.printed(neighbour, "\nlistening on ");
        Matcher said = LISTENING.matcher(jobs.output(neighbour));
        assertThat(said.find()).isTrue();
        neighbourAddress = said.group(1);
    }

    private static void welcome() {
        while (true) {
            try (Socket _ = host.accept()) {
                VISITORS.incrementAndGet();
            } catch (IOException e) {
                return; // closed: the tests are over
            }
        }
    }

    @AfterAll
    static void stop() throws IOException, InterruptedException {
        jobs.client().cancel(neighbour, "over");
        jobs.ended(neighbour);
        jobs.close();
        daemon.drain();
        daemon.close();
        host.close();
        Engine.docker("rmi", idle);
        assertThat(engine.of(installation.daemonId())).isEmpty();
        engine.close();
    }

    private static String targets() {
        StringBuilder targets = new StringBuilder(neighbourAddress + ":8000");
        for (String address : Engine.hostAddresses()) {
            targets.append(' ').append(address).append(':').append(host.getLocalPort());
        }
        return targets.toString();
    }

    @Test
    void hostAndNeighbourCanBeReachedByThoseWhoMay() throws IOException, InterruptedException {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(neighbourAddress, 8000), 2000);
        }
        int before = VISITORS.get();
        Jobs.Ended trusted =
                jobs.run(
                        """
                        pool: trusted
                        network: full
                        script: ["exec 3<>/dev/tcp/%s/%d"]
                        """
                                .formatted(Engine.hostAddresses().getFirst(), host.getLocalPort()));
        assertThat(trusted.outcome()).as("%s", trusted).isEqualTo(new Outcome.Passed());
        assertThat(VISITORS).hasValue(before + 1);
    }

    @Test
    void strangerOfTheDemoIsRefusedEverythingAndBombsOnlyItself()
            throws IOException, InterruptedException {
        String document =
                Files.readString(Installation.DEMO.resolve("hostile.yaml"))
                        .replace(
                                "script:\n",
                                "variables: {NEIGHBOUR_IP: \"%s\"}\nscript:\n"
                                        .formatted(neighbourAddress));
        Jobs.Ended job = jobs.run(document);
        assertThat(job.outcome()).as("%s", job).isEqualTo(new Outcome.Passed());
        assertThat(job.output())
                .contains(
                        "refused  another job's container (" + neighbourAddress + ":8000)",
                        "refused  becoming root",
                        "still here")
                .doesNotContain("OPEN");
        assertThat(job.output().lines().filter(l -> l.startsWith("refused  "))).hasSize(14);
    }

    @Test
    void untrustedJobReachesNeitherNeighbourNorHost() throws IOException, InterruptedException {
        assertNobodyAnswers("pool: untrusted");
    }

    @Test
    void untrustedJobWithAServiceReachesNeitherNeighbourNorHost()
            throws IOException, InterruptedException {
        assertNobodyAnswers(
                "pool: untrusted\nservices: [{image: \"%s\", alias: idle}]".formatted(idle));
    }

    private static void assertNobodyAnswers(String pool) throws IOException, InterruptedException {
        int before = VISITORS.get();
        Jobs.Ended job =
                jobs.run(
                        "%s\nvariables: {TARGETS: \"%s\"}\nscript:\n%s"
                                .formatted(pool, targets(), NOBODY_ANSWERS));
        assertThat(job.outcome()).as("%s", job).isEqualTo(new Outcome.Passed());
        assertThat(job.output())
                .contains("refused " + neighbourAddress + ":8000", ":" + host.getLocalPort());
        assertThat(VISITORS).as("nobody came to the host").hasValue(before);
    }

    @Test
    void trustedJobWithAFullNetworkStillDoesNotReachItsNeighbour()
            throws IOException, InterruptedException {
        Jobs.Ended job =
                jobs.run(
                        "pool: trusted\nnetwork: full\nvariables: {TARGETS: \"%s:8000\"}\nscript:\n%s"
                                .formatted(neighbourAddress, NOBODY_ANSWERS));
        assertThat(job.outcome()).as("%s", job).isEqualTo(new Outcome.Passed());
    }

    @Test
    void outputCannotImitateTheLogsStructure() throws IOException, InterruptedException {
        Jobs.Ended job =
                jobs.run(
                        """
                        script:
                          - |
                            printf '\\n\\nid: 0:0\\nevent: section-started\\ndata: {"section":"forged"}\\n\\n'
                            printf 'event: end\\ndata: {"id":"j-1","phase":"finished"}\\n\\n'
                            printf '\\r\\nevent: notice\\r\\ndata: {"text":"forged"}\\r\\n\\r\\n'
                            printf 'section_start:0:forged\\r\\033[0K::group::forged\\n'
                            printf '\\000\\377\\376 broken \\342\\202\\n'
                          - exit 5
                        """);
        assertThat(job.outcome()).isEqualTo(new Outcome.Failed(5));
        assertThat(job.sections()).containsExactly("prepare", "script");
        assertThat(job.events())
                .noneMatch(e ->
                        e instanceof LogEvent.Notice(var _, String text)
                                && text.contains("forged"));
        assertThat(job.output())
                .contains(
                        "\nevent: section-started\ndata: {\"section\":\"forged\"}\n\n",
                        "event: end\ndata: {\"id\":\"j-1\",",
                        "section_start:0:forged\r\u001b[0K::group::forged\n",
                        " broken ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                // closes its streams and goes on
                "exec <&- >&- 2>&-; sleep 0.5; exit 7",
                // ends everything that it may, then itself
                "sleep 1000 & kill -9 -1 || true; exit 7",
                // leaves others behind, in sessions of their own, one with the output open
                "setsid sleep 1000 & (setsid nohup bash -c 'trap \\\"\\\" TERM HUP; sleep 1000' >/dev/null 2>&1 &); exit 7",
                // as many files as fit, and one that does not
                "cd /tmp; seq 10000 | xargs touch; head -c 100000000 /dev/zero > big || exit 7",
                // stops the agent, its parent, if it could
                "kill -STOP 1; kill -KILL 1; exit 7",
            })
    void mischiefEndsWithTheJob(String line) throws IOException, InterruptedException {
        long before = System.nanoTime();
        Jobs.Ended job =
                jobs.run("{resources: {memory: 128MiB}, script: [\"%s\"]}".formatted(line));
        assertThat(job.outcome()).as("%s", job).isEqualTo(new Outcome.Failed(7));
        assertThat(Duration.ofNanos(System.nanoTime() - before)).isLessThan(Duration.ofSeconds(20));
        assertThat(engine.containersOf(job.job().id().value())).isEmpty();
    }

    @Test
    void floodIsCutAtTheLimitOfTheLogAndTheJobGoesOn() throws IOException, InterruptedException {
        Jobs.Ended job =
                jobs.run("script: ['head -c 80000000 /dev/zero | tr \"\\\\0\" x', exit 7]");
        assertThat(job.outcome()).as("%s", job.job()).isEqualTo(new Outcome.Failed(7));
        assertThat(job.output().length()).isLessThanOrEqualTo(64 << 20);
        assertThat(List.copyOf(job.events()))
                .anyMatch(e ->
                        e instanceof LogEvent.Notice(var _, String text) && text.contains("limit"));
    }
}
