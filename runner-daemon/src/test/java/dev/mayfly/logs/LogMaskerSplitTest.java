package dev.mayfly.logs;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The masker against the naive reference: exhaustively where that is small, else at random. */
class LogMaskerSplitTest {

    private static final int CASES_FOR_EACH_SEED = 4000;

    @Test
    void allSmallTextsWithAllPairsOfShortSecretsInAllSplits() {
        List<String> secrets = wordsOfLength(1, 3);
        for (int i = 0; i < secrets.size(); i++) {
            for (int j = i; j < secrets.size(); j++) {
                checkAllSplits(List.of(secrets.get(i), secrets.get(j)), wordsOfLength(1, 8));
            }
        }
    }

    @Test
    void allSmallTextsWithAllTriplesOfShortSecretsInAllSplits() {
        List<String> secrets = wordsOfLength(1, 3);
        for (int i = 0; i < secrets.size(); i++) {
            for (int j = i + 1; j < secrets.size(); j++) {
                for (int k = j + 1; k < secrets.size(); k++) {
                    checkAllSplits(
                            List.of(secrets.get(i), secrets.get(j), secrets.get(k)),
                            wordsOfLength(6, 6));
                }
            }
        }
    }

    /** Four letters and more: the filter takes part. */
    @Test
    void allTextsOfTenWithAllPairsOfLongerSecretsInAllTwoWaySplits() {
        List<String> secrets = wordsOfLength(4, 5);
        List<byte[]> texts = wordsOfLength(10, 10).stream().map(NaiveMasker::bytes).toList();
        for (int i = 0; i < secrets.size(); i += 3) {
            for (int j = i; j < secrets.size(); j += 2) {
                List<String> two = List.of(secrets.get(i), secrets.get(j));
                MaskedStream stream = MaskedStream.of(two);
                for (byte[] text : texts) {
                    String expected = NaiveMasker.mask(latin1(text), two);
                    for (int cut = 0; cut < text.length; cut++) {
                        checkEqual(
                                stream.writeCut(text, (1 << cut) >> 1).finish(),
                                expected,
                                two,
                                text,
                                cut);
                    }
                    checkEqual(stream.writeCut(text, -1).finish(), expected, two, text, -1);
                }
            }
        }
    }

    private static void checkAllSplits(List<String> secrets, List<String> texts) {
        MaskedStream stream = MaskedStream.of(secrets);
        for (String text : texts) {
            String expected = NaiveMasker.mask(text, secrets);
            byte[] bytes = NaiveMasker.bytes(text);
            for (int cuts = 0; cuts < 1 << (bytes.length - 1); cuts++) {
                checkEqual(stream.writeCut(bytes, cuts).finish(), expected, secrets, bytes, cuts);
            }
        }
    }

    /** Millions of times, so without the cost of an assertion while all is well. */
    private static void checkEqual(
            String masked, String expected, List<String> secrets, byte[] text, int cuts) {
        if (!masked.equals(expected)) {
            assertThat(masked)
                    .as("secrets %s, text %s, cuts %s", secrets, latin1(text), cuts)
                    .isEqualTo(expected);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4})
    void randomTextsInRandomSplits(long seed) {
        Random random = new Random(seed);
        for (int run = 0; run < CASES_FOR_EACH_SEED; run++) {
            List<String> secrets = secrets(random);
            String text = text(random, secrets);
            String expected = NaiveMasker.mask(text, secrets);
            MaskedStream whole = MaskedStream.of(secrets).write(text);
            assertThat(whole.finish())
                    .as("whole: seed %s, run %s, secrets %s, text %s", seed, run, secrets, text)
                    .isEqualTo(expected);
            MaskedStream stream = MaskedStream.of(secrets);
            String written = "";
            for (String part : parts(random, text)) {
                stream.write(part);
                written += part;
                assertThat(stream.masker().heldBytes())
                        .as("held: seed %s, run %s, secrets %s, at %s", seed, run, secrets, written)
                        .isEqualTo(NaiveMasker.open(written, secrets));
            }
            assertThat(stream.finish())
                    .as("split: seed %s, run %s, secrets %s, text %s", seed, run, secrets, text)
                    .isEqualTo(expected);
            assertThat(stream.masker().hits())
                    .as("hits: seed %s, run %s, secrets %s, text %s", seed, run, secrets, text)
                    .isEqualTo(whole.masker().hits());
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13})
    void secretsAddedAnywhereInRandomTexts(long seed) {
        Random random = new Random(seed);
        for (int run = 0; run < CASES_FOR_EACH_SEED; run++) {
            List<String> first = secrets(random);
            List<String> added = secrets(random);
            List<String> both = Stream.concat(first.stream(), added.stream()).toList();
            String text = text(random, both);
            int at = random.nextInt(text.length() + 1);

            MaskedStream stream = MaskedStream.of(first);
            parts(random, text.substring(0, at)).forEach(stream::write);
            int settled = at - stream.masker().heldBytes();
            stream.add(added.toArray(String[]::new));
            parts(random, text.substring(at)).forEach(stream::write);

            assertThat(stream.finish())
                    .as("seed %s, run %s, %s, %s at %s of %s", seed, run, first, added, at, text)
                    .isEqualTo(
                            new NaiveMasker(text)
                                    .hide(first, 0)
                                    .hide(added, settled)
                                    .masked(List.of()));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {21, 22, 23})
    void actionsStandWhereTheyWereAskedForInAllSplits(long seed) {
        Random random = new Random(seed);
        for (int run = 0; run < CASES_FOR_EACH_SEED; run++) {
            List<String> secrets = secrets(random);
            String text = text(random, secrets);
            MaskedStream stream = MaskedStream.of(secrets);
            List<Integer> bars = new ArrayList<>();
            int position = 0;
            for (String part : parts(random, text)) {
                if (random.nextInt(3) == 0) {
                    bars.add(position);
                    stream.bar();
                }
                stream.write(part);
                position += part.length();
            }
            assertThat(stream.finish())
                    .as(
                            "seed %s, run %s, secrets %s, bars %s in %s",
                            seed, run, secrets, bars, text)
                    .isEqualTo(new NaiveMasker(text).hide(secrets, 0).masked(bars));
        }
    }

    /** Everything that can interrupt, cut and begun in every way. */
    @Test
    void allSmallTextsOfLettersEscapesAndLineEndsInAllSplits() {
        List<String> texts = new ArrayList<>();
        addWords(texts, "", "ab\u001B[m\n ", 5);
        for (List<String> secrets :
                List.of(
                        List.of("aab"),
                        List.of("abab", "ma"),
                        List.of("[a", "bb"),
                        List.of("a\nb", "ba"),
                        List.of(" a", "m "),
                        List.of("\u001Bab", "aa"))) {
            checkAllSplits(secrets, texts);
        }
    }

    private static void addWords(List<String> words, String begun, String letters, int more) {
        if (more == 0) {
            words.add(begun);
            return;
        }
        for (int i = 0; i < letters.length(); i++) {
            addWords(words, begun + letters.charAt(i), letters, more - 1);
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {31, 32, 33, 34, 35, 36})
    void randomInterruptedTextsInRandomSplits(long seed) {
        Random random = new Random(seed);
        for (int run = 0; run < CASES_FOR_EACH_SEED; run++) {
            List<String> secrets = secrets(random);
            if (random.nextInt(3) == 0) {
                secrets.replaceAll(secret -> interrupted(random, secret, 6));
            }
            String text = interrupted(random, text(random, secrets), 1 + random.nextInt(8));
            checkHeldAndMasked(random, secrets, text, "seed " + seed + ", run " + run);
        }
    }

    /** What something has wrapped: lines of one width without a blank, and of random ones. */
    @ParameterizedTest
    @ValueSource(longs = {41, 42, 43})
    void wrappedTextsInRandomSplits(long seed) {
        Random random = new Random(seed);
        for (int run = 0; run < CASES_FOR_EACH_SEED / 4; run++) {
            List<String> secrets = new ArrayList<>();
            int letters = random.nextBoolean() ? 2 : 62;
            for (int i = 0; i < 3; i++) {
                secrets.add(letters(random, 6 + random.nextInt(60), letters));
            }
            StringBuilder text = new StringBuilder();
            for (int i = 0; i < 8; i++) {
                text.append(
                        random.nextInt(3) == 0
                                ? letters(random, random.nextInt(80), letters)
                                : secrets.get(random.nextInt(3)));
            }
            int width = 55 + random.nextInt(12);
            String wrapped =
                    text.toString()
                            .replaceAll(
                                    "(?s).{" + width + "}",
                                    random.nextBoolean() ? "$0\n" : "$0\r\n  ");
            checkHeldAndMasked(random, secrets, wrapped, "seed " + seed + ", run " + run);
        }
    }

    /** What is interrupted by too much is none, however the stream is cut. */
    @ParameterizedTest
    @ValueSource(strings = {"\n", "\r\n", "\n ", "\u001B[0m"})
    void longInterruptionsInManySplits(String unit) {
        String secret = "Zk83hTq0PwLmXv51";
        for (int bytes : List.of(65_530, 65_536, 65_540, 66_000, 131_080)) {
            String gap = unit.repeat(bytes / unit.length());
            String text =
                    "A%s%s%sB\n%s%s%s%s.%s\n"
                            .formatted(
                                    secret.substring(0, 8),
                                    gap,
                                    secret.substring(8),
                                    secret.substring(0, 3),
                                    gap.substring(
                                            0, gap.length() / 2 / unit.length() * unit.length()),
                                    secret.substring(3, 9),
                                    gap,
                                    secret.substring(9) + secret);
            String whole = MaskedStream.of(List.of(secret)).write(text).finish();
            for (int part : List.of(1, 2, 3, 5, 7, 13, 64, 1000, 16_384, 32_768, 65_537)) {
                MaskedStream stream = MaskedStream.of(List.of(secret));
                for (int from = 0; from < text.length(); from += part) {
                    stream.write(text.substring(from, Math.min(text.length(), from + part)));
                }
                assertThat(stream.finish())
                        .as("%d bytes of %s, %d at once", bytes, printable(unit), part)
                        .isEqualTo(whole);
            }
            assertThat(whole).contains("[MASKED]").doesNotContain(secret);
            assertThat(whole.contains("Zk83hTq0")).isEqualTo(gap.length() > 65_536);
        }
    }

    private static void checkHeldAndMasked(
            Random random, List<String> secrets, String text, String what) {
        String expected = NaiveMasker.mask(text, secrets);
        MaskedStream whole = MaskedStream.of(secrets).write(text);
        assertThat(whole.finish())
                .as("whole: %s, secrets %s, text %s", what, printable(secrets), printable(text))
                .isEqualTo(expected);
        MaskedStream stream = MaskedStream.of(secrets);
        String written = "";
        for (String part : parts(random, text)) {
            stream.write(part);
            written += part;
            if (random.nextInt(4) == 0) {
                assertThat(stream.masker().heldBytes())
                        .as(
                                "held: %s, secrets %s, at %s",
                                what, printable(secrets), printable(written))
                        .isEqualTo(NaiveMasker.open(written, secrets));
            }
        }
        assertThat(stream.finish())
                .as("split: %s, secrets %s, text %s", what, printable(secrets), printable(text))
                .isEqualTo(expected);
        assertThat(stream.masker().hits())
                .as("hits: %s, secrets %s, text %s", what, printable(secrets), printable(text))
                .isEqualTo(whole.masker().hits());
    }

    private static String printable(List<String> texts) {
        return texts.stream().map(LogMaskerSplitTest::printable).toList().toString();
    }

    private static String printable(String text) {
        StringBuilder printable = new StringBuilder();
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (c > ' ' && c < 0x7F) {
                printable.append(c);
            } else {
                printable.append("<%02x>".formatted((int) c));
            }
        }
        return printable.toString();
    }

    /** Puts an interruption, whole or broken, at each of so many places. */
    private static String interrupted(Random random, String text, int places) {
        List<String> items =
                List.of(
                        "\u001B[0m",
                        "\u001B[38;5;123m",
                        "\u001B(B",
                        "\u001B[",
                        "\u001B",
                        "\u001B[3",
                        "\n",
                        "\r\n",
                        "\n  ",
                        "\r",
                        "\n\t\n",
                        "\u001B]8;;x\u0007",
                        "\u001B]0;t",
                        "\u001BM",
                        " ",
                        "\u001B[" + "1;".repeat(35),
                        "\n\u001B[1m ",
                        "\u001B]" + text + "\u001B\\");
        StringBuilder interrupted = new StringBuilder(text);
        for (int i = 0; i < places; i++) {
            interrupted.insert(
                    random.nextInt(interrupted.length() + 1),
                    items.get(random.nextInt(items.size())));
        }
        return interrupted.toString();
    }

    private static List<String> wordsOfLength(int shortest, int longest) {
        List<String> words = new ArrayList<>();
        for (int length = shortest; length <= longest; length++) {
            for (int bits = 0; bits < 1 << length; bits++) {
                StringBuilder word = new StringBuilder();
                for (int i = 0; i < length; i++) {
                    word.append((bits >>> i & 1) == 0 ? 'a' : 'b');
                }
                words.add(word.toString());
            }
        }
        return words;
    }

    /** Few letters make overlaps likely, all byte values make them honest. */
    private static List<String> secrets(Random random) {
        int letters = List.of(1, 2, 2, 3, 3, 26, 256).get(random.nextInt(7));
        int shortest = List.of(1, 4, 6, 8, 12).get(random.nextInt(5));
        List<String> secrets = new ArrayList<>();
        int count = 1 + random.nextInt(6);
        for (int i = 0; i < count; i++) {
            secrets.add(letters(random, shortest + random.nextInt(14), letters));
        }
        return secrets;
    }

    /** Secrets, beginnings and ends of them, and glue of the same letters. */
    private static String text(Random random, List<String> secrets) {
        StringBuilder text = new StringBuilder();
        int pieces = 1 + random.nextInt(12);
        for (int i = 0; i < pieces; i++) {
            String secret = secrets.get(random.nextInt(secrets.size()));
            int cut = random.nextInt(secret.length() + 1);
            text.append(
                    switch (random.nextInt(4)) {
                        case 0 -> secret;
                        case 1 -> secret.substring(0, cut);
                        case 2 -> secret.substring(cut);
                        default -> letters(random, random.nextInt(20), 1 + random.nextInt(256));
                    });
        }
        return text.toString();
    }

    private static String letters(Random random, int length, int letters) {
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < length; i++) {
            int letter = random.nextInt(letters);
            word.append((char) (letters == 256 ? letter : (letter + 'a') & 0xFF));
        }
        return word.toString();
    }

    private static List<String> parts(Random random, String text) {
        List<String> parts = new ArrayList<>();
        int most = 1 + random.nextInt(20);
        int from = 0;
        while (from < text.length()) {
            int to = Math.min(text.length(), from + random.nextInt(most + 1));
            parts.add(text.substring(from, to));
            from = to;
        }
        return parts;
    }

    private static String latin1(byte[] text) {
        return new String(text, java.nio.charset.StandardCharsets.ISO_8859_1);
    }
}
