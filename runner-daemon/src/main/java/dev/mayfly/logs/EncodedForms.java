package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.Base64;
import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What encoders make of a value. Strings hold one byte in each character, both the value and its
 * forms.
 */
final class EncodedForms {

    private static final String SHORT_JSON = "\b\f\n\r\t\"\\";
    private static final String SHORT_JSON_NAMES = "bfnrt\"\\";
    private static final String SHORT_ANSI = "\u0007\b\u001B\f\n\r\t\u000B\\'";
    private static final String SHORT_ANSI_NAMES = "abEfnrtv\\'";

    private EncodedForms() {}

    /**
     * Base64 of the value behind nothing, one or two bytes (and so behind any number), in both
     * alphabets. For each place: the characters that only the value determines; the same with what
     * the encoder adds when the value is the end, padded and unpadded.
     */
    static Set<String> base64(String value) {
        Set<String> forms = new LinkedHashSet<>();
        for (int before = 0; before < 3; before++) {
            byte[] bytes = ("\0".repeat(before) + value).getBytes(ISO_8859_1);
            int first = (8 * before + 5) / 6;
            int determined = 8 * bytes.length / 6;
            for (Base64.Encoder encoder : List.of(Base64.getEncoder(), Base64.getUrlEncoder())) {
                String padded = encoder.encodeToString(bytes);
                String unpadded = encoder.withoutPadding().encodeToString(bytes);
                forms.add(padded.substring(first, determined));
                forms.add(unpadded.substring(first));
                forms.add(padded.substring(first));
            }
        }
        return forms;
    }

    static Set<String> hex(String value) {
        byte[] bytes = value.getBytes(ISO_8859_1);
        Set<String> forms = new LinkedHashSet<>(); // Set.of would print a repeated form
        forms.add(HexFormat.of().formatHex(bytes));
        forms.add(HexFormat.of().withUpperCase().formatHex(bytes));
        return forms;
    }

    /** As common encoders do it; they differ in which characters they leave alone. */
    static Set<String> percent(String value) {
        Set<String> forms = new LinkedHashSet<>();
        for (HexFormat hex : List.of(HexFormat.of().withUpperCase(), HexFormat.of())) {
            forms.add(percent(value, "-._~", hex)); // RFC 3986, Python quote(safe=""), curl
            forms.add(percent(value, "-._~/", hex)); // Python quote
            forms.add(percent(value, "-._~$&+:=@", hex)); // Go PathEscape
            forms.add(percent(value, "-_.!~*'()", hex)); // JavaScript encodeURIComponent
            forms.add(percent(value, "-_.!~*'();/?:@&=+$,#", hex)); // JavaScript encodeURI
            forms.add(plusForBlank(percent(value, "-._~ ", hex))); // Go, Python quote_plus
            forms.add(plusForBlank(percent(value, "-._* ", hex))); // HTML forms, Java URLEncoder
        }
        return forms;
    }

    private static String percent(String value, String kept, HexFormat hex) {
        return escape(
                value,
                c ->
                        isLetterOrDigit(c) || kept.indexOf(c) >= 0
                                ? null
                                : "%" + hex.toHexDigits((byte) c));
    }

    /** For text in which no plus of the value is left. */
    private static String plusForBlank(String encoded) {
        return encoded.replace(' ', '+');
    }

    /** As common encoders do it; they differ in what they escape beyond what they must. */
    static Set<String> json(String value) {
        HexFormat lower = HexFormat.of();
        HexFormat upper = HexFormat.of().withUpperCase();
        String plain = json(value, "", lower);
        String ascii = asciiOnly(plain, lower);
        Set<String> forms = new LinkedHashSet<>();
        forms.add(plain);
        forms.add(json(value, "", upper));
        forms.add(plain.replace("/", "\\/")); // JavaScript inside HTML, older JSON libraries
        forms.add(json(value, "<>&", lower)); // Go
        forms.add(json(value, "<>&='", lower)); // Gson
        forms.add(ascii); // Python
        forms.add(ascii.replace("/", "\\/")); // PHP
        forms.add(asciiOnly(json(value, "\"&'+<>`", upper), upper)); // .NET
        forms.add(json(plain, "", lower)); // a JSON string inside a JSON string
        return forms;
    }

    private static String json(String value, String byNumber, HexFormat hex) {
        return escape(
                value,
                c -> {
                    int known = SHORT_JSON.indexOf(c);
                    if (byNumber.indexOf(c) >= 0 || (c < ' ' && known < 0)) {
                        return "\\u" + hex.toHexDigits((char) c);
                    }
                    return known < 0 ? null : "\\" + SHORT_JSON_NAMES.charAt(known);
                });
    }

    /** Numbers every character beyond ASCII; a value that is not UTF-8 stays as it is. */
    private static String asciiOnly(String latin1, HexFormat hex) {
        try {
            CharSequence text =
                    UTF_8.newDecoder().decode(ByteBuffer.wrap(latin1.getBytes(ISO_8859_1)));
            return escape(
                    text.toString(), c -> c < 0x80 ? null : "\\u" + hex.toHexDigits((char) c));
        } catch (CharacterCodingException notText) {
            return latin1;
        }
    }

    /** For text, for attributes, and as common libraries do it for both at once. */
    static Set<String> markup(String value) {
        Map<Character, String> text = Map.of('&', "&amp;", '<', "&lt;", '>', "&gt;");
        Set<String> forms = new LinkedHashSet<>();
        forms.add(escape(value, text, Map.of()));
        forms.add(escape(value, text, Map.of('"', "&quot;")));
        forms.add(escape(value, text, Map.of('"', "&quot;", '\n', "&#10;", '\r', "&#13;")));
        forms.add(escape(value, text, Map.of('"', "&quot;", '\'', "&apos;")));
        forms.add(escape(value, text, Map.of('"', "&quot;", '\'', "&#39;")));
        forms.add(escape(value, text, Map.of('"', "&quot;", '\'', "&#039;"))); // PHP
        forms.add(escape(value, text, Map.of('"', "&quot;", '\'', "&#x27;"))); // Python
        forms.add(escape(value, text, Map.of('"', "&#34;", '\'', "&#39;"))); // Go
        return forms;
    }

    /** The inside of each kind of quotes, and none. */
    static Set<String> shell(String value) {
        Set<String> forms = new LinkedHashSet<>();
        forms.add(value.replace("'", "'\\''")); // bash
        forms.add(value.replace("'", "'\"'\"'")); // dash, Python shlex.quote
        forms.add(behindBackslash(value, "\\\"$`"));
        forms.add(behindBackslash(value, " \t\\\"'$`|&;()<>!{}[]*?^")); // bash %q
        forms.add(behindBackslash(value, " \t\\\"'$`|&;()<>!{}[]*?^,")); // bash %q since 5.0
        forms.add(ansiQuoted(value, 0x100));
        forms.add(ansiQuoted(value, 0x80)); // in the C locale
        forms.add(value.replace("$", "$$")); // make, Compose files
        return forms;
    }

    private static String behindBackslash(String value, String special) {
        return escape(value, c -> special.indexOf(c) >= 0 ? "\\" + (char) c : null);
    }

    /** The inside of {@code $'...'}. */
    private static String ansiQuoted(String value, int firstInOctal) {
        return escape(
                value,
                c -> {
                    int known = SHORT_ANSI.indexOf(c);
                    if (known >= 0) {
                        return "\\" + SHORT_ANSI_NAMES.charAt(known);
                    }
                    return c < ' ' || c == 0x7F || c >= firstInOctal ? "\\%03o".formatted(c) : null;
                });
    }

    private static boolean isLetterOrDigit(int c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }

    private static String escape(
            String value, Map<Character, String> escapes, Map<Character, String> more) {
        return escape(
                value, c -> escapes.getOrDefault((char) c, more.getOrDefault((char) c, null)));
    }

    /**
     * Escapes what must be.
     *
     * @param escapes what to write for a character, or null for the character itself
     */
    private static String escape(String value, IntFunction<@Nullable String> escapes) {
        StringBuilder escaped = new StringBuilder(value.length() + 16);
        for (int i = 0; i < value.length(); i++) {
            char c = value.charAt(i);
            String escape = escapes.apply(c);
            if (escape == null) {
                escaped.append(c);
            } else {
                escaped.append(escape);
            }
        }
        return escaped.toString();
    }
}
