package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.JobId;
import dev.mayfly.job.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ThreadLocalRandom;
import java.util.stream.Stream;
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
        for (String form : formsOf(CORE)) {
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
        assertThat(filesWith(List.of(marker), before, places))
                .as("a file that the job wrote is found, so the search works")
                .anyMatch(file -> file.endsWith("/marker"));
        assertThat(filesWith(formsOf(CORE), before, places)).isEmpty();
        assertNotShown(id);
        assertThat(daemon.said()).as("the daemon talks").contains(id.value(), "DEBUG");

        jobs.client().cancel(id, "seen enough");
        Jobs.Ended job = jobs.ended(id);

        assertThat(job.output()).contains("to be masked [MASKED]");
        assertThat(filesWith(formsOf(CORE), before, places)).isEmpty();
        assertThat(filesWith(List.of(marker), before, List.of(Path.of(engine.dataRoot()))))
                .as("the workspace is gone from the engine")
                .isEmpty();
    }

    /** What the engine and the host's process list show to whoever looks. */
    private static void assertNotShown(JobId id) throws IOException, InterruptedException {
        List<String> containers = engine.containersOf(id.value());
        assertThat(containers).hasSizeGreaterThanOrEqualTo(2);
        StringBuilder shown = new StringBuilder();
        for (String container : containers) {
            shown.append(Engine.docker("inspect", container));
            shown.append(Engine.docker("top", container));
        }
        assertThat(shown).contains(id.value(), "sleep 600");
        try (Stream<Path> processes = Files.list(Path.of("/proc"))) {
            for (Path process : (Iterable<Path>) processes::iterator) {
                shown.append(new String(bytes(process.resolve("cmdline")), StandardCharsets.UTF_8));
            }
        }
        assertThat(shown).contains("dev.mayfly.cli.Main");
        for (String form : formsOf(CORE)) {
            assertThat(shown.indexOf(form)).as("a form of the secret is shown").isEqualTo(-1);
        }
    }

    /** The text itself, in hex, and what any base64 of something around it contains. */
    private static List<String> formsOf(String text) {
        byte[] plain = text.getBytes(StandardCharsets.UTF_8);
        List<String> forms = new ArrayList<>();
        forms.add(text);
        forms.add(HexFormat.of().formatHex(plain));
        forms.add(HexFormat.of().withUpperCase().formatHex(plain));
        for (int shift = 0; shift < 3; shift++) {
            byte[] shifted = new byte[plain.length + shift];
            System.arraycopy(plain, 0, shifted, shift, plain.length);
            String encoded = Base64.getEncoder().withoutPadding().encodeToString(shifted);
            // The first and the last characters also hold bits of what is around.
            forms.add(encoded.substring(4, encoded.length() - 2));
        }
        return forms;
    }

    /** Files, changed since then, that contain one of the texts. What is older cannot. */
    private static Set<String> filesWith(List<String> texts, long since, List<Path> places)
            throws IOException, InterruptedException {
        assertThat(places).allSatisfy(p -> assertThat(p).isReadable());
        List<byte[]> wanted = texts.stream().map(t -> t.getBytes(StandardCharsets.UTF_8)).toList();
        Set<String> found = new TreeSet<>();
        for (Path place : places) {
            ProcessBuilder find =
                    new ProcessBuilder(
                            "sh",
                            "-c",
                            // What vanishes meanwhile belongs to others on the same engine.
                            "find \"$0\" -xdev -type f -newerct \"@$1\" 2>/dev/null || true",
                            place.toString(),
                            String.valueOf(since));
            for (String file : Engine.Programs.output(find).lines().toList()) {
                byte[] content = bytes(Path.of(file));
                if (wanted.stream().anyMatch(text -> contains(content, text))) {
                    found.add(file);
                }
            }
        }
        return found;
    }

    private static byte[] bytes(Path file) {
        try {
            return Files.readAllBytes(file);
        } catch (NoSuchFileException e) {
            return new byte[0];
        } catch (IOException e) {
            return new byte[0]; // a process that has ended, a file that is not one
        }
    }

    private static boolean contains(byte[] content, byte[] text) {
        outer:
        for (int i = 0; i <= content.length - text.length; i++) {
            for (int k = 0; k < text.length; k++) {
                if (content[i + k] != text[k]) {
                    continue outer;
                }
            }
            return true;
        }
        return false;
    }
}
