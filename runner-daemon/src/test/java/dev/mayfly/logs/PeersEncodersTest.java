package dev.mayfly.logs;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.util.Base64;
import org.junit.jupiter.api.Test;

/** The forms that other runners look for, with the values of their own tests where they tell. */
class PeersEncodersTest {

    private static String mask(String value, String text) {
        return new MaskedStream(SecretVariantsTest.patterns(value)).write(text).finish();
    }

    private static void assertHidden(String value, String form) {
        assertThat(mask(value, "<" + form + ">\n")).isEqualTo("<[MASKED]>\n");
    }

    @Test
    void encodersThatGitHubRegistersAreCovered() {
        String inner = "alpha beta&+gamma<delta>";
        String value = "\"" + inner + "\"";
        assertHidden(value, "\\\"" + inner + "\\\"");
        assertHidden(value, "%22alpha%20beta%26%2Bgamma%3Cdelta%3E%22");
        assertHidden(value, "&quot;alpha beta&amp;+gamma&lt;delta&gt;&quot;");
        assertHidden(
                value, Base64.getEncoder().encodeToString(value.getBytes(StandardCharsets.UTF_8)));
        assertHidden(value, inner); // the quotes are taken off
        assertHidden(value, "\"alpha beta&+");
        assertHidden(value, "amma<delta>\"");
        assertHidden("it's enough", "it''s enough");
    }

    /** GitHub: sections of a command, which PowerShell's errors print one by one. */
    @Test
    void sectionsAroundAnAmpersandAreMasked() {
        assertThat(mask("abcdef&", "abcdef&\n")).isEqualTo("[MASKED]\n");
        assertThat(mask("abcdef&+ghijkl", "abcdef&+\nhijkl\n")).isEqualTo("[MASKED]\nhijkl\n");
        assertThat(mask("abcdef&+ghijklm", "x hijklm y")).isEqualTo("x [MASKED] y");
        assertThat(mask("abc&def&", "abc&def&\n")).isEqualTo("[MASKED]\n");
        // The value with a line end in between, so hidden as one.
        assertThat(mask("abc&def&ghijkl", "abc&def&\nghijkl\n")).isEqualTo("[MASKED]\n");
        assertThat(mask("ab&cd&+efgh", "ab&\nfgh\n")).isEqualTo("ab&\nfgh\n");
    }

    @Test
    void sectionsWithoutContentOfTheirOwnAreShown() {
        String hook = "https://chat.example.com/h/9fK2mQ7xTz?wait=true&thread=main";
        String text = "other?wait=true&thread=main thread=main\n";
        assertThat(mask(hook, text)).isEqualTo(text);
        assertThat(mask("a=1&wait=true&token=9fK2mQ7xTz", "a=1&wait=true&\n"))
                .isEqualTo("a=1&wait=true&\n");
        assertThat(mask(hook, "https://chat.example.com/h/9fK2mQ7xTz?wait=true&\n"))
                .isEqualTo("[MASKED]\n");
    }

    /** GitHub's #326: the base64 of one letter masked every Y. */
    @Test
    void encodedFormsOfShortValuesAreNotShort() {
        assertThat(mask("abcdef", "Y YW ab YWI YWJj ZGVm\n")).isEqualTo("Y YW ab YWI YWJj ZGVm\n");
    }

    @Test
    void encodersThatJenkinsRegistersAreCovered() {
        assertHidden("it''s ok", "it'\"''\"'s ok"); // Almquist shell, quotes between one pair
        assertHidden("it''s ok", "it'\\'''\\''s ok");
        assertHidden("back\\slash\\\\es", "backslash\\es"); // a shell has read it
        assertHidden("care^t and ^^", "caret and ^"); // cmd has read it
        assertHidden("a$$b$cdef", "a$$$$b$$cdef");
        // Base64 without its last, incomplete character and the padding.
        assertHidden("s3cr3tvalue", "czNjcjN0dmFsdW");
        assertHidden("s3cr3tvalue", "MzY3IzdHZhbHVl"); // shifted by one
        assertHidden("s3cr3tvalue", "zM2NyM3R2YWx1ZQ=="); // shifted by two
    }

    /** Buildkite also registers what Go's %q makes of a value. */
    @Test
    void quotedAsGoDoesIsMasked() {
        assertHidden("tab\there \"q\" \u0007", "tab\\there \\\"q\\\" \\a");
        assertHidden("line-one-abc\nline-two-def", "line-one-abc\\nline-two-def");
    }

    /** Buildkite's key has a line too short to be masked alone, so only the whole is. */
    @Test
    void keyIsMaskedWithAnyLineEnds() {
        String key =
                "-----BEGIN OPENSSH PRIVATE KEY-----\nasdf\n-----END OPENSSH PRIVATE KEY-----\n";
        assertThat(mask(key, "lalalala\n" + key + "lalalala\n"))
                .isEqualTo("lalalala\n[MASKED]\nlalalala\n");
        assertThat(mask(key, "lalalala\r\n" + key.replace("\n", "\r\n") + "lalalala\r\n"))
                .isEqualTo("lalalala\r\n[MASKED]\r\nlalalala\r\n");
        assertThat(mask(key, "lalalala " + key.strip().replace("\n", " ") + " lalalala\n"))
                .isEqualTo("lalalala [MASKED] lalalala\n");
    }

    /** As Drone, Woodpecker and Concourse test it: lines one by one, in any order. */
    @Test
    void linesOfAValueAreMaskedOneByOne() {
        String value = "first line\n second line\r\n\nthird line\n";
        assertThat(mask(value, "third line\nsecond line\nfirst line, first\n"))
                .isEqualTo("[MASKED]\n[MASKED]\n[MASKED], first\n");
        assertThat(mask(value, "+ echo first line\n")).isEqualTo("+ echo [MASKED]\n");
        // Concourse's #4656: an empty line masked between all characters.
        assertThat(mask(value, "a\n\n b\n")).isEqualTo("a\n\n b\n");
    }

    /** Woodpecker's #7103: each brace of the log was a mark. */
    @Test
    void structureOfAValueIsNotMasked() {
        String value = "{\n\"foo\": [\n\"barbarbar\"\n]\n}";
        String text = "[{description,\"x\"}]\n{}\n";
        assertThat(mask(value, text)).isEqualTo(text);
        assertThat(mask(value, value)).isEqualTo("[MASKED]");
        assertThat(mask(value, "is \"barbarbar\"")).isEqualTo("is \"barbarbar\"");
    }
}
