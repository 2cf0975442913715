package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ApiVersionTest {

    @ParameterizedTest
    @CsvSource({"1.41,1.41", "1.43,1.43", "1.44,1.44", "1.45,1.44", "1.100,1.44", "2.0,1.44"})
    void lowerOfTheEnginesNewestAndOursIsSpoken(String engine, String spoken) {
        assertThat(ApiVersion.parse(engine).spoken()).isEqualTo(ApiVersion.parse(spoken));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "1", ".41", "1.", "1.x", "v1.41"})
    void anythingElseIsRefused(String text) {
        assertThatThrownBy(() -> ApiVersion.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("\"" + text + "\"");
    }

    @Test
    void versionsAreOrderedByNumberNotByText() {
        assertThat(ApiVersion.parse("1.9")).isLessThan(ApiVersion.parse("1.41"));
    }
}
