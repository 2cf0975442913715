package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.JobId;
import dev.mayfly.job.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * Jobs that make secrets while they run, and have them masked. Needs an engine on this host, the
 * docker command line and the agent image.
 */
@Timeout(180)
class AddedSecretsIT {

    /** A client that keeps to no rules; its source. */
    private static final Path RUDE = Path.of("..", "agent-image", "test", "rude.c");

    /** How jobs tell a token to the test, so that no masker can know it. */
    private static final String HEX = "0123456789abcdef";

    private static final String DISGUISE = "ghijklmnopqrstuv";

    @TempDir private static Path directory;

    private static Installation installation;
    private static Daemon daemon;
    private static Jobs jobs;
    private static Engine engine;

    @BeforeAll
    static void start() throws IOException, InterruptedException {
        installation = new Installation(directory, 2, "drain_timeout: 1s");
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

    private static String undisguised(String text) {
        return text.chars()
                .map(c -> HEX.charAt(DISGUISE.indexOf(c)))
                .collect(StringBuilder::new, StringBuilder::appendCodePoint, StringBuilder::append)
                .toString();
    }

    /** The tokens that a job has told, by their names. */
    private static Map<String, String> tokens(String log) {
        Map<String, String> tokens = new HashMap<>();
        Pattern.compile("^TOKEN (\\w+) ([g-v]{32})$", Pattern.MULTILINE)
                .matcher(log)
                .results()
                .forEach(told -> tokens.put(told.group(1), undisguised(told.group(2))));
        return tokens;
    }

    private static final String MAKE =
            """
              - make_token() { head -c 16 /dev/urandom | od -An -tx1 | tr -d ' \\n'; }
              - tell_token() { echo "TOKEN $1 $(printf %%s "$2" | tr %s %s)"; }
            """
                    .formatted(HEX, DISGUISE);

    @Test
    void tokenThatAJobMakesIsMaskedInEveryForm() throws IOException, InterruptedException {
        Jobs.Ended job =
                jobs.run(
                        "script:\n"
                                + MAKE
                                + """
                                  - token=$(make_token); tell_token ONE "$token"
                                  - printf %s "$token" >/tmp/token
                                  - echo "before $token"
                                  - mayfly-mask --name ONE </tmp/token
                                  - set -x; echo "plain $token"; set +x
                                  - echo "base64 $(base64 -w0 /tmp/token)"
                                  - echo "login $(printf %s "deploy:$token" | base64 -w0)"
                                  - printf 'halves '; printf %s "${token:0:16}"; sleep 0.3; echo "${token:16}"
                                  - printf 'streams '; printf %s "${token:0:16}"; echo "${token:16}" >&2
                                  - for ((i = 0; i < 32; i++)); do printf %s "${token:i:1}"; sleep 0.01; done; echo
                                  - printf '%s\\n%s\\n' "first line of it" "$token" | mayfly-mask
                                  - echo "first line of it"
                                  - echo end
                                after_script:
                                  - echo "after $(cat /tmp/token)"
                                """);

        assertThat(job.outcome()).as("%s", job).isEqualTo(new Outcome.Passed());
        String log = job.output();
        String token = tokens(log).getOrDefault("ONE", "");
        assertThat(token).hasSize(32);
        assertThat(log).contains("before " + token);
        String masked = log.substring(log.indexOf("before " + token) + 7 + token.length());
        assertThat(masked)
                .contains("plain [MASKED]", "base64 [MASKED]", "halves [MASKED]\n", "end\n")
                .contains("streams [MASKED]\n", "after [MASKED]\n")
                .doesNotContain(token, token.substring(0, 16), token.substring(16))
                .doesNotContain(
                        Base64.getEncoder()
                                .withoutPadding()
                                .encodeToString(token.getBytes(StandardCharsets.UTF_8))
                                .substring(0, 16));
        assertThat(masked.split("first line of it", -1))
                .as("lines of it: seen once, in the line that adds it")
                .hasSize(2);
    }

    @Test
    void nothingPrintedAfterTheCommandHasReturnedIsVisible()
            throws IOException, InterruptedException {
        Jobs.Ended job =
                jobs.run(
                        "script:\n"
                                + MAKE
                                + """
                                  - |
                                    for round in $(seq 20); do
                                      token=$(make_token)
                                      tell_token $round "$token"
                                      (while :; do echo "a $token"; echo "b $token" >&2; done) &
                                      (while :; do printf %s "${token:0:9}"; printf '%s\\n' "${token:9}"; sleep 0.01; done) &
                                      sleep 0.05
                                      printf %s "$token" | mayfly-mask
                                      echo "RETURNED $round"
                                      sleep 0.05
                                      kill %1 %2; wait || true
                                      echo # ends a line of which only half was printed
                                    done 2>&1
                                """);

        assertThat(job.outcome()).as("%s", job.outcome()).isEqualTo(new Outcome.Passed());
        String log = job.output();
        Map<String, String> tokens = tokens(log);
        assertThat(tokens).hasSize(20);
        int seenBefore = 0;
        for (var token : tokens.entrySet()) {
            int returned = log.indexOf("RETURNED " + token.getKey() + "\n");
            assertThat(returned).isPositive();
            seenBefore += log.substring(0, returned).contains(token.getValue()) ? 1 : 0;
            assertThat(log.indexOf(token.getValue(), returned))
                    .as("token %s after its command returned", token.getKey())
                    .isEqualTo(-1);
        }
        assertThat(seenBefore).as("rounds that printed already before").isPositive();
        assertThat(log.substring(log.indexOf("RETURNED"))).contains("a [MASKED]", "b [MASKED]");
    }

    @Test
    void valueThatCannotBeMaskedFailsTheLineAndTheLogSaysWhy()
            throws IOException, InterruptedException {
        Jobs.Ended job = jobs.run("script: ['echo 4%1 | mayfly-mask --name PIN', 'echo never']\n");

        assertThat(job.outcome()).isEqualTo(new Outcome.Failed(1));
        assertThat(job.output())
                .containsPattern(
                        "mayfly-mask: not masked: .*added:PIN.*3 bytes, fewer than 6; use a longer value")
                .doesNotContain("\nnever\n");
    }

    @Test
    void rudeClientsHarmNobody() throws IOException, InterruptedException {
        String source = Files.readString(RUDE).indent(4);
        Jobs.Ended job =
                jobs.run(
                        """
                        script:
                          - |
                            cat >/tmp/rude.c <<'END'
                        %s
                            END
                          - gcc -o /tmp/rude /tmp/rude.c
                          - /tmp/rude /run/mayfly/mask garbage
                          - /tmp/rude /run/mayfly/mask many 10000
                          - /tmp/rude /run/mayfly/mask vanish 1000
                          - /tmp/rude /run/mayfly/mask deaf 5 &
                          - /tmp/rude /run/mayfly/mask silent 5 &
                          - echo some-value | mayfly-mask; echo "still some-value"
                          - setsid sh -c '/tmp/rude /run/mayfly/mask silent 30 & sleep 600' &
                        """
                                .formatted(source));

        assertThat(job.outcome()).as("%s", job).isEqualTo(new Outcome.Passed());
        assertThat(job.output()).contains("\nhuge: -the value is longer", "\nconfirmed 10000\n");
        assertThat(job.output()).contains("\nstill [MASKED]\n");
    }

    @Test
    void clientThatWaitsForItsInputIsCancelledWithItsJob()
            throws IOException, InterruptedException {
        JobId id = jobs.submit("script: [echo ready, sleep 600 | mayfly-mask]\n");
        jobs.printed(id, "\nready\n");
        jobs.client().cancel(id, "seen enough");

        assertThat(jobs.ended(id).outcome()).isEqualTo(new Outcome.Cancelled("seen enough"));
    }
}
