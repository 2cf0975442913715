package dev.mayfly.policy;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import dev.mayfly.job.Facts;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.RegistrationFacts;
import dev.mayfly.job.ServerFacts;
import dev.mayfly.job.SettableFacts;
import dev.mayfly.job.VerifiedClaims;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConditionTest {

    private static final PoolName POOL = new PoolName("trusted");

    private static final Facts FACTS =
            new Facts(
                    new Facts.Trusted(
                            new RegistrationFacts("shop", "https://gitlab.example.com", true),
                            new ServerFacts(
                                    new ServerFacts.Project("7", "shop/web"),
                                    new ServerFacts.Ref(
                                            "main",
                                            ServerFacts.RefKind.BRANCH,
                                            true,
                                            "a".repeat(40)),
                                    false,
                                    new ServerFacts.Run("1001", "55", "12")),
                            new VerifiedClaims(
                                    Map.of(
                                            "environment",
                                            "production",
                                            "groups",
                                            List.of("dev", "ops"),
                                            "user",
                                            Map.of("id", 12L)))),
                    new SettableFacts(
                            "deploy",
                            "debian:bookworm",
                            List.of("postgres:17"),
                            Map.of("CI_COMMIT_REF_PROTECTED", "true")));

    @ParameterizedTest
    @ValueSource(
            strings = {
                "pool == 'trusted'",
                "registration.name == 'shop' && registration.protected",
                "server.project.startsWith('shop/') && server.project_id in ['7', '8']",
                "server.ref == 'main' && server.ref_kind == 'branch' && server.ref_protected",
                "!server.fork && server.commit.matches('^a{40}$')",
                "claims.environment == 'production' && 'ops' in claims.groups",
                "has(claims.environment) && !has(claims.nothing)",
                "claims.user.id == 12",
                "server.user_id == '12' && server.pipeline_id == '55'"
            })
    void trustedConditionSeesWhatNoAuthorCanChoose(String text) throws Exception {
        assertThat(TrustedCondition.of(text).holds(POOL, FACTS.trusted())).isTrue();
        assertThat(Condition.of(text).holds(POOL, FACTS)).isTrue();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "job.name == 'deploy'",
                "job.image.startsWith('debian:')",
                "job.services.exists(s, s.startsWith('postgres'))",
                "job.variables.CI_COMMIT_REF_PROTECTED == 'true'",
                "job.variables['CI_COMMIT_REF_PROTECTED'] == 'true'",
                "server.ref_protected || 'CI_COMMIT_REF_PROTECTED' in job.variables"
            })
    void whatAuthorsSetIsForConditionsThatTakeOnly(String text) throws Exception {
        assertThat(Condition.of(text).holds(POOL, FACTS)).isTrue();
        ConditionException refused =
                catchThrowableOfType(ConditionException.class, () -> TrustedCondition.of(text));
        assertThat(refused.cure()).contains("job's author sets");
    }

    @Test
    void misspeltFactDoesNotCompile() {
        ConditionException refused =
                catchThrowableOfType(
                        ConditionException.class,
                        () -> Condition.of("true &&\n server.ref_protcted"));

        assertThat(refused).hasMessageContaining("there is no fact server.ref_protcted");
        assertThat(refused.line()).isEqualTo(2);
        assertThat(refused.cure()).contains("server.ref_protected");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1 + 1", "'text'", "server.ref == 7", "true &&", "pool ==="})
    void whatIsNoConditionIsRefused(String text) {
        assertThatThrownBy(() -> Condition.of(text))
                .isInstanceOf(ConditionException.class)
                .hasMessageStartingWith("is no condition");
    }

    @Test
    void claimThatIsNotThereCannotBeDecided() throws Exception {
        TrustedCondition condition = TrustedCondition.of("claims.deployment_tier == 'production'");

        assertThatThrownBy(() -> condition.holds(POOL, FACTS.trusted()))
                .isInstanceOf(UndecidedException.class)
                .hasMessageContaining("deployment_tier");
    }

    @Test
    void conditionTellsWhatItReads() throws Exception {
        assertThat(Condition.of("server.fork && job.variables.A == '' || has(claims.sub)").reads())
                .containsExactly("claims", "job.variables", "server.fork");
    }

    @Test
    void expressionThatIsTooLongOrTooDeepIsRefused() {
        assertThatThrownBy(() -> Condition.of("true || " + "'" + "x".repeat(5000) + "' == ''"))
                .isInstanceOf(ConditionException.class);
        assertThatThrownBy(() -> Condition.of("(".repeat(100) + "true" + ")".repeat(100)))
                .isInstanceOf(ConditionException.class);
    }

    @Test
    void loopsTogetherHaveALimit() throws Exception {
        String ten = "[0,1,2,3,4,5,6,7,8,9]";
        String text = "true";
        for (String name : List.of("a", "b", "c", "d", "e", "f")) {
            text = ten + ".all(" + name + ", " + text + ")";
        }
        Condition condition = Condition.of(text);

        assertThatThrownBy(() -> condition.holds(POOL, FACTS))
                .isInstanceOf(UndecidedException.class)
                .hasMessageContaining("teration");
    }

    @Test
    void regularExpressionThatEatsTimeElsewhereIsLinearHere() throws Exception {
        Facts long_ =
                new Facts(
                        FACTS.trusted(),
                        new SettableFacts("a".repeat(100_000) + "!", "", List.of(), Map.of()));

        assertThat(Condition.of("job.name.matches('^(a+)+$')").holds(POOL, long_)).isFalse();
    }

    @Test
    void hugeRegularExpressionIsNotRun() throws Exception {
        Condition condition = Condition.of("job.name.matches('^((a{30}){30}){30}$')");

        assertThatThrownBy(() -> condition.holds(POOL, FACTS))
                .isInstanceOf(UndecidedException.class);
    }
}
