package dev.mayfly.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpokenDurationTest {

    @ParameterizedTest
    @CsvSource({
        "3600, PT1H",
        "1h 30m, PT1H30M",
        "1h30m, PT1H30M",
        "3 hours 30 minutes, PT3H30M",
        "1 day, P1D",
        "2 weeks and 1 minute, P14DT1M",
        "90 Seconds, PT1M30S",
        "'1 hour, 5 mins', PT1H5M",
    })
    void timeIsReadAsPeopleWriteIt(String text, Duration duration) {
        assertThat(SpokenDuration.parse(text)).contains(duration);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"", "soon", "1 fortnight", "-1h", "0s", "1h later", "1.5h", "99999999 m"})
    void whatIsNoTimeIsNotRead(String text) {
        assertThat(SpokenDuration.parse(text)).isEmpty();
    }
}
