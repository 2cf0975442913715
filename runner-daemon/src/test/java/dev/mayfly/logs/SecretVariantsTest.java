package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.SecretValue;
import java.net.URLEncoder;
import java.nio.charset.Charset;
import java.util.Base64;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.stream.Collectors;
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

    static SecretPatterns patterns(String value) {
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
        assertHidden("p!w'rd?x:y", "p%21w%27rd?x:y"); // Go, as path and query
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
    void longestValuesMakeAutomatonsThatFitTheHeap() {
        for (int length : List.of(8 * 1024, Maskability.LONGEST_BYTES)) {
            byte[] bytes = new byte[length];
            new Random(1).nextBytes(bytes);
            // 17 bytes for each state, so below 70 MB.
            assertThat(states(bytes)).as("binary").isLessThan(4_000_000);
            for (int i = 0; i < bytes.length; i++) {
                bytes[i] = bytes[i] == 0 ? 1 : bytes[i];
            }
            assertThat(states(bytes)).as("text").isLessThan(4_000_000);
        }
    }

    private static int states(byte[] value) {
        return SecretPatterns.none()
                .with(SecretVariants.of("S", new SecretValue(value), Masking.STANDARD))
                .states();
    }

    /** A secret with the one kind of line ends, an encoder that was given the other. */
    @Test
    void rareFormsAreMaskedWithOtherLineEnds() {
        String crlf = TWO_LINES.replace("\n", "\r\n");
        for (String value : List.of(TWO_LINES, crlf, TWO_LINES.replace("\n", "\\n"))) {
            for (String given : List.of(TWO_LINES, crlf)) {
                String wide = new String(given.getBytes(UTF_16LE), ISO_8859_1);
                assertThat(mask(value, wide)).isEqualTo("[MASKED]\0");
                assertThat(mask(value, base64(wide))).matches("\\[MASKED]A=*");
                assertHidden(value, HexFormat.ofDelimiter(":").formatHex(given.getBytes(UTF_8)));
                assertHidden(value, base64(base64(given)));
                String twice = URLEncoder.encode(URLEncoder.encode(given, UTF_8), UTF_8);
                assertHidden(value, twice);
            }
        }
        assertHidden(TWO_LINES, "NRUW4ZJNN5XGKLLBMJRQ2CTMNFXGKLLUO5XS2ZDFMY======");
        assertHidden(crlf, "NRUW4ZJNN5XGKLLBMJRQU3DJNZSS25DXN4WWIZLG");
    }

    /** Of longer values only those with LF. */
    @Test
    void rareFormsOfLongerValuesAreMaskedWithLineFeeds() {
        String lf = KEY.strip();
        String wide = new String(lf.getBytes(UTF_16LE), ISO_8859_1);
        for (String value : List.of(lf, lf.replace("\n", "\r\n"), lf.replace("\n", "\\n"))) {
            assertThat(mask(value, wide)).isEqualTo("[MASKED]\0");
            assertHidden(value, base64(base64(lf)));
            String own = new String(value.getBytes(UTF_16LE), ISO_8859_1);
            assertThat(mask(value, own)).isEqualTo("[MASKED]\0");
        }
    }

    @Test
    void rarelySeparatedHexOfShortValuesIsMasked() {
        String value = "zk-\u007fZK?";
        assertHidden(value, "0x7a,0x6b,0x2d,0x7f,0x5a,0x4b,0x3f");
        assertHidden(value, "0x7a 0x6b 0x2d 0x7f 0x5a 0x4b 0x3f");
        assertHidden(value, "0X7A 0X6B 0X2D 0X7F 0X5A 0X4B 0X3F");
        assertHidden(value, "0X7A, 0X6B, 0X2D, 0X7F, 0X5A, 0X4B, 0X3F");
    }

    @Test
    void longValuesAreLookedForInFewerForms() {
        String value = LogMaskerTest.letters(200, 3) + " \"%\"";
        assertThat(mask(value, base64(base64(value)))).isEqualTo(LogMasker.MARK);
        assertHidden(value, HexFormat.of().formatHex(value.getBytes(ISO_8859_1)));
        assertShown(value, HexFormat.ofDelimiter(":").formatHex(value.getBytes(ISO_8859_1)));
        String longer = LogMaskerTest.letters(1100, 3) + " \"%\"";
        assertHidden(longer, URLEncoder.encode(longer, ISO_8859_1));
        assertThat(mask(longer, base64(base64(longer)))).isNotEqualTo(LogMasker.MARK);
        String longest = LogMaskerTest.letters(9000, 3) + " \"%\"";
        assertHidden(longest, longest);
        assertHidden(longest, longest.replace("\"", "\\\""));
        assertHidden(longest, base64(longest));
        assertThat(variantsOf(longest, Masking.STANDARD))
                .containsOnly(Variant.EXACT, Variant.BASE64, Variant.HEX, Variant.JSON);
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

    @Test
    void hexWithSeparatorsIsMasked() {
        assertHidden(SECRET, "73:33:63:72:33:74:76:61:6c:75:65");
        assertHidden(SECRET, "73:33:63:72:33:74:76:61:6C:75:65");
        assertHidden(SECRET, "73 33 63 72 33 74 76 61 6c 75 65");
        assertHidden(SECRET, "73-33-63-72-33-74-76-61-6C-75-65");
        assertHidden(SECRET, "\\x73\\x33\\x63\\x72\\x33\\x74\\x76\\x61\\x6c\\x75\\x65");
        assertHidden(SECRET, "0x73, 0x33, 0x63, 0x72, 0x33, 0x74, 0x76, 0x61, 0x6c, 0x75, 0x65");
        assertHidden(SECRET, "0x73, 0x33, 0x63, 0x72, 0x33, 0x74, 0x76, 0x61, 0x6C, 0x75, 0x65");
    }

    @Test
    void basicAuthenticationIsMaskedForAnyUser() {
        for (String user : List.of("", "u", "me", "git", "oauth2", "x-access-token", "AWS")) {
            String header = base64(user + ":" + SECRET);
            int before = user.length() + 1;
            assertThat(mask(SECRET, "Authorization: Basic " + header + "\n"))
                    .matches(
                            "Authorization: Basic [\\w+/]{%d,%d}\\[MASKED]\n"
                                    .formatted(before * 8 / 6, (before * 8 + 5) / 6));
        }
    }

    @Test
    void bearerTokensAndUrlCredentialsAreMasked() {
        assertThat(mask(SECRET, "Authorization: Bearer s3cr3tvalue\r\n"))
                .isEqualTo("Authorization: Bearer [MASKED]\r\n");
        assertThat(mask(SECRET, "https://u:s3cr3tvalue@h/x")).isEqualTo("https://u:[MASKED]@h/x");
        String value = "p@ss/w:rd+1!$&";
        // RFC 3986, Go, browsers and Node, encoders that trust nothing
        for (String userinfo :
                List.of(
                        "p%40ss%2Fw:rd+1!$&",
                        "p%40ss%2Fw%3Ard+1%21$&",
                        "p%40ss%2Fw%3Ard+1!$&",
                        "p%40ss%2Fw%3Ard%2B1%21%24%26")) {
            assertThat(mask(value, "https://u:" + userinfo + "@h/x"))
                    .isEqualTo("https://u:[MASKED]@h/x");
        }
    }

    @Test
    void percentEncodingTwiceIsMasked() {
        assertHidden("p@ss/w:rd+1", "p%2540ss%252Fw%253Ard%252B1");
        assertHidden("p@ss/w:rd+1", "p%2540ss%252fw%253ard%252b1");
        assertHidden("my pass&word", "my%2Bpass%2526word");
    }

    @Test
    void percentEncodedBase64IsMasked() {
        String value = "\u00fb\u00ff\u00fe key \u00fb\u00ff";
        assertHidden(value, "%2B%2F%2F%2BIGtleSD7%2Fw%3D%3D");
        assertHidden(value, "%2b%2f%2f%2bIGtleSD7%2fw%3d%3d");
        assertHidden(SECRET, "czNjcjN0dmFsdWU%3D");
    }

    /** A file of Docker in a secret of Kubernetes: both in each of their three places. */
    @Test
    void base64InsideBase64IsMasked() {
        assertHidden(SECRET, base64(base64(SECRET)));
        for (String user : List.of("me:", "you:", "them:")) {
            for (String host : List.of("a.io", "bb.io", "ccc.io")) {
                String auth = base64(user + SECRET);
                String file = "{\"auths\":{\"" + host + "\":{\"auth\":\"" + auth + "\"}}}";
                String masked = mask(SECRET, base64(file));
                assertThat(masked).as(user + host).contains(LogMasker.MARK);
                // The value's 11 bytes are 20 characters, the first and the last two in part.
                int hidden = base64(file).length() - masked.length() + LogMasker.MARK.length();
                assertThat(hidden).as(user + host).isBetween(15, 20);
            }
        }
    }

    @Test
    void utf16IsMaskedInBothByteOrders() {
        String value = new String("p\u00e4ss\u20ac w\u00f6rd".getBytes(UTF_8), ISO_8859_1);
        for (Charset order : List.of(UTF_16LE, UTF_16BE)) {
            String ascii = new String("<s3cr3tvalue>".getBytes(order), ISO_8859_1);
            assertThat(mask(SECRET, ascii).replace("\0", "")).isEqualTo("<[MASKED]>");
            String other = new String("<p\u00e4ss\u20ac w\u00f6rd>".getBytes(order), ISO_8859_1);
            assertThat(mask(value, other).replace("\0", "")).isEqualTo("<[MASKED]>");
        }
    }

    /** What {@code powershell -EncodedCommand} is given: base64 of UTF-16, little-endian. */
    @Test
    void encodedCommandIsMaskedWhereverTheValueStands() {
        for (String before : List.of("", "x", "xy", "Write-Host '")) {
            byte[] script = (before + SECRET + "'; exit").getBytes(UTF_16LE);
            String encoded = Base64.getEncoder().encodeToString(script);
            String masked = mask(SECRET, encoded);
            int first = before.length() * 2 * 8 / 6;
            assertThat(masked.indexOf(LogMasker.MARK)).isBetween(first, first + 1);
            assertThat(encoded.length() - masked.length() + LogMasker.MARK.length())
                    .isGreaterThanOrEqualTo(2 * SECRET.length() * 8 / 6 - 2);
        }
    }

    @Test
    void literalsOfProgrammingLanguagesAreMasked() {
        String value = "it's \"a\" b\\c";
        assertHidden(value, "it's \\\"a\\\" b\\\\c"); // Go, Java, Rust
        assertHidden(value, "it\\'s \"a\" b\\\\c"); // Python, JavaScript
        assertHidden(value, "it\\'s \\\"a\\\" b\\\\c"); // MySQL, PHP
        assertHidden(value, "it''s \"a\" b\\c"); // SQL, YAML
        assertHidden(value, "it's \"\"a\"\" b\\c"); // CSV
        assertHidden("esc\u001bape\u0001", "esc\\x1bape\\x01");
        assertHidden("esc\u001bape\u0001", "esc\\x1Bape\\x01");
        assertHidden("esc\u001bape\u0001", "esc\\u{1b}ape\\u{1}");
        String umlaut = new String("p\u00e4ssw\u00f6rd".getBytes(UTF_8), ISO_8859_1);
        assertHidden(umlaut, "p\\xe4ssw\\xf6rd");
        assertHidden(umlaut, "p\\xc3\\xa4ssw\\xc3\\xb6rd");
        assertHidden(umlaut, "p\\u{e4}ssw\\u{f6}rd");
    }

    @Test
    void numberedAndNamedEntitiesAreMasked() {
        String value = "a<b>&\"quot'";
        assertHidden(value, "a&#60;b&#62;&#38;&#34;quot&#39;");
        assertHidden(value, "a&#x3C;b&#x3E;&#x26;&#x22;quot&#x27;");
        String umlaut = new String("p\u00e4ssw\u00f6rd".getBytes(UTF_8), ISO_8859_1);
        assertHidden(umlaut, "p&auml;ssw&ouml;rd");
        assertHidden(umlaut, "p&#228;ssw&#246;rd");
        assertHidden(umlaut, "p&#xE4;ssw&#xF6;rd");
    }

    @Test
    void jsonInsideHtmlIsMasked() {
        assertHidden("pa\"ss<w", "pa\\&quot;ss&lt;w");
        assertHidden("pa\"ss<w", "pa\\&#34;ss&lt;w");
    }

    @Test
    void powerShellAndCmdQuotesAreMasked() {
        String value = "it's $a \"b\" `c` 50% & d^e";
        assertHidden(value, "it''s $a \"b\" `c` 50% & d^e");
        assertHidden(value, "it's $a \"\"b\"\" `c` 50% & d^e");
        assertHidden(value, "it's `$a `\"b`\" ``c`` 50% & d^e");
        assertHidden(value, "it's $a \"b\" `c` 50%% & d^e");
        assertHidden(value, "it's $a \"b\" `c` 50% ^& d^^e");
        assertHidden(value, "it's $a \"b\" `c` 50%% ^& d^^e");
        assertHidden(TWO_LINES, "line-one-abc`nline-two-def");
    }

    @Test
    void eachVariantCanBeSwitchedOff() {
        for (Variant variant : Variant.values()) {
            assertThat(variantsOf(EVERYTHING, Masking.STANDARD)).contains(variant);
            Masking without = Masking.STANDARD.without(variant);
            if (variant == Variant.EXACT) {
                assertThat(variantsOf(EVERYTHING, without)).contains(variant);
            } else {
                assertThat(variantsOf(EVERYTHING, without)).doesNotContain(variant);
            }
        }
        Masking exact = new Masking(6, Set.of(), false, TokenShapes.none());
        assertThat(variantsOf(EVERYTHING, exact)).containsOnly(Variant.EXACT);
    }

    @Test
    void shortValuesAreMaskedWhenThePoolSaysSo() {
        Masking four = new Masking(4, EnumSet.allOf(Variant.class), false, TokenShapes.none());
        List<SecretPattern> forms =
                SecretVariants.of("S", new SecretValue(" x7!k ".getBytes(UTF_8)), four);
        SecretPatterns patterns = SecretPatterns.none().with(forms);
        assertThat(new MaskedStream(patterns).write("is x7!k, 207837216b20 eDchaw==").finish())
                .isEqualTo("is [MASKED], [MASKED] [MASKED]");
        assertThat(forms)
                .filteredOn(p -> p.bytes().length < 6)
                .extracting(SecretPattern::variant)
                .containsOnly(Variant.TRIMMED);
    }

    /** Sets what an automaton costs; {@link FormsCost} measures it by variant. */
    @Test
    void formsOfOrdinarySecretsAreFew() {
        List<String> values = BenchmarkSecrets.values(100);
        List<SecretPattern> all = BenchmarkSecrets.forms(values, Masking.STANDARD);
        assertThat(BenchmarkSecrets.forms(values.subList(0, 1), Masking.STANDARD))
                .hasSizeLessThanOrEqualTo(40);
        assertThat(all).hasSizeLessThan(5_000);
        // 17 bytes for each state, so below 6.8 MB.
        assertThat(SecretPatterns.none().with(all).states()).isLessThan(400_000);
    }

    /** Makes a form of its own in each variant. */
    private static final String EVERYTHING = " line-one-'a\"<$`%&+/\u0001\nline-two-def \u00ff";

    private static Set<Variant> variantsOf(String value, Masking masking) {
        return SecretVariants.of("S", new SecretValue(value.getBytes(UTF_8)), masking).stream()
                .map(SecretPattern::variant)
                .collect(Collectors.toSet());
    }

    private static String base64(String text) {
        return Base64.getEncoder().encodeToString(text.getBytes(ISO_8859_1));
    }
}
