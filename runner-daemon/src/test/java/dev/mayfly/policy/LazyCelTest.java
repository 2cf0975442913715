package dev.mayfly.policy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.Facts;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.RegistrationFacts;
import dev.mayfly.job.ServerFacts;
import dev.mayfly.job.SettableFacts;
import dev.mayfly.job.VerifiedClaims;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** What nobody uses is not loaded: a daemon without policy files starts as fast as before. */
class LazyCelTest {

    private static final PoolName POOL = new PoolName("trusted");

    @Test
    void jobIsReviewedWithoutCelWhereNoRuleNeedsIt() throws Exception {
        assertThat(loaded("without"))
                .contains("dev.mayfly.policy.Policy")
                .doesNotContain("dev.cel.");
    }

    @Test
    void firstConditionLoadsIt() throws Exception {
        assertThat(loaded("with")).contains("dev.cel.");
    }

    private static String loaded(String how) throws IOException, InterruptedException {
        Process process =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xlog:class+load=info:stdout",
                                "-XX:TieredStopAtLevel=1",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Reviewer.class.getName(),
                                how)
                        .redirectErrorStream(true)
                        .start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    /** The process that is looked at. */
    static final class Reviewer {

        private Reviewer() {}

        public static void main(String[] arguments) throws ConditionException {
            List<Rule> rules = new ArrayList<>();
            if (arguments[0].equals("with")) {
                rules.add(
                        new Rule.Deny(
                                new Rule.Head("a-rule", Set.of(), "no", true),
                                Condition.of("server.fork")));
            }
            PoolRules own =
                    new PoolRules(PoolRules.Forks.HOLD, false, List.of(), List.of(), List.of());
            LivePolicy live =
                    new LivePolicy(
                            List.of(),
                            () ->
                                    new Policy(
                                            Map.of(POOL, own),
                                            rules,
                                            PolicyDigest.of(Map.of(POOL, own), List.of())));
            live.get()
                    .review(
                            POOL,
                            new Facts(
                                    new Facts.Trusted(
                                            new RegistrationFacts("local", "", false),
                                            ServerFacts.NONE,
                                            VerifiedClaims.NONE),
                                    new SettableFacts("a", "", List.of(), Map.of())));
        }
    }
}
