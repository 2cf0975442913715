package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.SecretValue;
import java.net.URLEncoder;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/** Each form by what a job would print. Texts hold one byte in each character. */
class SecretVariantsTest {

    private static final String SECRET = "s3cr3tvalue";
    private static final String TWO_LINES = "line-one-abc\nline-two-def";
    private static final String BODY =
            """
            MHcCAQEEIIrYSSNQFaA2Hwf1duRSxKtLYX5CB04fSeQ6tF1aY/PuoAoGCCqGSM49
            AwEHoUQDQgAEPR3tU2Fta9ktY+6P9G0cWO+0kETA6SFs38GecTyudlHz6xvCdz8q
            EKTcWGekdmdDPsHloRNtsiCa697B2O9IFA==\
            """;
    private static final String KEY =
            "-----BEGIN EC PRIVATE KEY-----\n" + BODY + "\n-----END EC PRIVATE KEY-----\n";
    private static final String KEY_FILE =
            """
            {
              "type": "service_account",
              "enabled": true,
              "private_key_id": "3f1c0ae95b8d4e7a",
              "private_key": "%s"
            }
            """
                    .formatted(KEY.replace("\n", "\\n"));

    private static SecretPatterns patterns(String value) {
        return SecretPatterns.none()
                .with(
                        SecretVariants.of(
                                "S",
                                new SecretValue(value.getBytes(ISO_8859_1)),
                                Masking.STANDARD));
    }

    /** In one write and byte by byte. */
    private static String mask(String value, String text) {
        MaskedStream stream = new MaskedStream(patterns(value));
        String masked = stream.write(text).finish();
        assertThat(stream.writeCut(text.getBytes(ISO_8859_1), -1).finish()).isEqualTo(masked);
        return masked;
    }

    private static void assertHidden(String value, String form) {
        assertThat(mask(value, "<" + form + ">\n")).isEqualTo("<[MASKED]>\n");
    }

    private static void assertShown(String value, String text) {
        assertThat(mask(value, text)).isEqualTo(text);
    }

    @Test
    void lineEndsAroundTheValueStayInTheLog() {
        assertThat(mask(SECRET + "\n", "x s3cr3tvalue\ny\n")).isEqualTo("x [MASKED]\ny\n");
    }

    @Test
    void blanksAroundTheValueNeedNotBePrinted() {
        assertHidden("  s3cr3tvalue \n", SECRET);
        assertHidden("  s3cr3tvalue \n", "  s3cr3tvalue ");
    }

    @Test
    void blanksThatTheShellJoinsAreOneMark() {
        assertHidden("correct  horse\tbattery", "correct horse battery");
    }

    @Test
    void multiLineValueIsOneMarkWithAnyLineEnds() {
        String lf = KEY.strip();
        assertThat(mask(KEY, "cat key\n" + KEY + "done\n")).isEqualTo("cat key\n[MASKED]\ndone\n");
        assertHidden(KEY, lf);
        assertHidden(KEY, lf.replace("\n", "\r\n"));
        assertHidden(KEY, lf.replace("\n", " "));
        assertHidden(KEY, lf.replace("\n", "\\n"));
        assertHidden(KEY.replace("\n", "\r\n"), lf);
    }

    @Test
    void lineOfAMultiLineValueIsMaskedAlone() {
        BODY.lines().forEach(line -> assertHidden(KEY, line));
        assertThat(mask(TWO_LINES, "line-two-def\nline-one-abc\n"))
                .isEqualTo("[MASKED]\n[MASKED]\n");
    }

    @Test
    void multiLineValueWithAnyLineEndsIsOneMark() {
        assertThat(mask(TWO_LINES, "line-one-abc\r\r\nline-two-def\r\r\n"))
                .isEqualTo("[MASKED]\r\r\n");
        assertThat(mask(TWO_LINES, "line-one-abc\n\n\u001B[0mline-two-def\n"))
                .isEqualTo("[MASKED]\n");
    }

    @Test
    void indentedMultiLineValueIsOneMark() {
        assertThat(mask(TWO_LINES, "  line-one-abc\n  line-two-def\n")).isEqualTo("  [MASKED]\n");
        assertHidden("  indented-one\n  indented-two", "indented-two");
    }

    @Test
    void literalLineEndsInsideAValueAreLineEndsToo() {
        BODY.lines().forEach(line -> assertHidden(KEY_FILE, line));
        assertHidden("first-part\\nsecond-part", "first-part\nsecond-part");
        assertHidden("first-part\\nsecond-part", "second-part");
    }

    @Test
    void linesWithoutContentOfTheirOwnAreNotMaskedAlone() {
        assertShown(KEY, "-----BEGIN EC PRIVATE KEY-----\nother\n-----END EC PRIVATE KEY-----\n");
        assertShown(
                "{\n\"foo\": [\n\"barbarbar\"\n]\n}", "[{description,\"x\"}]\n{}\n\"foo\": [\n");
        assertShown(
                KEY_FILE,
                """
                {
                  "type": "service_account",
                  "enabled": true,
                  "private_key": "-----BEGIN EC PRIVATE KEY-----
                }
                """);
        assertShown(
                "kind: Config\nusers:\n- name: x\n----------\n",
                "kind: Config\nusers:\n----------\n");
        assertShown("ab\ncd\n" + SECRET, "ab cd\nab\ncd\n");
    }

    @Test
    void linesThatOnlyLookLikeStructureAreMasked() {
        assertHidden("a\npassword: correcthorse", "password: correcthorse");
        assertHidden("a\n!@$%^&+|~", "!@$%^&+|~");
        assertHidden("a\nQUJDREVGR0hJSktMTU5PUA==", "QUJDREVGR0hJSktMTU5PUA==");
        assertHidden("a\nhttps://u:pw@host/", "https://u:pw@host/");
    }

    @Test
    void paddedAndUnpaddedBase64IsMasked() {
        assertHidden(SECRET, "czNjcjN0dmFsdWU=");
        assertHidden(SECRET, "czNjcjN0dmFsdWU");
    }

    @Test
    void base64OfTheValueAndALineEndIsMasked() {
        assertHidden(SECRET, "czNjcjN0dmFsdWUK");
        assertHidden(SECRET + "\n", "czNjcjN0dmFsdWUK");
        assertHidden(
                "s3cr3tvalu", Base64.getEncoder().encodeToString("s3cr3tvalu\n".getBytes(UTF_8)));
    }

    @Test
    void base64UrlIsMasked() {
        String value = "\u00fb\u00ff\u00fe key \u00fb\u00ff";
        assertThat(mask(value, "-__-IGtleSD7_w\n")).isEqualTo("[MASKED]\n");
        assertThat(mask(value, "+//+IGtleSD7/w==\n")).isEqualTo("[MASKED]\n");
    }

    /** What the neighbours co-determine may stay: one character at each side. */
    @Test
    void base64OfAnythingAroundTheValueShowsNoPieceOfIt() {
        Random random = new Random(5);
        for (int run = 0; run < 3000; run++) {
            String value = LogMaskerTest.letters(6 + random.nextInt(20), run);
            String before = LogMaskerTest.letters(random.nextInt(8), run + 1);
            String after = LogMaskerTest.letters(random.nextInt(8), run + 2);
            byte[] whole = (before + value + after).getBytes(ISO_8859_1);
            String encoded =
                    (run % 2 == 0 ? Base64.getEncoder() : Base64.getUrlEncoder())
                            .encodeToString(whole);
            int first = before.length() * 8 / 6;
            int last = ((before.length() + value.length()) * 8 + 5) / 6;
            String masked = mask(value, encoded);
            assertThat(masked)
                    .as("run %s: base64 of %s %s %s is %s", run, before, value, after, encoded)
                    .contains(LogMasker.MARK);
            int mark = masked.indexOf(LogMasker.MARK);
            assertThat(mark).as("shown before, run %s", run).isBetween(first, first + 1);
            assertThat(encoded.length() - (masked.length() - mark - LogMasker.MARK.length()))
                    .as("hidden up to, run %s", run)
                    .isBetween(last - 1, encoded.length());
        }
    }

    @Test
    void hexIsMaskedInBothCases() {
        assertHidden(SECRET, "73336372337476616c7565");
        assertHidden(SECRET, "73336372337476616C7565");
        assertHidden("\0\u00ff\1\2\3\4", HexFormat.of().formatHex(new byte[] {0, -1, 1, 2, 3, 4}));
    }

    @Test
    void percentEncodingIsMaskedInBothCases() {
        assertHidden("p@ss/w:rd+1", "p%40ss%2Fw%3Ard%2B1");
        assertHidden("p@ss/w:rd+1", "p%40ss%2fw%3ard%2b1");
        assertHidden("p@ss/w:rd+1", "p%40ss/w%3Ard%2B1");
        assertHidden("p@ss/w:rd+1", "p@ss%2Fw:rd+1");
    }

    @Test
    void formEncodingIsMasked() {
        assertThat(mask("my pass word&1", "q=my+pass+word%261\n")).isEqualTo("q=[MASKED]\n");
        String value = "a+b c~d*e(f)\u00e4";
        assertHidden(value, URLEncoder.encode(value, ISO_8859_1));
    }

    @Test
    void jsonEscapesAreMasked() {
        String value = "pa\"ss\\w/<rd>";
        assertHidden(value, "pa\\\"ss\\\\w/<rd>");
        assertHidden(value, "pa\\\"ss\\\\w\\/<rd>");
        assertHidden(value, "pa\\\"ss\\\\w/\\u003crd\\u003e");
        assertHidden(value, "pa\\u0022ss\\\\w/\\u003Crd\\u003E");
        assertThat(mask(TWO_LINES, "{\"k\":\"line-one-abc\\nline-two-def\"}\n"))
                .isEqualTo("{\"k\":\"[MASKED]\"}\n");
        assertHidden("tab\there\u0001\n\"x\"", "tab\\there\\u0001\\n\\\"x\\\"");
    }

    @Test
    void jsonInsideJsonIsMasked() {
        assertThat(mask("pa\"ss\\word", "\"{\\\"a\\\":\\\"pa\\\\\\\"ss\\\\\\\\word\\\"}\"\n"))
                .isEqualTo("\"{\\\"a\\\":\\\"[MASKED]\\\"}\"\n");
    }

    @Test
    void jsonInAsciiIsMasked() {
        String value = new String("pässwörd😀".getBytes(UTF_8), ISO_8859_1);
        assertHidden(value, "p\\u00e4ssw\\u00f6rd\\ud83d\\ude00");
        assertHidden(value, "p\\u00E4ssw\\u00F6rd\\uD83D\\uDE00");
    }

    @Test
    void entitiesAreMasked() {
        String value = "a<b>&\"quot'";
        assertHidden(value, "a&lt;b&gt;&amp;\"quot'");
        assertHidden(value, "a&lt;b&gt;&amp;&quot;quot'");
        assertHidden(value, "a&lt;b&gt;&amp;&quot;quot&apos;");
        assertHidden(value, "a&lt;b&gt;&amp;&#34;quot&#39;");
        assertHidden(value, "a&lt;b&gt;&amp;&quot;quot&#x27;");
    }

    @Test
    void shellQuotesAreMasked() {
        assertThat(
                        mask(
                                "it's a $ecret",
                                "'it'\\''s a $ecret' it\\'s\\ a\\ \\$ecret \"it's a \\$ecret\"\n"))
                .isEqualTo("'[MASKED]' [MASKED] \"[MASKED]\"\n");
        assertHidden("it's a $ecret", "it'\"'\"'s a $ecret");
        assertHidden("it's a $ecret", "it's a $$ecret");
        assertHidden(TWO_LINES + "\t'", "line-one-abc\\nline-two-def\\t\\'");
        assertHidden("\u0001\u00e4 value", "\\001\\344 value");
        assertHidden("\u0001\u00e4 value", "\\001\u00e4 value");
    }

    @Test
    void metacharactersOfReplacementsAreLiteral() {
        assertHidden("a$1\\b  c$2", "a$1\\b c$2");
    }

    @Test
    void formsTooShortToBeMaskedAreLeftOut() {
        assertShown("a         b", "a b\n");
    }

    @Test
    void noFormIsEmptyOrGivenTwice() {
        assertThat(
                        SecretVariants.of(
                                "S", new SecretValue(KEY_FILE.getBytes(UTF_8)), Masking.STANDARD))
                .allSatisfy(p -> assertThat(p.bytes().length).isGreaterThanOrEqualTo(6))
                .extracting(p -> new String(p.bytes(), ISO_8859_1))
                .doesNotHaveDuplicates();
    }

    @Test
    void anyBytesCanBeAValue() {
        Random random = new Random(9);
        for (int run = 0; run < 300; run++) {
            byte[] bytes = new byte[6 + random.nextInt(60)];
            random.nextBytes(bytes);
            bytes[0] = 'x';
            bytes[bytes.length - 1] = 'y';
            String value = new String(bytes, ISO_8859_1);
            assertHidden(value, value);
            assertHidden(value, HexFormat.of().formatHex(bytes));
            assertHidden(value, Base64.getEncoder().encodeToString(bytes));
        }
    }

    @Test
    void valueWithAZeroByteHasNoTextForms() {
        String value = "line-one-abc\nline-two-\0def";
        assertHidden(value, value);
        assertHidden(value, "line-one-abc%0Aline-two-%00def");
        assertShown(value, "line-one-abc\n");
        assertThat(
                        SecretVariants.of(
                                "S", new SecretValue(value.getBytes(ISO_8859_1)), Masking.STANDARD))
                .extracting(SecretPattern::variant)
                .containsOnly(Variant.EXACT, Variant.BASE64, Variant.HEX, Variant.PERCENT);
    }

    @Test
    void longestBinaryValueMakesAnAutomatonThatFitsTheHeap() {
        byte[] bytes = new byte[Maskability.LONGEST_BYTES];
        new Random(1).nextBytes(bytes);
        List<SecretPattern> forms =
                SecretVariants.of("S", new SecretValue(bytes), Masking.STANDARD);
        // 17 bytes for each state, so about 70 MB.
        assertThat(SecretPatterns.none().with(forms).states()).isLessThan(4_000_000);
    }

    @Test
    void patternsPrintNothingOfTheValue() {
        assertThat(
                        SecretVariants.of(
                                        "S",
                                        new SecretValue(SECRET.getBytes(UTF_8)),
                                        Masking.STANDARD)
                                .toString())
                .contains("BASE64")
                .doesNotContain(SECRET)
                .doesNotContain("czNj");
        assertThat(patterns(SECRET).toString()).doesNotContain(SECRET);
        assertThat(new PlainForms(SECRET.getBytes(UTF_8)).toString()).doesNotContain(SECRET);
    }
}
