package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.config.TokenRules;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The token masker against the naive reference: exhaustively where that is small, else at random.
 */
class TokenMaskerSplitTest {

    private static final int CASES_FOR_EACH_SEED = 1200;
    private static final int BUILT_IN_CASES_FOR_EACH_SEED = 100;
    private static final String LETTERS = "abc";

    @Test
    void allSmallTextsWithManyPairsOfShapesInAllSplits() {
        Random random = new Random(1);
        List<byte[]> texts = texts(7);
        for (int pair = 0; pair < 20; pair++) {
            TokenShape one = shape(random, "one", LETTERS, 2);
            List<TokenShape> shapes =
                    List.of(
                            one,
                            pair % 2 == 0
                                    ? shape(random, "two", LETTERS, 2)
                                    : like(random, "two", one));
            TokenShapes prepared = TokenShapes.of(shapes);
            TokenStream stream = new TokenStream(prepared);
            for (byte[] bytes : texts) {
                String text = new String(bytes, ISO_8859_1);
                String expected = new NaiveTokens(text, shapes).masked(List.of());
                for (int cuts = 0; cuts < 1 << (bytes.length - 1); cuts++) {
                    checkEqual(stream.writeCut(bytes, cuts).finish(), expected, shapes, text, cuts);
                }
            }
        }
    }

    /** Millions of times, so without the cost of an assertion while all is well. */
    private static void checkEqual(
            String masked, String expected, List<TokenShape> shapes, String text, int cuts) {
        if (!masked.equals(expected)) {
            assertThat(masked)
                    .as("shapes %s, text %s, cuts %s", shapes, text, cuts)
                    .isEqualTo(expected);
        }
    }

    @Test
    void costsTheSameForEachByteHoweverTheInputIsMade() {
        TokenShapes shapes = TokenShapes.of(TokenRules.builtIn());
        for (String unit :
                List.of("eyJ", "://a:", "://a:b@", "AKIA", "?sig=a", "glpat-eyJ", "eyJ.eyJ")) {
            for (int chunk : List.of(1, 64, 1 << 20)) {
                TokenMasker masker = new TokenMasker(shapes, (_, _, _) -> {});
                byte[] text = unit.repeat((1 << 20) / unit.length()).getBytes(ISO_8859_1);
                for (int from = 0; from < text.length; from += chunk) {
                    masker.write(text, from, Math.min(chunk, text.length - from));
                }
                assertThat(masker.work())
                        .as("%s in writes of %s", unit, chunk)
                        .isLessThan(6L * text.length);
            }
        }
    }

    @Test
    void bytesFromTheMiddleOfAnArrayAreTaken() {
        byte[] text = "secret glpat-secret".getBytes(ISO_8859_1);
        List<Integer> shown = new ArrayList<>();
        TokenMasker masker =
                new TokenMasker(
                        TokenShapes.of(TokenRules.builtIn()), (_, _, length) -> shown.add(length));
        masker.write(text, 7, text.length - 7);
        masker.finish();
        assertThat(shown).containsExactly("glpat-".length(), LogMasker.MARK.length());
    }

    @ParameterizedTest
    @ValueSource(longs = {1, 2, 3, 4, 5, 6})
    void randomTextsInRandomSplits(long seed) {
        randomCases(seed, CASES_FOR_EACH_SEED);
    }

    static void randomCases(long seed, int cases) {
        Random random = new Random(seed);
        for (int run = 0; run < cases; run++) {
            List<TokenShape> shapes = shapes(random);
            String text = text(random, shapes);
            check(random, shapes, text, "seed %s, run %s".formatted(seed, run));
        }
    }

    @ParameterizedTest
    @ValueSource(longs = {11, 12, 13, 14})
    void textsMadeOfTheBuiltInRulesInRandomSplits(long seed) {
        builtInCases(seed, BUILT_IN_CASES_FOR_EACH_SEED);
    }

    static void builtInCases(long seed, int cases) {
        List<TokenShape> shapes = TokenRules.builtIn();
        TokenShapes prepared = TokenShapes.of(shapes);
        Random random = new Random(seed);
        for (int run = 0; run < cases; run++) {
            String text = text(random, shapes);
            check(random, shapes, prepared, text, "seed %s, run %s".formatted(seed, run));
        }
    }

    private static void check(
            Random random, List<TokenShape> shapes, String text, String description) {
        check(random, shapes, TokenShapes.of(shapes), text, description);
    }

    private static void check(
            Random random,
            List<TokenShape> shapes,
            TokenShapes prepared,
            String text,
            String description) {
        String of = description + ", shapes " + shapes + ", text " + text;
        NaiveTokens naive = new NaiveTokens(text, shapes);
        String expected = naive.masked(List.of());
        TokenStream whole = new TokenStream(prepared).write(text);
        assertThat(whole.masker().heldBytes()).as("held at once: %s", of).isEqualTo(naive.held());
        assertThat(whole.finish()).as("at once: %s", of).isEqualTo(expected);
        assertThat(whole.masker().hits()).as("hits: %s", of).isEqualTo(naive.hits());

        TokenStream stream = new TokenStream(prepared);
        List<Integer> bars = new ArrayList<>();
        String written = "";
        for (String part : parts(random, text)) {
            if (random.nextInt(4) == 0) {
                bars.add(written.length());
                stream.bar();
            }
            stream.write(part);
            written += part;
            assertThat(stream.masker().heldBytes())
                    .as("held: %s, at %s", of, written)
                    .isEqualTo(new NaiveTokens(written, shapes).held());
        }
        Map<String, Long> hits = stream.masker().hits();
        assertThat(stream.finish()).as("split: %s", of).isEqualTo(naive.masked(bars));
        assertThat(hits).as("hits: %s", of).isEqualTo(naive.hits());
    }

    private static List<byte[]> texts(int longest) {
        List<byte[]> texts = new ArrayList<>();
        for (int length = 1; length <= longest; length++) {
            for (int number = 0; number < Math.pow(LETTERS.length(), length); number++) {
                byte[] text = new byte[length];
                int rest = number;
                for (int i = 0; i < length; i++) {
                    text[i] = (byte) LETTERS.charAt(rest % LETTERS.length());
                    rest /= LETTERS.length();
                }
                texts.add(text);
            }
        }
        return texts;
    }

    private static List<TokenShape> shapes(Random random) {
        String letters =
                List.of("ab", "abc", "aAbB", "abcdefghij-_=.", "aB").get(random.nextInt(5));
        int longest = List.of(2, 4, 8).get(random.nextInt(3));
        List<TokenShape> shapes = new ArrayList<>();
        int count = 1 + random.nextInt(5);
        for (int i = 0; i < count; i++) {
            shapes.add(
                    i > 0 && random.nextInt(3) == 0
                            ? like(random, "shape" + i, shapes.getLast())
                            : shape(random, "shape" + i, letters, longest));
        }
        return shapes;
    }

    /** One that begins like another, and in which some parts need fewer bytes or more. */
    private static TokenShape like(Random random, String name, TokenShape other) {
        while (true) {
            List<TokenShape.Part> parts = new ArrayList<>();
            for (TokenShape.Part part : other.parts()) {
                int least =
                        random.nextBoolean()
                                ? part.least()
                                : random.nextInt(Math.min(part.most(), 4) + 1);
                parts.add(new TokenShape.Part(part.bytes(), least, part.most(), part.shown()));
            }
            if (parts.size() > 1 && random.nextBoolean()) {
                parts.removeLast();
            }
            try {
                return new TokenShape(name, other.prefix(), parts);
            } catch (IllegalArgumentException e) {
                // Not allowed; another one is.
            }
        }
    }

    /** Any shape of these letters that is allowed. */
    private static TokenShape shape(Random random, String name, String letters, int longest) {
        while (true) {
            Set<String> prefixes = new LinkedHashSet<>();
            int count = 1 + random.nextInt(3);
            for (int i = 0; i < count; i++) {
                prefixes.add(word(random, letters, 1 + random.nextInt(longest)));
            }
            List<TokenShape.Part> parts = new ArrayList<>();
            int before = random.nextInt(3) / 2 * random.nextInt(3);
            for (int i = 0; i < before; i++) {
                parts.add(part(random, letters, true, longest));
            }
            int hidden = 1 + random.nextInt(3) / 2 * random.nextInt(4);
            for (int i = 0; i < hidden; i++) {
                parts.add(part(random, letters, false, longest));
            }
            int behind = random.nextInt(3) / 2 * random.nextInt(3);
            for (int i = 0; i < behind; i++) {
                parts.add(part(random, letters, true, longest));
            }
            if (random.nextBoolean()) {
                TokenShape.Part last = parts.removeLast();
                parts.add(
                        new TokenShape.Part(
                                last.bytes(),
                                last.least(),
                                TokenShape.Part.UNBOUNDED,
                                last.shown()));
            }
            ByteClass after =
                    random.nextInt(3) > 0 ? ByteClass.ANY : bytes(random, letters + "\n", 0);
            try {
                return new TokenShape(
                        name,
                        new TokenShape.Prefix(
                                List.copyOf(prefixes),
                                random.nextInt(3) == 0,
                                after,
                                before > 0 || random.nextBoolean()),
                        parts);
            } catch (IllegalArgumentException e) {
                // Not allowed; another one is.
            }
        }
    }

    private static TokenShape.Part part(Random random, String letters, boolean shown, int longest) {
        int least = random.nextInt(longest);
        return new TokenShape.Part(
                bytes(random, letters, random.nextInt(3)),
                least,
                Math.max(1, least + random.nextInt(longest)),
                shown);
    }

    /** One letter of them, several, or all others. */
    private static ByteClass bytes(Random random, String letters, int kind) {
        String some =
                ByteClassTest.quoted(
                        word(
                                random,
                                letters,
                                kind == 0 ? 1 : 1 + random.nextInt(letters.length())));
        return ByteClass.parse(kind == 2 ? "^" + some : some);
    }

    private static String word(Random random, String letters, int length) {
        StringBuilder word = new StringBuilder();
        for (int i = 0; i < length; i++) {
            word.append(letters.charAt(random.nextInt(letters.length())));
        }
        return word.toString();
    }

    /** Tokens, beginnings of tokens, and bytes from them. */
    private static String text(Random random, List<TokenShape> shapes) {
        StringBuilder text = new StringBuilder();
        int pieces = 1 + random.nextInt(8);
        for (int i = 0; i < pieces; i++) {
            TokenShape shape = shapes.get(random.nextInt(shapes.size()));
            String token = token(random, shape);
            int cut = random.nextInt(token.length() + 1);
            text.append(
                    switch (random.nextInt(5)) {
                        case 0 -> token.substring(0, cut);
                        case 1 -> token.substring(cut);
                        case 2 -> List.of(" ", "\n", "[MASKED]", "?", "&").get(random.nextInt(5));
                        default -> token;
                    });
        }
        return text.toString();
    }

    private static String token(Random random, TokenShape shape) {
        StringBuilder token = new StringBuilder();
        int[] after = shape.prefix().after().values();
        token.append((char) after[random.nextInt(after.length)]);
        List<String> prefixes = shape.prefix().literals();
        String prefix = prefixes.get(random.nextInt(prefixes.size()));
        for (int i = 0; i < prefix.length(); i++) {
            char c = prefix.charAt(i);
            boolean change = shape.prefix().ignoringCase() && random.nextInt(4) == 0;
            token.append(change && Character.isLetter(c) ? (char) (c ^ 0x20) : c);
        }
        for (TokenShape.Part part : shape.parts()) {
            int spare = Math.min(part.most() - part.least(), 6);
            int length = part.least() + random.nextInt(spare + 1);
            int[] values = part.bytes().values();
            for (int i = 0; i < length; i++) {
                token.append((char) values[random.nextInt(values.length)]);
            }
        }
        return token.toString();
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
}
