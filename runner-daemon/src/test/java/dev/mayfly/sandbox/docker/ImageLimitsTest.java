package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.command.InspectImageResponse;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.ImageRules;
import dev.mayfly.job.PoolName;
import dev.mayfly.sandbox.SandboxBackend.Notices;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ImageLimitsTest {

    private static final InstantSource NOW =
            InstantSource.fixed(Instant.parse("2026-06-30T12:00:00Z"));
    private static final ImageRules.Age REFUSED = new ImageRules.Age(Duration.ofDays(90), true);
    private static final ImageRules.Age TOLD = new ImageRules.Age(Duration.ofDays(90), false);

    private final List<String> said = new ArrayList<>();
    private final List<Duration> ages = new ArrayList<>();
    private final Notices notices =
            new Notices() {
                @Override
                public void notice(String text) {
                    said.add(text);
                }

                @Override
                public void aged(Duration age) {
                    ages.add(age);
                }
            };

    private void require(
            ImageRules.@Nullable Age age, @Nullable Long most, String created, long size)
            throws Exception {
        InspectImageResponse image =
                new ObjectMapper()
                        .readValue(
                                "{\"Created\": \"%s\", \"Size\": %d}".formatted(created, size),
                                InspectImageResponse.class);
        new ImageLimits(
                        new PoolName("low"),
                        new ImageRules(false, ImageRules.Variables.ALLOW, false, age, most),
                        NOW)
                .require("app:1", image, notices);
    }

    @Test
    void youngAndSmallImageIsTakenWithoutAWord() throws Exception {
        require(REFUSED, 1000L, "2026-04-02T12:00:00.123456789Z", 1000);

        assertThat(said).isEmpty();
        assertThat(ages).singleElement().satisfies(age -> assertThat(age.toDays()).isEqualTo(88));
    }

    @Test
    void oldImageIsRefusedByRuleNameAndCure() {
        assertThatThrownBy(() -> require(REFUSED, null, "2026-01-01T00:00:00+01:00", 1))
                .isInstanceOfSatisfying(
                        FaultException.class, e -> assertThat(e.fault()).isEqualTo(Fault.IMAGE))
                .hasMessageContaining(
                        "image app:1 is 180 days old, and pool low takes images up to 90")
                .hasMessageContaining("name one that was built since")
                .hasMessageContaining("[rule built-in/max-age]");
        assertThat(ages).as("the metric has it all the same").hasSize(1);
    }

    @Test
    void oldImageIsOnlyToldWhereThePoolSaysSo() throws Exception {
        require(TOLD, null, "2026-01-01T00:00:00Z", 1);

        assertThat(said)
                .singleElement()
                .asString()
                .startsWith("warning: image app:1 is 180 days old");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "0001-01-01T00:00:00Z",
                "1970-01-01T00:00:00Z",
                "1970-01-01T00:00:01Z",
                "1980-01-01T00:00:01Z",
                "2027-01-01T00:00:00Z",
                "yesterday",
                "2026-06-30"
            })
    void imageWhoseDateCannotBeTrueCountsAsTooOld(String created) throws Exception {
        assertThatThrownBy(() -> require(REFUSED, null, created, 1))
                .hasMessageContaining("which cannot be, so that nobody knows how old it is");
        require(TOLD, null, created, 1);
        require(null, null, created, 1);
        assertThat(said).hasSize(1);
        assertThat(ages).as("nothing that a metric could show").isEmpty();
    }

    @Test
    void clockOfABuilderMayBeALittleAhead() throws Exception {
        require(REFUSED, null, "2026-07-01T02:00:00Z", 1);
        assertThat(ages).containsExactly(Duration.ZERO);
    }

    @Test
    void largeImageIsRefused() {
        assertThatThrownBy(() -> require(null, 100L << 20, "2026-01-01T00:00:00Z", 101L << 20))
                .hasMessageContaining(
                        "image app:1 is 101 MiB large, and pool low takes images up to 100 MiB")
                .hasMessageContaining("[rule built-in/max-size]");
    }
}
