package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.SecretValue;
import org.junit.jupiter.api.Test;

class MaskabilityTest {

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
}
