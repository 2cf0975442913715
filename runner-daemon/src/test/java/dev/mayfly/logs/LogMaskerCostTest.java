package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.mayfly.job.SecretValue;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** What a text costs, counted in steps of the automaton and bytes of the heap, not in time. */
class LogMaskerCostTest {

    private static final int LENGTH = 200_000;

    /** Each byte is taken once; each fallback gives up a byte that was taken. */
    private static void assertLinear(List<String> secrets, String text) {
        for (int chunk : List.of(1, 7, 4096, text.length())) {
            MaskedStream stream = MaskedStream.of(secrets);
            byte[] bytes = text.getBytes(ISO_8859_1);
            for (int from = 0; from < bytes.length; from += chunk) {
                stream.masker().write(bytes, from, Math.min(chunk, bytes.length - from));
            }
            assertThat(stream.masker().steps())
                    .as("steps in chunks of %s", chunk)
                    .isLessThanOrEqualTo(2L * bytes.length);
            stream.finish();
        }
    }

    @Test
    void nearMissesOfARepeatedCharacterAreLinear() {
        String text = "a".repeat(LENGTH);
        assertLinear(List.of("a".repeat(255) + "b"), text);
        assertLinear(List.of("a".repeat(4095) + "b"), text);
        List<String> many = new ArrayList<>();
        for (int length = 8; length < 256; length++) {
            many.add("a".repeat(length) + "b");
        }
        assertLinear(many, text);
    }

    @Test
    void nearMissesOfSelfOverlappingSecretsAreLinear() {
        String secret = "abab".repeat(64) + "c";
        assertLinear(List.of(secret), "abab".repeat(LENGTH / 4));
        assertLinear(List.of(secret), (secret.substring(0, 200) + "x").repeat(LENGTH / 201));
    }

    @Test
    void nothingButSecretsIsLinear() {
        List<String> secrets = List.of("abcabc", "bcabca", "cabcab", "abcabcabcabc");
        assertLinear(secrets, "abc".repeat(LENGTH / 3));
    }

    @Test
    void blocksThatTheFilterKnowsAreLinear() {
        List<String> secrets = new ArrayList<>();
        for (int i = 0; i < 50; i++) {
            secrets.add(LogMaskerTest.letters(20, i));
        }
        StringBuilder text = new StringBuilder();
        Random random = new Random(3);
        while (text.length() < LENGTH) {
            text.append(secrets.get(random.nextInt(50)), 0, 4 + random.nextInt(8));
        }
        assertLinear(secrets, text.toString());
    }

    @Test
    void textThatTheFilterClearsNeedsHardlyAnyStep() {
        MaskedStream stream = MaskedStream.of(List.of("s3cr3tvalue", "another-secret"));
        stream.write("building modules, all of it is public\n".repeat(LENGTH / 38));
        assertThat(stream.masker().steps()).isLessThan(LENGTH / 100);
    }

    @Test
    void heldBytesNeverExceedTheLongestSecretLessOne() {
        MaskedStream stream = MaskedStream.of(List.of("a".repeat(255) + "b"));
        byte[] a = {'a'};
        for (int i = 0; i < 10_000; i++) {
            stream.masker().write(a, 0, 1);
            assertThat(stream.masker().heldBytes()).isEqualTo(Math.min(i + 1, 255));
        }
    }

    @Test
    void writesAllocateNothingInTheSteadyState() {
        SecretPatterns patterns =
                SecretPatterns.none()
                        .with(
                                SecretVariants.of(
                                        "S",
                                        new SecretValue("s3cr3t value".getBytes(ISO_8859_1)),
                                        Masking.STANDARD));
        LogMasker masker = new LogMasker(patterns, (bytes, offset, length) -> {});
        byte[] text =
                "a line with s3cr3t value, with s3cr3t val and with half of it: s3cr3"
                        .getBytes(ISO_8859_1);
        for (int i = 0; i < 2000; i++) {
            masker.write(text, 0, text.length);
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 20_000; i++) {
            masker.write(text, 0, text.length);
        }
        assertThat(threads.getCurrentThreadAllocatedBytes() - before)
                .as("bytes allocated by 20,000 writes; the measurement itself takes some")
                .isLessThan(2000);
    }

    @Test
    void automatonOfAHundredSecretsWithAllFormsIsSmall() {
        List<SecretPattern> patterns = new ArrayList<>();
        for (int i = 0; i < 100; i++) {
            patterns.addAll(
                    SecretVariants.of(
                            "S" + i,
                            new SecretValue(LogMaskerTest.letters(32, i).getBytes(ISO_8859_1)),
                            Masking.STANDARD));
        }
        // 17 bytes for each state, so about 5 MB.
        assertThat(SecretPatterns.none().with(patterns).states()).isLessThan(300_000);
    }
}
