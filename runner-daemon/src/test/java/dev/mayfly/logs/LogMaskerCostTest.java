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

    /** Each of three looks takes each byte once; each fallback gives up a byte that was taken. */
    private static final long MOST_STEPS_FOR_A_BYTE = 3 * 2;

    private static void assertLinear(List<String> secrets, String text) {
        for (int chunk : List.of(1, 7, 4096, text.length())) {
            MaskedStream stream = MaskedStream.of(secrets);
            byte[] bytes = text.getBytes(ISO_8859_1);
            for (int from = 0; from < bytes.length; from += chunk) {
                stream.masker().write(bytes, from, Math.min(chunk, bytes.length - from));
            }
            assertThat(stream.masker().steps())
                    .as("steps in chunks of %s", chunk)
                    .isLessThanOrEqualTo(MOST_STEPS_FOR_A_BYTE * bytes.length);
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
    void floodsOfLineEndsAndBlanksAreLinear() {
        List<String> secrets =
                List.of(
                        "s3cr3tvalue",
                        "\n".repeat(40) + "x",
                        "\r\n".repeat(20) + "x",
                        " ".repeat(40) + "x",
                        "line-one\n\n\nline-two",
                        "\n \n \n \n");
        for (String flood : List.of("\n", "\r", "\r\n", " ", "\n ", "\n\t \r", "a\n", "s3c\n")) {
            assertLinear(secrets, flood.repeat(LENGTH / flood.length()));
        }
    }

    @Test
    void floodsOfEscapesAreLinear() {
        List<String> secrets = List.of("s3cr3tvalue", "12345678", "[[[[[[[[x", "\u001b[m\u001b[mx");
        for (String flood :
                List.of(
                        "\u001b",
                        "\u001b[",
                        "\u001b[m",
                        "\u001b[1234567",
                        "\u001b[12345678m",
                        "\u001bP",
                        "\u001b]0;",
                        "\u001b]0;s3cr3tvalu\u0007",
                        "\u001b(B",
                        "s\u001b[m",
                        "s3cr3tvalu\u001b[m",
                        "s3cr\u001b[31m3tval\u001b[0mu")) {
            assertLinear(secrets, flood.repeat(LENGTH / flood.length()));
        }
    }

    @Test
    void escapesWithoutAnEndAreLinear() {
        List<String> secrets =
                List.of("s3cr3tvalue", "0".repeat(100) + "1", "s3cr" + "0".repeat(64));
        for (String begun :
                List.of("\u001b[", "s3cr\u001b[", "\u001b]", "s3cr\u001b]", "\u001bP", "\u001b(")) {
            for (String inside : List.of("0", "0;", "s3cr3tvalu", " ", "\u001b", "s")) {
                assertLinear(secrets, begun + inside.repeat(LENGTH / inside.length()));
            }
        }
    }

    @Test
    void nearMissesWithInterruptionsAreLinear() {
        String secret = "a".repeat(100) + "b";
        for (String interruption :
                List.of("\n", "\r\n  ", "\u001b[m", "\u001b[", "\u001b]0;a\u0007")) {
            String piece = "a".repeat(99) + interruption;
            assertLinear(List.of(secret), piece.repeat(LENGTH / piece.length()));
            String each = "a" + interruption;
            assertLinear(List.of(secret), each.repeat(LENGTH / each.length()));
        }
    }

    @Test
    void nothingButOneSecretWithAllItsFormsIsLinear() {
        String value = "s3cr3t value";
        MaskedStream stream =
                new MaskedStream(SecretPatterns.none().with(WholeChain.forms(List.of(value))));
        for (int i = 0; i < LENGTH / value.length(); i++) {
            stream.write(value);
        }
        assertThat(stream.masker().steps()).isLessThanOrEqualTo(MOST_STEPS_FOR_A_BYTE * LENGTH);
        assertThat(stream.finish()).isEqualTo(LogMasker.MARK);
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
                .as(
                        "bytes allocated by 20,000 writes; the measurement, and code that is compiled meanwhile, take some")
                .isLessThan(10_000);
    }

    @Test
    void smallWritesOfTenStreamsWithAThousandSecretsAllocateNothing() {
        List<String> values = new ArrayList<>();
        for (int i = 0; i < 1000; i++) {
            values.add(LogMaskerTest.letters(16, i));
        }
        SecretPatterns patterns = SecretPatterns.none().with(WholeChain.forms(values));
        List<LogMasker> streams = new ArrayList<>();
        for (int i = 0; i < 10; i++) {
            streams.add(new LogMasker(patterns, (bytes, offset, length) -> {}));
        }
        byte[] text =
                ("x "
                                + values.get(7)
                                + " and half of "
                                + values.get(8).substring(0, 8)
                                + " and all of it")
                        .getBytes(ISO_8859_1);
        assertThat(text.length).isLessThanOrEqualTo(64);
        for (int i = 0; i < 20_000; i++) {
            streams.get(i % 10).write(text, 0, text.length);
        }
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = threads.getCurrentThreadAllocatedBytes();
        for (int i = 0; i < 50_000; i++) {
            streams.get(i % 10).write(text, 0, text.length);
        }
        assertThat(threads.getCurrentThreadAllocatedBytes() - before)
                .as(
                        "bytes allocated by 50,000 writes; the measurement, and code that is compiled meanwhile, take some")
                .isLessThan(10_000);
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
