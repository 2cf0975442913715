package dev.mayfly.execution;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.egress.EgressPolicy;
import dev.mayfly.job.GitFetch;
import dev.mayfly.job.ImageRules;
import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.SecretValue;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.sandbox.Outlet;
import dev.mayfly.sandbox.Outlet.Origin;
import dev.mayfly.sandbox.StepEnd;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What a pool's egress does to a job's way. */
class JobEgressTest {

    private static final Inet4Address RELAY = (Inet4Address) InetAddress.ofLiteral("198.51.100.2");

    /** In upper case, which the one form of a name is not. */
    private static final String HEX =
            HexFormat.of().withUpperCase().formatHex(Trial.VALUE.getBytes(StandardCharsets.UTF_8));

    private @TempDir Path folder;
    private Trial trial;

    @BeforeEach
    void begin() {
        trial = new Trial(folder);
        trial.terms =
                new PoolTerms(
                        Trial.TERMS.pool(),
                        Trial.TERMS.image(),
                        Trial.TERMS.network(),
                        Trial.TERMS.timeout(),
                        Trial.TERMS.limits(),
                        Trial.TERMS.hardening(),
                        Trial.TERMS.logBytes(),
                        Trial.TERMS.masking(),
                        Trial.TERMS.pull(),
                        Trial.TERMS.registries(),
                        new EgressPolicy(EgressPolicy.Mode.ALLOW, List.of(), false, 4),
                        ImageRules.NONE);
    }

    @AfterEach
    void end() {
        trial.close();
    }

    private Outlet outlet() {
        return Objects.requireNonNull(trial.engine.made.getFirst().outlet());
    }

    /** Whether the name is answered with the relay's address. */
    private static boolean knows(Outlet outlet, Origin.Part part, String name) {
        ByteBuffer question = ByteBuffer.allocate(200);
        question.putShort((short) 7).putShort((short) 0x100).putShort((short) 1);
        question.putInt(0).putShort((short) 0);
        for (String label : name.split("\\.", -1)) {
            question.put((byte) label.length());
            question.put(label.getBytes(StandardCharsets.US_ASCII));
        }
        question.put((byte) 0).putShort((short) 1).putShort((short) 1);
        byte[] asked = Arrays.copyOf(question.array(), question.position());
        byte[] answer = outlet.answer(new Origin(part, part.name()), asked, RELAY).orElseThrow();
        return (answer[3] & 15) == 0;
    }

    @Test
    void logEndsWithTheTableInWhichSecretsAreHidden() throws InterruptedException {
        trial.engine.step(
                "script",
                (_, output, _, _) -> {
                    knows(outlet(), Origin.Part.JOB, "evil.example");
                    knows(outlet(), Origin.Part.JOB, Trial.VALUE + ".evil.example");
                    knows(outlet(), Origin.Part.JOB, HEX + ".evil.example");
                    output.write("built\n".getBytes(StandardCharsets.UTF_8), 0, 6);
                    return new StepEnd.Exited(0);
                });

        trial.run(Trial.with(new SecretRequest("TOKEN", "token", true)));

        assertThat(trial.report.outcome()).isEqualTo(new Outcome.Passed());
        assertThat(trial.report.text())
                .doesNotContain(Trial.VALUE)
                .doesNotContainIgnoringCase(HEX)
                .containsSubsequence(
                        "network: evil.example (name) refused: no rule allows it",
                        "network: where this job has connected to",
                        "destination",
                        "evil.example (name)",
                        "REFUSED: no rule allows it",
                        "[MASKED]",
                        "passed");
    }

    @Test
    void jobThatConnectsToNothingHasNoTable() throws InterruptedException {
        trial.run(Trial.plain());

        assertThat(trial.report.text()).doesNotContain("network:");
    }

    @Test
    void serverOfTheSourcesIsReachedByTheCheckoutAndByNobodyElse() throws InterruptedException {
        GitFetch how = GitFetch.COMMIT;
        GitFetch fromServer =
                new GitFetch(
                        how.refspecs(),
                        how.depth(),
                        how.flags(),
                        how.attempts(),
                        how.content(),
                        new GitFetch.Access(
                                "https://git.example/",
                                "ci",
                                new SecretValue("secret".getBytes(StandardCharsets.UTF_8)),
                                null,
                                List.of()),
                        how.hooks(),
                        how.directory());

        trial.run(sources(fromServer));

        assertThat(knows(outlet(), Origin.Part.CHECKOUT, "git.example")).isTrue();
        assertThat(knows(outlet(), Origin.Part.JOB, "git.example")).isFalse();
        assertThat(knows(outlet(), Origin.Part.SERVICE, "git.example")).isFalse();
        assertThat(knows(outlet(), Origin.Part.CHECKOUT, "evil.example")).isFalse();
    }

    @Test
    void serverThatTheJobsAuthorNamesIsNoneOfThePools() throws InterruptedException {
        trial.run(sources(GitFetch.COMMIT));

        assertThat(knows(outlet(), Origin.Part.CHECKOUT, "git.example")).isFalse();
    }

    private static JobSpec sources(GitFetch how) {
        return Trial.job(
                List.of("make"),
                List.of(),
                new Inputs(
                        Map.of(),
                        List.of(),
                        new WorkspaceSource.Git(
                                "https://git.example/app.git", "0123456789".repeat(4), how)));
    }

    @Test
    void poolWithoutEgressFiltersNothing() throws InterruptedException {
        trial.terms = Trial.TERMS;

        trial.run(Trial.plain());

        assertThat(trial.engine.made.getFirst().outlet()).isNull();
    }
}
