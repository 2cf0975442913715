package dev.mayfly.artifacts;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class GlobTest {

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "a.txt | a.txt | true",
                "a.txt | b/a.txt | false",
                "*.txt | a.txt | true",
                "*.txt | b/a.txt | false",
                "* | a/b | false",
                "**/*.txt | a.txt | true",
                "**/*.txt | a/b/c.txt | true",
                "a/**/c | a/c | true",
                "a/**/c | a/b/b/c | true",
                "a/**/c | a/b/d | false",
                "a/** | a/b/c | true",
                "** | a/b/c | true",
                "a** | abc | true",
                "a** | a/b | false",
                "a?c | abc | true",
                "a?c | a/c | false",
                "?x | äx | true",
                "[a-c]x | bx | true",
                "[^a-c]x | bx | false",
                "[!a-c]x | dx | true",
                "[]]x | ]x | true",
                "{a,b/c}.txt | b/c.txt | true",
                "{a,b}{1,2} | b1 | true",
                "{a,{b,c}} | c | true",
                "{a,b} | c | false",
                "a\\*b | a*b | true",
                "a\\*b | axb | false",
                "*a*b* | xxaxxbxx | true",
                "./a//b/ | a/b | true",
                "a/*/c | a/b/c | true",
                "a/*/c | a/c | false",
            })
    void patternMeansWhatItMeansInAPipeline(String pattern, String path, boolean expected) {
        assertThat(Glob.of(pattern).matches(path)).isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "dist, dist/a/b, true",
        "dist/, dist/a/b, true",
        "dist, distant, false",
        "*/out, x/out/y/z, true",
        "**/out, x/y/out/z, true",
        "'', a/b, true",
        "., a/b, true"
    })
    void directoryHoldsWhatIsInIt(String pattern, String path, boolean expected) {
        assertThat(Glob.of(pattern).matchesOrHolds(path)).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"[a", "{a,b", "a{b"})
    void unfinishedPatternIsRefused(String pattern) {
        assertThatThrownBy(() -> Glob.of(pattern)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void patternThatBranchesEverywhereIsRefusedAtOnce() {
        assertThatThrownBy(() -> Glob.of("{a,b}".repeat(60)))
                .hasMessageContaining("more than 1000 patterns");
    }

    @Test
    void patternOfManyStarsTakesNoLongerThanItsLength() {
        Glob glob = Glob.of("*a".repeat(500) + "b");
        assertThat(glob.matches("a".repeat(4000))).isFalse();
        assertThat(Glob.of("**/".repeat(500) + "x").matches("a/".repeat(2000) + "y")).isFalse();
    }
}
