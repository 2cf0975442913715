package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Where maskers are known to fail. The bytes of texts are those of Latin-1 characters. */
class LogMaskerTest {

    private static final String SECRET = "s3cr3tvalue";

    /** One write for each part, and then every way to cut the whole in two, and byte by byte. */
    private static void check(List<String> secrets, String expected, String... parts) {
        MaskedStream stream = MaskedStream.of(secrets);
        for (String part : parts) {
            stream.write(part);
        }
        assertThat(stream.finish()).isEqualTo(expected);

        String whole = String.join("", parts);
        for (int cut = 0; cut <= Math.min(whole.length(), 1000); cut++) {
            stream.write(whole.substring(0, cut)).write(whole.substring(cut));
            assertThat(stream.finish()).as("cut at %s", cut).isEqualTo(expected);
        }
        for (int i = 0; i < whole.length(); i++) {
            stream.write(whole.substring(i, i + 1));
        }
        assertThat(stream.finish()).as("byte by byte").isEqualTo(expected);
        assertThat(NaiveMasker.mask(whole, secrets)).as("naive reference").isEqualTo(expected);
    }

    private static void checkOne(String expected, String... parts) {
        check(List.of(SECRET), expected, parts);
    }

    @Test
    void secretInsideALineIsMasked() {
        checkOne("token: [MASKED] ok\n", "token: s3cr3tvalue ok\n");
    }

    @Test
    void secretAtTheStartAndTheEndOfTheStreamIsMasked() {
        checkOne("[MASKED] mid [MASKED]", "s3cr3tvalue mid s3cr3tvalue");
    }

    @Test
    void streamThatIsNothingButTheSecretIsOneMark() {
        checkOne("[MASKED]", SECRET);
    }

    @Test
    void writeThatLiesWhollyInsideTheSecretIsMasked() {
        checkOne("x [MASKED] y\n", "x s3", "cr3tv", "alue y\n");
    }

    @Test
    void emptyWritesChangeNothing() {
        checkOne("x [MASKED]\n", "x s3cr", "", "", "3tvalue\n");
    }

    @Test
    void nearMissComesOutWhole() {
        checkOne("x s3cr3tvaluX y\n", "x s3cr3tvalu", "X y\n");
    }

    @Test
    void failedBeginningDirectlyBeforeTheSecretIsShown() {
        checkOne("s3cr3tval[MASKED]\n", "s3cr3tvals3cr3tvalue\n");
    }

    @Test
    void secretThatStartsInsideItsOwnFailedBeginningIsMasked() {
        check(List.of("abab1234"), "x ab[MASKED] y\n", "x abab", "ab1234 y\n");
        check(List.of("aab12345"), "x a[MASKED]\n", "x aa", "ab12345\n");
    }

    @Test
    void armouredKeyBehindOneMoreDashIsMasked() {
        String key =
                "-----BEGIN EC PRIVATE KEY-----\nMHcCAQEEIIrYSSN\n-----END EC PRIVATE KEY-----";
        check(List.of(key), "-[MASKED]\n", "-----", "-" + key.substring(5) + "\n");
    }

    @Test
    void occurrencesOfOneSecretThatOverlapAreOneMark() {
        check(List.of("abcabc"), "x [MASKED] y\n", "x abcabcabc y\n");
    }

    @Test
    void secretsThatOverlapAreOneMark() {
        List<String> two = List.of("abcdefgh", "efghijkl");
        check(two, "x [MASKED] y\n", "x abcdefghijkl y\n");
        check(two, "x [MASKED] y\n", "x abcdef", "ghij", "kl y\n");
        check(List.of("abcdef", "efghij", "ijklmn"), "[MASKED]\n", "abcdefghijklmn\n");
    }

    @Test
    void secretThatBeginsAnotherIsMaskedWhetherTheOtherCompletesOrNot() {
        List<String> two = List.of("secret", "secret-extended");
        check(two, "x [MASKED] y\n", "x secret-ext", "ended y\n");
        check(two, "x [MASKED]-extender y\n", "x secret-ext", "ender y\n");
    }

    @Test
    void secretThatEndsAnotherIsMaskedInsideItAndAlone() {
        check(
                List.of("password", "my-password"),
                "[MASKED] your-[MASKED]\n",
                "my-password your-password\n");
    }

    @Test
    void secretsInsideALongFailedBeginningComeOutInOrder() {
        check(
                List.of("Lorem ipsum dolor sEt", "ipsum", "dolor"),
                "Lorem [MASKED] [MASKED] sit amet",
                "Lorem ipsum dolor sit amet");
    }

    @Test
    void secretsThatTouchAreOneMark() {
        checkOne("[MASKED]\n", "s3cr3tvalues3cr3tvalue\n");
        checkOne("[MASKED]\n", SECRET, SECRET, "\n");
    }

    @Test
    void runShorterThanARepeatedCharacterIsShown() {
        check(List.of("aaaaaaaa"), "aaaaaaa b\n", "aaaaaaa b\n");
    }

    @Test
    void runLongerThanARepeatedCharacterIsOneMark() {
        check(List.of("aaaaaaaa"), "[MASKED] b\n", "aaaaa", "aaaaaaaaaaaaaaaaaaaa", " b\n");
    }

    @Test
    void marksAreNotLookedAtAgain() {
        check(List.of("MASKED", SECRET), "x [MASKED] [[MASKED]] y\n", "x s3cr3tvalue [MASKED] y\n");
    }

    @Test
    void markPrintedByTheJobBetweenHalvesJoinsNothing() {
        check(List.of("abcdefgh"), "abcd[MASKED]efgh\n", "abcd", "[MASKED]", "efgh\n");
    }

    @Test
    void secretThatContainsTheMarkIsMasked() {
        check(List.of("ab[MASKED]cd"), "x [MASKED] y\n", "x ab[MASKED]cd y\n");
    }

    @Test
    void halvesAroundAnotherSecretStayWhereTheyWere() {
        List<String> two = List.of("longsecret99", "abcdefgh");
        check(two, "xyz abcd[MASKED]efgh\n", "xyz abcdlongsecret99efgh\n");
        check(two, "xyz abcd[MASKED] tail\n", "xyz abcdlongsecret99 tail\n");
    }

    @Test
    void secretGivenTwiceIsMaskedOnce() {
        check(List.of(SECRET, SECRET, SECRET), "x [MASKED]\n", "x s3cr3tvalue\n");
    }

    @Test
    void metacharactersAreLiteral() {
        check(List.of("a.*$^(b)[c]\\d+"), "x [MASKED] axxb\n", "x a.*$^(b)[c]\\d+ axxb\n");
    }

    @Test
    void secretSplitInsideACharacterIsMasked() {
        String secret = new String("pässwörd☃key".getBytes(UTF_8), ISO_8859_1);
        check(List.of(secret), "x [MASKED] y\n", "x " + secret + " y\n");
    }

    @Test
    void invalidTextAroundASecretStays() {
        checkOne("\u00ff\u00fe[MASKED]\u0080\u00c3(\n", "\u00ff\u00fes3cr3tvalue\u0080\u00c3(\n");
    }

    @Test
    void binarySecretWithZerosIsMasked() {
        check(List.of("\0\u00ff\1\2\3\4\5\6"), "x [MASKED] y\n", "x \0\u00ff\1\2", "\3\4\5\6 y\n");
    }

    @Test
    void lineEndsOfTheLogStay() {
        checkOne("a\r\nb [MASKED]\r\nc\r\n", "a\r\nb s3cr3tvalue\r\nc\r\n");
    }

    @Test
    void redrawnLineIsMaskedOnlyWhereTheSecretIsWhole() {
        checkOne("50% s3cr\r100% [MASKED]\r\n", "50% s3cr\r100% s3cr3tvalue\r\n");
    }

    @Test
    void escapeBeforeASecretSwallowsNothing() {
        checkOne("x \u001b[MASKED]\n", "x \u001bs3cr3tvalue\n");
        check(List.of("12345678"), "x \u001b[[MASKED]m y\n", "x \u001b[12345678m y\n");
        checkOne(
                "\u001b]8;;https://u:[MASKED]@h/\u0007text\n",
                "\u001b]8;;https://u:s3cr3tvalue@h/\u0007text\n");
    }

    @Test
    void beginningAtTheEndOfTheStreamIsShown() {
        checkOne("x s3cr3tval", "x s3cr3tval");
    }

    @Test
    void otherCaseReversedAndSpacedFormsAreShown() {
        String text = "S3CR3TVALUE eulavt3rc3s s 3 c r 3 t v a l u e\n";
        checkOne(text, text);
    }

    @Test
    void longestSecretIsOneMark() {
        String secret = letters(Maskability.LONGEST_BYTES, 7);
        MaskedStream stream = MaskedStream.of(List.of(secret));
        stream.write("x " + secret.substring(0, 30_000)).write(secret.substring(30_000) + " y\n");
        assertThat(stream.finish()).isEqualTo("x [MASKED] y\n");
    }

    @Test
    void longestSecretWithItsLastByteWrongIsReleasedWhole() {
        String secret = letters(Maskability.LONGEST_BYTES, 7);
        String wrong = "x " + secret.substring(0, secret.length() - 1) + "! y\n";
        MaskedStream stream = MaskedStream.of(List.of(secret));
        for (int from = 0; from < wrong.length(); from += 1000) {
            stream.write(wrong.substring(from, Math.min(wrong.length(), from + 1000)));
        }
        assertThat(stream.finish()).isEqualTo(wrong);
    }

    @Test
    void promptIsShownAtOnce() {
        MaskedStream stream = MaskedStream.of(List.of(SECRET, "p4ssphrase"));
        stream.write("Password: ");
        assertThat(stream.shown()).isEqualTo("Password: ");
    }

    @Test
    void onlyTheBytesThatMayBecomeASecretWait() {
        MaskedStream stream = MaskedStream.of(List.of(SECRET));
        stream.write("Is this s3c");
        assertThat(stream.shown()).isEqualTo("Is this ");
        stream.write("!");
        assertThat(stream.shown()).isEqualTo("Is this s3c!");
    }

    @Test
    void markIsShownAsSoonAsItIsCertain() {
        MaskedStream stream = MaskedStream.of(List.of(SECRET, "s3cr3tvalue-and-more"));
        stream.write("x s3cr3tvalue");
        assertThat(stream.shown()).isEqualTo("x [MASKED]");
        stream.write("-and-");
        assertThat(stream.shown()).isEqualTo("x [MASKED]");
        stream.write("no");
        assertThat(stream.shown()).isEqualTo("x [MASKED]-and-no");
    }

    @Test
    void secretAddedWhileTheStreamRunsIsMaskedFromThenOn() {
        MaskedStream stream = MaskedStream.of(List.of("other-secret"));
        stream.write("a s3cr3tvalue ").add(SECRET).write("b s3cr3tvalue\n");
        assertThat(stream.finish()).isEqualTo("a s3cr3tvalue b [MASKED]\n");
    }

    @Test
    void beginningOfAnOldSecretStillCompletesAfterAnotherWasAdded() {
        MaskedStream stream = MaskedStream.of(List.of("other-secret"));
        stream.write("a other-se").add(SECRET).write("cret s3cr3tvalue\n");
        assertThat(stream.finish()).isEqualTo("a [MASKED] [MASKED]\n");
    }

    @Test
    void secretAddedWhileItsFirstHalfIsHeldBackIsMasked() {
        MaskedStream stream = MaskedStream.of(List.of("s3cr3t-other"));
        stream.write("a s3cr3t").add(SECRET).write("value\n");
        assertThat(stream.finish()).isEqualTo("a [MASKED]\n");
    }

    @Test
    void secretAddedWhileItIsHeldBackWholeIsMasked() {
        MaskedStream stream = MaskedStream.of(List.of("xs3cr3tvalue-and-more"));
        stream.write("xs3cr3tvalue-and").add(SECRET);
        assertThat(stream.write("!").finish()).isEqualTo("x[MASKED]-and!");
    }

    @Test
    void withoutSecretsEverythingPassesAtOnce() {
        MaskedStream stream = new MaskedStream(SecretPatterns.none());
        stream.write("anything at all, longer than a stride");
        assertThat(stream.shown()).isEqualTo("anything at all, longer than a stride");
    }

    @Test
    void actionWaitsOnlyUntilTheBytesBeforeItAreCertain() {
        MaskedStream stream = MaskedStream.of(List.of(SECRET, "s3cr3tvalue-and-more"));
        stream.write("x s3cr").bar();
        assertThat(stream.shown()).isEqualTo("x ");
        stream.write("3tvalue-an");
        assertThat(stream.shown()).isEqualTo("x [MASKED]|");
        assertThat(stream.write("!").finish()).isEqualTo("x [MASKED]|-an!");
    }

    @Test
    void hitsInBytesThatAreLookedAtAgainAreCountedOnce() {
        MaskedStream stream = MaskedStream.of(List.of("s3cr3tvalue-and-more", SECRET));
        stream.write("s3cr3tvalue-an").add("unrelated");
        assertThat(stream.write("x").finish()).isEqualTo("[MASKED]-anx");
        assertThat(stream.masker().hits()).containsExactly(1);
    }

    @Test
    void hitsAreCountedOnceWhereTheyOverlap() {
        MaskedStream stream = MaskedStream.of(List.of("abcabc"));
        stream.write("abcabcabc abcabcabcabc");
        stream.finish();
        assertThat(stream.masker().hits()).containsExactly(3);
    }

    static String letters(int length, long seed) {
        Random random = new Random(seed);
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append((char) ('A' + random.nextInt(26)));
        }
        return text.toString();
    }

    @Test
    void escapesInsideAreHiddenWithTheSecret() {
        assertThat(mask("x s3cr\u001B[31m3tval\u001B[0mue y\n", "s3cr3tvalue"))
                .isEqualTo("x [MASKED] y\n");
        assertThat(mask("x s\u001B(B3\u001B]0;title\u0007cr3tvalue y\n", "s3cr3tvalue"))
                .isEqualTo("x [MASKED] y\n");
    }

    @Test
    void escapesAroundAreShown() {
        assertThat(mask("\u001B[31ms3cr3tvalue\u001B[0m\n", "s3cr3tvalue"))
                .isEqualTo("\u001B[31m[MASKED]\u001B[0m\n");
        assertThat(mask("x \u001Bs3cr3tvalue\n", "s3cr3tvalue")).isEqualTo("x \u001B[MASKED]\n");
        assertThat(mask("x \u001B[12345678m y\n", "12345678")).isEqualTo("x \u001B[[MASKED]m y\n");
    }

    @Test
    void lineEndsAndIndentationInsideAreHiddenWithTheSecret() {
        assertThat(mask("x s3cr3\r\n   tvalue y\n", "s3cr3tvalue")).isEqualTo("x [MASKED] y\n");
    }

    @Test
    void fewBytesDoNotWaitAtALinesEnd() {
        MaskedStream stream = MaskedStream.of(List.of("s3cr3tvalue"));
        assertThat(stream.write("yes\n").shown()).isEqualTo("yes\n");
        assertThat(stream.write("3cr3tvalue y\n").finish()).isEqualTo("yes\n[MASKED] y\n");
    }

    @Test
    void anyNumberOfBytesWaitsAtTheEndOfAFullLine() {
        String line = "x".repeat(59) + "s";
        MaskedStream stream = MaskedStream.of(List.of("s3cr3tvalue"));
        assertThat(stream.write(line + "\n").shown()).isEqualTo("x".repeat(59));
        assertThat(stream.write("3cr3tvalue y\n").finish())
                .isEqualTo("x".repeat(59) + "[MASKED] y\n");
        assertThat(mask("x ".repeat(40) + "s\n3cr3tvalue", "s3cr3tvalue"))
                .isEqualTo("x ".repeat(40) + "s\n[MASKED]");
    }

    @Test
    void interruptionsBeyondTheirLimitEndAnOccurrence() {
        String most = "\n".repeat(Interruptions.MOST_BYTES);
        assertThat(mask("s3cr3t" + most + "value", "s3cr3tvalue")).isEqualTo("[MASKED]");
        String more = "s3cr3t" + most + "\nvalue";
        assertThat(mask(more, "s3cr3tvalue")).isEqualTo(more);
        MaskedStream stream = MaskedStream.of(List.of("s3cr3tvalue"));
        assertThat(stream.write("s3cr3t" + most).masker().heldBytes())
                .isEqualTo(6 + Interruptions.MOST_BYTES);
        assertThat(stream.write("\n").masker().heldBytes()).isZero();
    }

    @Test
    void marksNameTheSecretThatBeginsFirst() {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        LogMasker masker =
                new LogMasker(
                        SecretPatterns.none()
                                .with(
                                        List.of(
                                                new SecretPattern("ONE", Variant.EXACT, "abcdefgh"),
                                                new SecretPattern(
                                                        "TWO", Variant.EXACT, "efghijkl"))),
                        true,
                        out::write);
        byte[] text = NaiveMasker.bytes("x abcdefghijkl y efghijkl z");
        masker.write(text, 0, text.length);
        masker.finish();
        assertThat(out.toString(ISO_8859_1)).isEqualTo("x [MASKED:ONE] y [MASKED:TWO] z");
    }

    private static String mask(String text, String secret) {
        return MaskedStream.of(List.of(secret)).write(text).finish();
    }
}
