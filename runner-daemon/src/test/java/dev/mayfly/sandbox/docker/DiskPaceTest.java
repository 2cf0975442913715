package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.sandbox.DiskLimits;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DiskPaceTest {

    private static final long GIBIBYTE = 1L << 30;

    private static boolean isDue(
            long usedGib, long tookMs, long sinceMs, long lostMib, boolean known) {
        return new DiskPace(
                        new DiskUse(usedGib * GIBIBYTE, 1, 0),
                        Duration.ofMillis(tookMs),
                        10 * GIBIBYTE)
                .isDue(Duration.ofMillis(sinceMs), lostMib << 20, known);
    }

    @ParameterizedTest
    @CsvSource({
        // used, took, since, lost, known, due
        "0, 10,   500,   2559, true,  false",
        "0, 10,   500,   2560, true,  true",
        "9, 10,   500,   255,  true,  false",
        "9, 10,   500,   256,  true,  true",
        "10, 10,  500,   63,   true,  false",
        "10, 10,  500,   64,   true,  true",
        // nobody measures for more than a fifth of the time
        "0, 1000, 3999,  9999, true,  false",
        "0, 1000, 4000,  9999, true,  true",
        // where nothing is lost, seldom; where nobody knows, or a little is, more often
        "0, 10,   9999,  1,    true,  false",
        "0, 10,   10000, -500, true,  true",
        "0, 10,   1999,  2,    true,  false",
        "0, 10,   2000,  2,    true,  true",
        "0, 10,   1999,  0,    false, false",
        "0, 10,   2000,  0,    false, true",
    })
    void theNearerTheLimitAndTheFullerTheDiskTheSooner(
            long used, long took, long since, long lost, boolean known, boolean due) {
        assertThat(isDue(used, took, since, lost, known)).isEqualTo(due);
    }

    @Test
    void useIsSaidInUnitsOfTheLimit() {
        DiskLimits limits = new DiskLimits(10 * GIBIBYTE, 1000);

        assertThat(new DiskUse(10 * GIBIBYTE, 1000, 0).beyond(limits)).isEmpty();
        assertThat(new DiskUse(11 * GIBIBYTE + (GIBIBYTE >> 1), 1, 0).beyond(limits))
                .hasValue("11.50 GiB of 10 GiB are used");
        assertThat(new DiskUse(1, 1001, 0).beyond(limits)).hasValue("it has 1001 files of 1000");
        assertThat(DiskUse.inWords(700)).isEqualTo("700 bytes");
        assertThat(DiskUse.inWords(3 << 10)).isEqualTo("3 KiB");
    }
}
