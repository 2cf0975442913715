package dev.mayfly.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.admission.Verdict;
import dev.mayfly.job.Facts;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.RegistrationFacts;
import dev.mayfly.job.ServerFacts;
import dev.mayfly.job.SettableFacts;
import dev.mayfly.job.VerifiedClaims;
import dev.mayfly.policy.PoolRules.Forks;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PoolRulesTest {

    private static final PoolName POOL = new PoolName("trusted");

    @ParameterizedTest
    @CsvSource({"ALLOW, Admitted", "HOLD, Held", "DENY, Refused"})
    void codeThatMayComeFromAForkIsTreatedAsThePoolSays(Forks forks, String verdict) {
        PoolRules rules = new PoolRules(forks, false, List.of(), List.of(), List.of());

        assertThat(review(rules, job(true, false, "7", "shop/web"), Map.of(), Map.of()))
                .extracting(v -> v.getClass().getSimpleName())
                .isEqualTo(verdict);
        assertThat(review(rules, job(false, false, "7", "shop/web"), Map.of(), Map.of()))
                .isInstanceOf(Verdict.Admitted.class);
    }

    @Test
    void poolForProtectedRefsBelievesTheServerOnly() {
        PoolRules rules = new PoolRules(Forks.ALLOW, true, List.of(), List.of(), List.of());

        assertThat(
                        review(
                                rules,
                                job(false, false, "7", "shop/web"),
                                Map.of("ref_protected", "true"),
                                Map.of("CI_COMMIT_REF_PROTECTED", "true")))
                .isInstanceOf(Verdict.Refused.class);
        assertThat(review(rules, job(false, true, "7", "shop/web"), Map.of(), Map.of()))
                .isInstanceOf(Verdict.Admitted.class);
    }

    @ParameterizedTest
    @CsvSource({
        "7, shop/web, true",
        "8, shop/web, false",
        "9, team/tool, true",
        "10, team/deep/er, true",
        "11, teams/tool, false",
        "12, team, false",
        "13, other/exact, true",
        "14, other/exact2, false",
        "15, 7, false",
        "16, , false"
    })
    void projectsAreNumbersPathsOrGroups(String id, String path, boolean admitted) {
        PoolRules rules =
                new PoolRules(
                        Forks.ALLOW,
                        false,
                        List.of("7", "team/*", "other/exact"),
                        List.of(),
                        List.of());

        assertThat(
                        review(
                                rules,
                                job(false, false, id, path == null ? "" : path),
                                Map.of(),
                                Map.of()))
                .isInstanceOf(admitted ? Verdict.Admitted.class : Verdict.Refused.class);
    }

    @Test
    void environmentsThatAPoolIsForNeedAVerifiedClaim() {
        PoolRules rules =
                new PoolRules(Forks.ALLOW, false, List.of(), List.of("production"), List.of());
        ServerFacts job = job(false, true, "7", "shop/web");

        assertThat(review(rules, job, Map.of(), Map.of("CI_ENVIRONMENT_NAME", "production")))
                .isInstanceOfSatisfying(
                        Verdict.Refused.class,
                        refused ->
                                assertThat(refused.reason())
                                        .contains("no verified identity token"));
        assertThat(review(rules, job, Map.of("environment", "staging"), Map.of()))
                .isInstanceOf(Verdict.Refused.class);
        assertThat(review(rules, job, Map.of("environment", "production"), Map.of()))
                .isInstanceOf(Verdict.Admitted.class);
    }

    @Test
    void environmentThatNeedsAnApprovalNeedsItByTheJobsOwnWordToo() {
        PoolRules rules =
                new PoolRules(Forks.ALLOW, false, List.of(), List.of(), List.of("production"));
        ServerFacts job = job(false, true, "7", "shop/web");

        assertThat(review(rules, job, Map.of(), Map.of("CI_ENVIRONMENT_NAME", "production")))
                .isInstanceOf(Verdict.Held.class);
        assertThat(
                        review(
                                rules,
                                job,
                                Map.of("environment", "production"),
                                Map.of("CI_ENVIRONMENT_NAME", "staging")))
                .isInstanceOf(Verdict.Held.class);
        assertThat(review(rules, job, Map.of("environment", "staging"), Map.of()))
                .isInstanceOf(Verdict.Admitted.class);
    }

    private static Verdict review(
            PoolRules rules,
            ServerFacts server,
            Map<String, Object> claims,
            Map<String, String> variables) {
        return new Policy(Map.of(POOL, rules), List.of(), "digest")
                .review(
                        POOL,
                        new Facts(
                                new Facts.Trusted(
                                        new RegistrationFacts(
                                                "shop", "https://gitlab.example.com", false),
                                        server,
                                        new VerifiedClaims(claims)),
                                new SettableFacts("test", "", List.of(), variables)))
                .verdict();
    }

    private static ServerFacts job(boolean fork, boolean isProtected, String id, String path) {
        return new ServerFacts(
                new ServerFacts.Project(id, path),
                new ServerFacts.Ref(
                        "main", ServerFacts.RefKind.BRANCH, isProtected, "a".repeat(40)),
                fork,
                new ServerFacts.Run("1", "55", "12"));
    }
}
