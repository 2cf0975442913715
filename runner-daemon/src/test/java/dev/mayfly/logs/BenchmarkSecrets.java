package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.mayfly.job.SecretValue;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.stream.IntStream;

/**
 * Secrets of the kinds that jobs have: of ten three tokens, two keys in hex, two in base64, two
 * passwords with punctuation and one PEM key. The same ones in every run.
 */
public final class BenchmarkSecrets {

    private static final String CHARACTERS =
            "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/!\"$%&()=?#<>:'";
    private static final int HEX = 16;
    private static final int LETTERS_AND_DIGITS = 62;
    private static final int BASE64 = 64;

    private BenchmarkSecrets() {}

    /** The first of them; more are the same ones and others. One byte in each character. */
    static List<String> values(int count) {
        SplittableRandom random = new SplittableRandom(1);
        return IntStream.range(0, count).mapToObj(i -> value(random, i)).toList();
    }

    /** The same by name, as a job's log takes them. */
    public static Map<String, SecretValue> named(int count) {
        return named(values(count));
    }

    static Map<String, SecretValue> named(List<String> values) {
        Map<String, SecretValue> named = new LinkedHashMap<>();
        values.forEach(value ->
                named.put("S" + named.size(), new SecretValue(value.getBytes(ISO_8859_1))));
        return named;
    }

    /** All that is looked for. */
    static List<SecretPattern> forms(List<String> values, Masking masking) {
        return named(values).entrySet().stream()
                .flatMap(s -> SecretVariants.of(s.getKey(), s.getValue(), masking).stream())
                .toList();
    }

    private static String value(SplittableRandom random, int index) {
        return switch (index % 10) {
            case 0, 1, 2 -> "ghx_" + text(random, 36, LETTERS_AND_DIGITS);
            case 3, 4 -> text(random, 40, HEX);
            case 5, 6 -> text(random, 40, BASE64);
            case 7, 8 -> text(random, 14 + random.nextInt(10), CHARACTERS.length());
            default ->
                    "-----BEGIN PRIVATE KEY-----\n"
                            + text(random, 64, BASE64)
                            + "\n"
                            + text(random, 64, BASE64)
                            + "\n"
                            + text(random, 30, BASE64)
                            + "\n-----END PRIVATE KEY-----\n";
        };
    }

    private static String text(SplittableRandom random, int length, int characters) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(CHARACTERS.charAt(random.nextInt(characters)));
        }
        return text.toString();
    }
}
