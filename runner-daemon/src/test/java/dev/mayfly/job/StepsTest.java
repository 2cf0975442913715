package dev.mayfly.job;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class StepsTest {

    private static Steps script(String... lines) {
        return new Steps(List.of(lines), List.of("after"), null).withSetupApart();
    }

    @Test
    void scriptWithoutTheLineHasNoSetup() {
        assertThat(script("make", "echo : end of setup"))
                .satisfies(steps -> {
                    assertThat(steps.setup()).isEmpty();
                    assertThat(steps.script()).containsExactly("make", "echo : end of setup");
                });
    }

    @Test
    void whatStandsBeforeTheLineIsTheSetup() {
        Steps steps = script("npm ci", " : end of setup ", "make", ": end of setup", "deploy");

        assertThat(steps.setup()).containsExactly("npm ci");
        assertThat(steps.script()).containsExactly("make", ": end of setup", "deploy");
        assertThat(steps.afterScript()).containsExactly("after");
    }

    @Test
    void nothingBehindTheLineIsAScriptThatDoesNothing() {
        assertThat(script("npm ci", ": end of setup").script()).containsExactly(":");
        assertThat(script(": end of setup", "make").setup()).isEmpty();
    }

    @Test
    void lineBeforeTheOthersIsInBothShells() {
        Steps both = script("npm ci", ": end of setup", "make").beginningWith("set -x");
        assertThat(both.setup()).containsExactly("set -x", "npm ci");
        assertThat(both.script()).containsExactly("set -x", "make");

        assertThat(script("make").beginningWith("set -x").setup()).isEmpty();
    }
}
