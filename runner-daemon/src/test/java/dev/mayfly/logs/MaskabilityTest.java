package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.SecretValue;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MaskabilityTest {

    private static Maskability of(String value, Masking masking) {
        return Maskability.of("DEPLOY_KEY", new SecretValue(value.getBytes(UTF_8)), masking);
    }

    private static Maskability of(String value) {
        return Maskability.of(
                "DEPLOY_KEY", new SecretValue(value.getBytes(UTF_8)), Masking.STANDARD);
    }

    @Test
    void valuesOfSixBytesToSixtyFourKibibytesCanBeMasked() {
        assertThat(of("abcdef")).isEqualTo(new Maskability.Maskable("DEPLOY_KEY"));
        assertThat(of("x".repeat(65_536))).isEqualTo(new Maskability.Maskable("DEPLOY_KEY"));
    }

    @Test
    void shorterValuesCannotBeMasked() {
        assertThat(of("abcde")).isEqualTo(new Maskability.TooShort("DEPLOY_KEY", 5, 6));
        assertThat(of("")).isEqualTo(new Maskability.TooShort("DEPLOY_KEY", 0, 6));
    }

    @Test
    void blanksAroundAValueDoNotMakeItLongEnough() {
        assertThat(of(" abc \t\r\n")).isEqualTo(new Maskability.TooShort("DEPLOY_KEY", 3, 6));
        assertThat(of("        \n")).isEqualTo(new Maskability.TooShort("DEPLOY_KEY", 0, 6));
    }

    @Test
    void longerValuesCannotBeMasked() {
        assertThat(of("x".repeat(65_537))).isEqualTo(new Maskability.TooLong("DEPLOY_KEY", 65_537));
    }

    @Test
    void refusalsNameTheSecretTheCauseAndTheCureButNeverTheValue() {
        assertThat(of("tiny"))
                .hasToString(
                        "secret DEPLOY_KEY cannot be masked: without blanks around it, it has 4"
                                + " bytes, fewer than 6; use a longer value");
        assertThat(of("x".repeat(70_000)))
                .hasToString(
                        "secret DEPLOY_KEY cannot be masked: it has 70000 bytes, more than 65536;"
                                + " make only the confidential part the secret");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "password",
                "PASSWORD\n",
                " localhost ",
                "disabled",
                "Administrator",
                "default",
                "\"password\"",
                "' localhost '\n"
            })
    void commonWordsCannotBeMasked(String word) {
        assertThat(of(word)).isEqualTo(new Maskability.CommonWord("DEPLOY_KEY"));
        assertThat(of(word))
                .asString()
                .startsWith("secret DEPLOY_KEY cannot be masked: its value is a common word")
                .endsWith("use a random value, or an ordinary variable if it is not confidential");
    }

    @ParameterizedTest
    @ValueSource(strings = {"password1", "my-password", "aaaaaaaa", "12345678", "passwords!"})
    void valuesThatOnlyHoldACommonWordCanBeMasked(String value) {
        assertThat(of(value)).isEqualTo(new Maskability.Maskable("DEPLOY_KEY"));
    }

    @Test
    void poolMayAskForFourOrFiveBytes() {
        for (int shortest : List.of(4, 5)) {
            Masking masking =
                    new Masking(shortest, EnumSet.allOf(Variant.class), false, TokenShapes.none());
            String enough = "x7!kz".substring(0, shortest);
            assertThat(of(enough, masking)).isEqualTo(new Maskability.Maskable("DEPLOY_KEY"));
            assertThat(of(enough.substring(1), masking))
                    .isEqualTo(new Maskability.TooShort("DEPLOY_KEY", shortest - 1, shortest));
            assertThat(of("true", masking)).isNotInstanceOf(Maskability.Maskable.class);
        }
    }

    /** Elsewhere, a secret of one character turned whole logs into marks. */
    @Test
    void nothingBelowFourBytesCanBeAskedFor() {
        assertThatThrownBy(() -> new Masking(3, Set.of(), false, TokenShapes.none()))
                .hasMessage("the shortest value that is masked has 3 bytes, must be 4 to 6");
        assertThatThrownBy(() -> new Masking(7, Set.of(), false, TokenShapes.none()))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void wordListsHoldWhatTheyAreReadFor() {
        assertThat(WordList.COMMON_WORDS)
                .contains("true", "admin", "null", "password")
                .allMatch(word -> word.equals(word.toLowerCase(Locale.ROOT)))
                .noneMatch(word -> word.length() < Masking.MIN_SHORTEST_BYTES)
                .noneMatch(word -> word.contains("#"));
        assertThat(List.of("type", "apiVersion", "Proc-Type", "REGION", "current_context"))
                .allMatch(WordList::isPublicMember);
    }
}
