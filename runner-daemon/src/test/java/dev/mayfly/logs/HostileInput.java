package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/** Logs made to be slow. */
final class HostileInput {

    private static final int BYTES = 4 << 20;

    private final String name;
    private final List<String> secrets;
    private final byte[] text;

    private HostileInput(String name, List<String> secrets, String unit) {
        this.name = name;
        this.secrets = secrets;
        this.text = repeated(unit);
    }

    String name() {
        return name;
    }

    List<String> secrets() {
        return secrets;
    }

    /** The array itself. */
    byte[] text() {
        return text;
    }

    static byte[] repeated(String unit) {
        byte[] bytes = unit.getBytes(ISO_8859_1);
        byte[] text = new byte[Math.max(BYTES, bytes.length)];
        for (int i = 0; i < text.length; i += bytes.length) {
            System.arraycopy(bytes, 0, text, i, Math.min(bytes.length, text.length - i));
        }
        return text;
    }

    /** All of them, with a hundred secrets each. */
    static List<HostileInput> all() {
        List<HostileInput> inputs = new ArrayList<>();
        // A hundred near misses at every byte, one of them 4 KB long.
        List<String> manyAs =
                IntStream.rangeClosed(1, 100)
                        .mapToObj(i -> "a".repeat(i == 100 ? 4095 : 6 + 2 * i) + "b")
                        .toList();
        inputs.add(new HostileInput("`aaaa`, secrets `a…ab`", manyAs, "a"));
        inputs.add(new HostileInput("the same in base64", manyAs, "YWFh"));
        inputs.add(new HostileInput("the same in hex", manyAs, "61"));
        inputs.add(new HostileInput("`a` and a line end", manyAs, "a\n"));
        inputs.add(new HostileInput("`a` and an escape", manyAs, "a\u001b[m"));
        List<String> values = BenchmarkSecrets.values(100);
        List<String> forms =
                BenchmarkSecrets.forms(values, Masking.STANDARD).stream()
                        .map(pattern -> new String(pattern.bytes(), ISO_8859_1))
                        .toList();
        add(inputs, "secrets without their last byte", each(values, HostileInput::almost));
        add(inputs, "all forms without their last byte", each(forms, HostileInput::almost));
        add(
                inputs,
                "the same with an escape behind each",
                each(forms, f -> almost(f) + "\u001b[m"));
        add(
                inputs,
                "secrets without their last byte, an escape in each byte",
                each(values, value -> almost(value).replaceAll("(?s)(.)", "$1\u001b[m")));
        add(
                inputs,
                "the same with line ends",
                each(values, value -> almost(value).replaceAll("(?s)(.)", "$1\n")));
        add(inputs, "only secrets", String.join("", values));
        add(inputs, "only one secret", values.getFirst());
        add(inputs, "only the shortest form", shortest(forms));
        add(inputs, "only forms of secrets", String.join("", forms));
        add(inputs, "marks side by side", each(values, value -> value + "."));
        add(
                inputs,
                "secrets with an escape in each byte",
                each(values, value -> value.replaceAll("(?s)(.)", "$1\u001b[m")));
        add(inputs, "first 4 bytes of forms", each(shuffled(forms), f -> f.substring(0, 4)));
        add(inputs, "first 8 bytes of forms", each(shuffled(forms), f -> beginning(f, 8)));
        add(inputs, "first 4 and first 5 to 12 bytes in turn", beginnings(forms));
        add(
                inputs,
                "first 12 bytes of forms, a line end",
                each(forms, f -> beginning(f, 12) + "\n"));
        add(inputs, "full lines of beginnings", fullLines(forms));
        add(inputs, "line ends", "\n");
        add(inputs, "CRLF", "\r\n");
        add(inputs, "line ends with blanks", "\n \t");
        add(inputs, "a line end behind each byte", "x\n");
        add(inputs, "a carriage return behind each byte", "x\r");
        add(inputs, "escapes", "\u001b[m");
        add(inputs, "ESC", "\u001b");
        add(inputs, "an escape behind each byte", "x\u001b[m");
        add(inputs, "sequences without an end", "\u001b[0;");
        add(inputs, "control strings without an end", "\u001b]0;");
        add(inputs, "control strings of 1,000 bytes", "\u001b]" + "x".repeat(1000));
        add(
                inputs,
                "forms without their last byte in control strings",
                each(forms, f -> "\u001b]" + almost(f)));
        add(inputs, "random bytes", random());
        add(inputs, "base64", random().replaceAll("[^A-Za-z0-9+/]", ""));
        for (String token :
                List.of("glpat-", "eyJhbGciOiJIUzI1NiJ9.eyJ", "://a:", "?sig=", "AKIA", "ghp_")) {
            add(inputs, "only `" + token + "`", token);
        }
        add(inputs, "only tokens", "glpat-" + "x1Y2z3W4v5U6t7S8r9Q0" + " ");
        add(inputs, "begun private keys", "-----BEGIN PRIVATE KEY-----\n");
        add(inputs, "all token prefixes", "glpat-AKIAghp_hvs.xoxb-npm_AIzaeyJsk_live_://u:?sig=");
        return inputs;
    }

    private static void add(List<HostileInput> inputs, String name, String unit) {
        inputs.add(new HostileInput(name, BenchmarkSecrets.values(100), unit));
    }

    private static String each(List<String> texts, Function<String, String> made) {
        return texts.stream().map(made).collect(Collectors.joining());
    }

    private static String almost(String text) {
        return text.substring(0, text.length() - 1);
    }

    private static String beginning(String text, int length) {
        return text.substring(0, Math.min(length, text.length()));
    }

    private static String shortest(List<String> forms) {
        return forms.stream().min((a, b) -> a.length() - b.length()).orElseThrow();
    }

    private static List<String> shuffled(List<String> texts) {
        SplittableRandom random = new SplittableRandom(5);
        return IntStream.range(0, 50_000)
                .mapToObj(_ -> texts.get(random.nextInt(texts.size())))
                .toList();
    }

    private static String beginnings(List<String> forms) {
        SplittableRandom random = new SplittableRandom(6);
        return each(
                shuffled(forms),
                form -> beginning(form, random.nextBoolean() ? 4 : random.nextInt(5, 13)));
    }

    /** Lines as long as wrapped ones are, that end with the beginning of a form. */
    private static String fullLines(List<String> forms) {
        return each(forms, form -> "x".repeat(66) + beginning(form, 10) + "\n");
    }

    private static String random() {
        byte[] bytes = new byte[1 << 20];
        new SplittableRandom(4).nextBytes(bytes);
        return new String(bytes, ISO_8859_1);
    }
}
