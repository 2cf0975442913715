package dev.mayfly.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.mayfly.admission.Decision;
import dev.mayfly.admission.Finding;
import dev.mayfly.admission.Verdict;
import dev.mayfly.job.Facts;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.ServerFacts;
import dev.mayfly.job.VerifiedClaims;
import dev.mayfly.policy.PoolRules;
import dev.mayfly.policy.Trial;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PolicyFilesTest {

    private static final PoolName TRUSTED = new PoolName("trusted");
    private static final PoolName UNTRUSTED = new PoolName("untrusted");

    private static final Map<PoolName, PoolRules> POOLS =
            Map.of(TRUSTED, PoolRules.NONE, UNTRUSTED, rules(PoolRules.Forks.HOLD));

    private static final String POLICY =
            """
            rules:
              - name: no-latest
                when: job.image.endsWith(':latest')
                effect: deny
                message: images need a fixed tag
              - name: deploy-waits
                pools: [trusted]
                when: claims.environment == 'production'
                effect: hold
                message: somebody looks at it first
              - name: our-bot
                when: server.user_id == '12'
                effect: allow
            tests:
              - name: image with the tag latest is refused
                pool: untrusted
                job: {image: "debian:latest"}
                expect: deny
                rules: [no-latest]
              - name: job of a fork waits
                pool: untrusted
                server: {fork: true}
                expect: hold
                rules: [built-in/forks]
              - name: job of a fork that the bot has started runs
                pool: untrusted
                server: {fork: true, user_id: "12"}
                expect: allow
                rules: [built-in/forks, our-bot]
              - name: what denies wins over what allows
                pool: untrusted
                server: {user_id: "12"}
                job: {image: "debian:latest"}
                expect: deny
              - name: production waits
                pool: trusted
                claims: {environment: production}
                expect: hold
              - name: in doubt a rule that takes applies
                pool: trusted
                expect: hold
                rules: [deploy-waits]
              - name: rule of another pool is not asked
                pool: untrusted
                claims: {environment: production}
                expect: allow
            """;

    @TempDir Path folder;

    @Test
    void testsOfAPolicyHold() throws IOException {
        PolicyFiles files = PolicyFiles.read(List.of(file("policy.yaml", POLICY)), POOLS);

        List<Trial> trials = files.trials().values().iterator().next();
        assertThat(trials).hasSize(7);
        assertThat(trials).allSatisfy(t -> assertThat(t.failure(files.policy())).isEmpty());
    }

    @Test
    void testThatDoesNotHoldSaysWhatHappened() throws IOException {
        String wrong =
                POLICY.replace("expect: deny\n    rules: [no-latest]", "expect: allow")
                        .replace("rules: [deploy-waits]", "rules: [our-bot]");
        PolicyFiles files = PolicyFiles.read(List.of(file("policy.yaml", wrong)), POOLS);

        List<Trial> trials = files.trials().values().iterator().next();
        assertThat(trials.stream().map(t -> t.failure(files.policy()).orElse("")))
                .contains("expected allow, got deny: these apply: no-latest")
                .contains("these do not apply: our-bot; these do: deploy-waits")
                .hasSize(7);
    }

    @Test
    void everyProblemIsToldWithFileLineAndCure() throws IOException {
        Path first =
                file(
                        "a.yaml",
                        """
                        rules:
                          - name: forged
                            when: job.variables.CI_COMMIT_REF_PROTECTED == 'true'
                            effect: allow
                          - name: misspelt
                            when: server.porject == 'a'
                            effect: deny
                            message: no
                          - name: silent
                            when: server.fork
                            effect: deny
                          - name: elsewhere
                            pools: [trustd]
                            when: server.fork
                            effect: deny
                            message: no
                        """);
        Path second =
                file(
                        "b.yaml",
                        """
                        rules:
                          - name: misspelt
                            when: "true"
                            effect: dney
                        """);

        List<Problem> problems =
                catchThrowableOfType(
                                ConfigException.class,
                                () -> PolicyFiles.read(List.of(first, second), POOLS))
                        .problems();

        assertThat(problems.stream().map(Problem::toString))
                .anySatisfy(p ->
                        assertThat(p)
                                .contains(first + ":3:", "rules[0].when", "undeclared reference")
                                .contains("job's author sets"))
                .anySatisfy(p ->
                        assertThat(p)
                                .contains(first + ":6:", "there is no fact server.porject")
                                .contains("server.project"))
                .anySatisfy(p -> assertThat(p).contains(first + ":9:", "message", "is missing"))
                .anySatisfy(
                        p -> assertThat(p).contains(first + ":13:", "did you mean \"trusted\"?"))
                .anySatisfy(p -> assertThat(p).contains(second + ":4:", "effect"));
    }

    @Test
    void ruleThatOnlyReportsChangesNothing() throws IOException {
        PolicyFiles files =
                PolicyFiles.read(List.of(file("p.yaml", "mode: report\n" + POLICY)), POOLS);
        Trial latest = files.trials().values().iterator().next().getFirst();

        Decision decision = files.policy().review(UNTRUSTED, latest.facts());

        assertThat(decision.verdict()).isEqualTo(new Verdict.Admitted(UNTRUSTED));
        assertThat(decision.findings().stream().filter(Finding::applies).map(Finding::rule))
                .containsExactly("no-latest");
        assertThat(latest.failure(files.policy())).isEmpty();
    }

    @Test
    void digestNamesWhatFilesAndPoolsSay() throws IOException {
        Path file = file("p.yaml", POLICY);
        String digest = PolicyFiles.read(List.of(file), POOLS).policy().digest();

        assertThat(digest).matches("[0-9a-f]{64}");
        assertThat(PolicyFiles.read(List.of(file), POOLS).policy().digest()).isEqualTo(digest);
        assertThat(
                        PolicyFiles.read(
                                        List.of(file),
                                        Map.of(
                                                TRUSTED,
                                                PoolRules.NONE,
                                                UNTRUSTED,
                                                rules(PoolRules.Forks.DENY)))
                                .policy()
                                .digest())
                .isNotEqualTo(digest);
        file("p.yaml", POLICY + "# a comment\n");
        assertThat(PolicyFiles.read(List.of(file), POOLS).policy().digest()).isNotEqualTo(digest);
    }

    @Test
    void fileThatIsNotThereIsAProblem() {
        assertThat(
                        catchThrowableOfType(
                                ConfigException.class,
                                () ->
                                        PolicyFiles.read(
                                                List.of(folder.resolve("none.yaml")), POOLS)))
                .hasMessageContaining("none.yaml")
                .hasMessageContaining("policy.files");
    }

    @Test
    void jobOfTheLocalSourceIsNoFork() throws IOException {
        PolicyFiles files = PolicyFiles.read(List.of(file("p.yaml", POLICY)), POOLS);
        Trial any = files.trials().values().iterator().next().get(6);

        Facts local =
                new Facts(
                        new Facts.Trusted(
                                any.facts().trusted().registration(),
                                ServerFacts.NONE,
                                VerifiedClaims.NONE),
                        any.facts().settable());

        assertThat(files.policy().review(UNTRUSTED, local).verdict())
                .isEqualTo(new Verdict.Admitted(UNTRUSTED));
    }

    private Path file(String name, String text) throws IOException {
        return Files.writeString(folder.resolve(name), text);
    }

    private static PoolRules rules(PoolRules.Forks forks) {
        return new PoolRules(forks, false, List.of(), List.of(), List.of());
    }
}
