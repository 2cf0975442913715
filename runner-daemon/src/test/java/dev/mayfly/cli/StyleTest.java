package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class StyleTest {

    @ParameterizedTest
    @CsvSource({
        "AUTO,   true,  ,   true,  true",
        "AUTO,   true,  '', true,  true",
        "AUTO,   true,  1,  false, true",
        "AUTO,   false, ,   false, false",
        "ALWAYS, false, 1,  true,  false",
        "ALWAYS, true,  1,  true,  true",
        "NEVER,  true,  ,   false, false",
    })
    void coloursAreForTerminalsUnlessSomebodySaysOtherwise(
            Style.When when,
            boolean terminal,
            @Nullable String noColor,
            boolean colours,
            boolean interactive) {
        assertThat(Style.of(when, terminal, noColor)).isEqualTo(new Style(colours, interactive));
    }

    @Test
    void plainTextHasNoEscapeSequences() {
        assertThat(Style.PLAIN.bad("LEFT")).isEqualTo("LEFT");
        assertThat(new Style(true, false).bad("LEFT")).isEqualTo("\u001b[31mLEFT\u001b[0m");
    }
}
