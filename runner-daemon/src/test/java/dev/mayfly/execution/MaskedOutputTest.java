package dev.mayfly.execution;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.SecretValue;
import dev.mayfly.logs.LogPipeline;
import dev.mayfly.logs.LogStatistics;
import dev.mayfly.logs.Masking;
import java.io.ByteArrayOutputStream;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class MaskedOutputTest {

    private static final Optional<String> MASKED = Optional.empty();

    private final ByteArrayOutputStream shown = new ByteArrayOutputStream();
    private final LogPipeline log =
            new LogPipeline(
                    InstantSource.system(), 1 << 20, Masking.STANDARD, List.of(new Shown()));
    private final MaskedOutput output = new MaskedOutput(log);

    private final class Shown implements LogSink {
        @Override
        public void output(long start, Instant at, byte[] bytes, int offset, int length) {
            shown.write(bytes, offset, length);
        }

        @Override
        public void event(LogPosition at, LogEvent event) {
            // only output counts here
        }

        @Override
        public void finish(LogPosition total) {
            // everything is in the buffer already
        }
    }

    private static SecretValue value(String text) {
        return new SecretValue(text.getBytes(UTF_8));
    }

    private void print(String text) throws InterruptedException {
        byte[] bytes = text.getBytes(UTF_8);
        output.write(bytes, 0, bytes.length);
    }

    private String finished() throws InterruptedException {
        log.finish();
        return shown.toString(UTF_8);
    }

    @Test
    void whatIsPrintedAfterTheCallIsMaskedAndWhatIsOutIsOut() throws InterruptedException {
        print("a s3cr3tvalue ");
        assertThat(output.mask("TOKEN", value("s3cr3tvalue"))).isEqualTo(MASKED);
        print("b s3cr3tvalue\n");
        assertThat(finished()).isEqualTo("a s3cr3tvalue b [MASKED]\n");
    }

    @Test
    void heldPartOfAnotherSecretStillCompletesAfterTheCall() throws InterruptedException {
        log.addSecrets(Map.of("OTHER", value("other-secret")));
        print("a other-se");
        assertThat(output.mask("TOKEN", value("s3cr3tvalue"))).isEqualTo(MASKED);
        print("cret s3cr3tvalue\n");
        assertThat(finished()).isEqualTo("a [MASKED] [MASKED]\n");
    }

    @Test
    void firstHalfThatIsHeldAsPartOfAnotherSecretIsMasked() throws InterruptedException {
        log.addSecrets(Map.of("OTHER", value("s3cr3t-other")));
        print("a s3cr3t");
        assertThat(output.mask("TOKEN", value("s3cr3tvalue"))).isEqualTo(MASKED);
        print("value\n");
        assertThat(finished()).isEqualTo("a [MASKED]\n");
    }

    @Test
    void addedValueIsCountedUnderANameThatNoDeclaredSecretCanHave() throws InterruptedException {
        log.addSecrets(Map.of("TOKEN", value("declared-value")));
        output.mask("TOKEN", value("added-value"));
        output.mask("", value("nameless-value"));
        print("declared-value added-value nameless-value");
        assertThat(log.finish().hits())
                .map(LogStatistics.Hits::secret)
                .containsExactly("TOKEN", "added:TOKEN", "added:unnamed");
    }

    @Test
    void declaredSecretThatIsAddedAgainIsCountedAsDeclared() throws InterruptedException {
        log.addSecrets(Map.of("TOKEN", value("declared-value")));
        assertThat(output.mask("MINE", value("declared-value"))).isEqualTo(MASKED);
        print("declared-value");
        assertThat(log.finish().hits()).map(LogStatistics.Hits::secret).containsExactly("TOKEN");
    }

    @Test
    void valueThatCannotBeMaskedIsRefusedWithItsNameAndWithoutTheValue()
            throws InterruptedException {
        assertThat(output.mask("PIN", value("#1a\n")).orElseThrow())
                .contains("added:PIN", "3 bytes", "fewer than 6")
                .doesNotContain("#1a");
        print("#1a\n");
        assertThat(finished()).isEqualTo("#1a\n");
    }

    @Test
    void valuesOfOneNameAreAllMasked() throws InterruptedException {
        output.mask("TOKEN", value("first-value"));
        output.mask("TOKEN", value("second-value"));
        print("first-value second-value");
        assertThat(finished()).isEqualTo("[MASKED] [MASKED]");
    }

    @Test
    void nameThatHoldsTheValueIsRefused() throws InterruptedException {
        assertThat(output.mask("MY_s3cr3tvalue", value("s3cr3tvalue\n")).orElseThrow())
                .contains("name", "choose another")
                .doesNotContain("s3cr3tvalue");
        assertThat(output.mask("MY_TOKEN", value("s3cr3tvalue\n"))).isEqualTo(MASKED);
    }

    @Test
    void valuesAreTakenUpToTheirNumberAndNoFurther() throws InterruptedException {
        for (int i = 0; i < MaskedOutput.MOST_VALUES; i++) {
            assertThat(output.mask("", value("value-%04d".formatted(i)))).isEqualTo(MASKED);
        }
        assertThat(output.mask("", value("one-too-many")).orElseThrow()).contains("64 values");
        assertThat(output.mask("", value("value-0007"))).as("it is masked").isEqualTo(MASKED);
        print("value-0000 value-0063 one-too-many");
        assertThat(finished()).isEqualTo("[MASKED] [MASKED] one-too-many");
    }

    @Test
    void bytesAreTakenUpToTheirSumAndNoFurther() throws InterruptedException {
        String half = "0123456789abcdef".repeat(MaskedOutput.MOST_BYTES / 32);
        assertThat(output.mask("", value(half))).isEqualTo(MASKED);
        assertThat(output.mask("", value("x" + half)).orElseThrow())
                .contains("4097 bytes", "added 4096", "8192 together");
        assertThat(output.mask("", value("y" + half.substring(1)))).isEqualTo(MASKED);
        assertThat(output.mask("", value("little")).orElseThrow()).contains("has 6 bytes");
    }

    @Test
    void refusedAndRepeatedValuesUseNothingUp() throws InterruptedException {
        for (int i = 0; i <= MaskedOutput.MOST_VALUES; i++) {
            assertThat(output.mask("", value("abc"))).isNotEqualTo(MASKED);
            assertThat(output.mask("", value("the-same-value"))).isEqualTo(MASKED);
        }
        assertThat(output.mask("", value("another-value"))).isEqualTo(MASKED);
    }
}
