package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.SecretValue;
import java.util.Base64;
import java.util.List;
import org.junit.jupiter.api.Test;

class MaskedTextTest {

    private static final String VALUE = "canary-Q7wXr";

    private final MaskedText texts =
            new MaskedText(
                    List.of(secret(VALUE), secret("abc"), secret("password"), secret(" ")),
                    Masking.STANDARD);

    @Test
    void eachTextIsMaskedInTheFormsOfALog() {
        String encoded = Base64.getEncoder().encodeToString(VALUE.getBytes(UTF_8));

        assertThat(texts.apply("image r/" + VALUE + ":1")).isEqualTo("image r/[MASKED]:1");
        assertThat(texts.apply("image r/" + encoded)).doesNotContain(encoded.substring(0, 10));
        assertThat(texts.apply("ends with " + VALUE)).isEqualTo("ends with [MASKED]");
    }

    @Test
    void whatALogWouldShowIsHiddenAsItStands() {
        assertThat(texts.apply("x-abc is no password, naïve"))
                .isEqualTo("x-[MASKED] is no [MASKED], naïve");
    }

    @Test
    void emptyTextStaysEmpty() {
        assertThat(texts.apply("")).isEmpty();
    }

    private static SecretValue secret(String text) {
        return new SecretValue(text.getBytes(UTF_8));
    }
}
