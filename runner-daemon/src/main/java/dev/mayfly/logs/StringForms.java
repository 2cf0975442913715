package dev.mayfly.logs;

import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The inside of a string as languages write it; they differ in the quotes, in how they number
 * control characters, and in whether they keep what is beyond ASCII. Strings hold one byte in each
 * character.
 */
final class StringForms {

    private static final HexFormat LOWER = HexFormat.of();
    private static final HexFormat UPPER = HexFormat.of().withUpperCase();

    private static final String JSON = "\b\f\n\r\t\"\\";
    private static final String JSON_NAMES = "bfnrt\"\\";
    private static final Escapes JSON_PLAIN = json("", LOWER);
    private static final Escapes JSON_NET = json("\"&'+<>`", UPPER);
    private static final Escapes SLASH = Escapes.behind("\\", "/");

    /** Python, jq. */
    private static final Escapes JSON_DELETE = json("\u007F", LOWER);

    private static final Escapes JSON_UPPER = json("", UPPER);

    private static final List<Escapes> JSON_OTHERS =
            List.of(
                    JSON_DELETE,
                    JSON_UPPER,
                    json("<>&", LOWER), // Go
                    json("<>&='", LOWER)); // Gson

    /** Go, and others that name all of C's control characters. */
    private static final Escapes GO =
            literal("\u0007\b\f\n\r\t\u000B\"\\", "abfnrtv\"\\", "\\x", LOWER);

    private static final Escapes RUBY =
            new Escapes(b -> {
                String named = rubyName(b);
                return named == null && isControl(b) ? "\\u" + UPPER.toHexDigits((char) b) : named;
            });

    /** Ruby's {@code dump}, and its {@code inspect} of bytes. */
    private static final Escapes RUBY_BYTES =
            new Escapes(b -> {
                String named = rubyName(b);
                return named == null && isControl(b) ? "\\x" + UPPER.toHexDigits((byte) b) : named;
            });

    private static final Pattern RUBY_INSERTION = Pattern.compile("#(?=[{$@])");

    private static final Escapes PYTHON = literal("\n\r\t\\", "nrt\\", "\\x", LOWER);
    private static final Escapes PYTHON_APOSTROPHE = literal("\n\r\t\\'", "nrt\\'", "\\x", LOWER);
    private static final Escapes NODE = literal("\b\f\n\r\t\\", "bfnrt\\", "\\x", UPPER);
    private static final Escapes NODE_APOSTROPHE =
            literal("\b\f\n\r\t\\'", "bfnrt\\'", "\\x", UPPER);

    /** Rust's escape_default, MySQL, PHP's addslashes. */
    private static final Escapes BOTH_QUOTES =
            new Escapes(b -> {
                int known = "\n\r\t\"'\\".indexOf(b);
                if (known >= 0) {
                    return "\\" + "nrt\"'\\".charAt(known);
                }
                return isControl(b) ? "\\u{%x}".formatted(b) : null;
            });

    /** Rust's Debug; what it leaves alone in strings differs from escape_default in quotes. */
    private static final Escapes RUST = new Escapes(b -> b == '\'' ? null : BOTH_QUOTES.of(b));

    private static final Escapes BYTES_BEYOND_ASCII =
            new Escapes(b -> b < 0x80 ? null : "\\x" + LOWER.toHexDigits((byte) b));

    private static final Escapes UPPER_BYTES_BEYOND_ASCII =
            new Escapes(b -> b < 0x80 ? null : "\\x" + UPPER.toHexDigits((byte) b));

    /** Go's {@code template.JSEscapeString}. */
    private static final Escapes GO_TEMPLATE =
            new Escapes(b -> {
                if ("\"'\\".indexOf(b) >= 0) {
                    return "\\" + (char) b;
                }
                return b < ' ' || "<>&=".indexOf(b) >= 0
                        ? "\\u" + UPPER.toHexDigits((char) b)
                        : null;
            });

    private static final Escapes APOSTROPHES = Escapes.doubled("'");
    private static final Escapes QUOTES = Escapes.doubled("\"");

    private StringForms() {}

    /** As common encoders do it; they differ in what they escape beyond what they must. */
    static Set<String> json(String value) {
        String plain = JSON_PLAIN.in(value);
        String ascii = Escapes.beyondAscii(JSON_DELETE.in(value), c -> unicode(c, LOWER));
        Set<String> forms = new LinkedHashSet<>();
        forms.add(plain);
        JSON_OTHERS.forEach(escapes -> forms.add(escapes.in(value)));
        forms.add(SLASH.in(plain)); // JavaScript inside HTML, older JSON libraries
        forms.add(ascii); // Python
        forms.add(SLASH.in(ascii)); // PHP
        forms.add(Escapes.beyondAscii(JSON_NET.in(value), c -> unicode(c, UPPER)));
        forms.add(JSON_PLAIN.in(plain)); // a JSON string inside a JSON string
        forms.add(JSON_PLAIN.in(ascii));
        forms.add(JSON_PLAIN.in(JSON_UPPER.in(value)));
        return forms;
    }

    /** The plainest of JSON's forms. */
    static String plainJson(String value) {
        return JSON_PLAIN.in(value);
    }

    /** As Go, Python, JavaScript, Rust and SQL print strings. */
    static Set<String> literals(String value) {
        Set<String> forms = new LinkedHashSet<>();
        forms.add(GO.in(value));
        forms.add(Escapes.beyondAscii(GO.in(value), StringForms::longUnicode)); // Go %+q
        for (Escapes python : List.of(PYTHON, PYTHON_APOSTROPHE)) {
            String repr = python.in(value);
            forms.add(repr);
            forms.add(BYTES_BEYOND_ASCII.in(repr)); // of bytes
            forms.add(Escapes.beyondAscii(repr, StringForms::pythonUnicode));
        }
        addRuby(forms, value);
        forms.add(GO_TEMPLATE.in(value));
        forms.add(NODE.in(value));
        forms.add(NODE_APOSTROPHE.in(value));
        forms.add(RUST.in(value));
        String both = BOTH_QUOTES.in(value);
        forms.add(both);
        forms.add(Escapes.beyondAscii(both, "\\u{%x}"::formatted));
        forms.add(APOSTROPHES.in(value)); // SQL, YAML
        forms.add(QUOTES.in(value)); // CSV
        return forms;
    }

    private static void addRuby(Set<String> forms, String value) {
        for (Escapes ruby : List.of(RUBY, RUBY_BYTES)) {
            String text = RUBY_INSERTION.matcher(ruby.in(value)).replaceAll("\\\\#");
            forms.add(text);
            forms.add(Escapes.beyondAscii(text, StringForms::rubyUnicode));
            forms.add(UPPER_BYTES_BEYOND_ASCII.in(text));
        }
        forms.add(Escapes.beyondAscii(RUBY_BYTES.in(value), StringForms::yamlUnicode));
    }

    private static @Nullable String rubyName(int b) {
        int known = "\u0007\b\u001B\f\n\r\t\u000B\"\\".indexOf(b);
        return known < 0 ? null : "\\" + "abefnrtv\"\\".charAt(known);
    }

    private static Escapes json(String byNumber, HexFormat hex) {
        return new Escapes(b -> {
            int known = JSON.indexOf(b);
            if (byNumber.indexOf(b) >= 0 || (b < ' ' && known < 0)) {
                return "\\u" + hex.toHexDigits((char) b);
            }
            return known < 0 ? null : "\\" + JSON_NAMES.charAt(known);
        });
    }

    private static Escapes literal(String known, String names, String prefix, HexFormat hex) {
        return new Escapes(b -> {
            int named = known.indexOf(b);
            if (named >= 0) {
                return "\\" + names.charAt(named);
            }
            return isControl(b) ? prefix + hex.toHexDigits((byte) b) : null;
        });
    }

    private static boolean isControl(int b) {
        return b < ' ' || b == 0x7F;
    }

    /** As two units where one is not enough. */
    private static String unicode(int codePoint, HexFormat hex) {
        StringBuilder units = new StringBuilder();
        for (char unit : Character.toChars(codePoint)) {
            units.append("\\u").append(hex.toHexDigits(unit));
        }
        return units.toString();
    }

    private static String longUnicode(int codePoint) {
        return (codePoint < 0x10000 ? "\\u%04x" : "\\U%08x").formatted(codePoint);
    }

    private static String rubyUnicode(int codePoint) {
        return (codePoint < 0x10000 ? "\\u%04X" : "\\u{%X}").formatted(codePoint);
    }

    /** As PyYAML does. */
    private static String yamlUnicode(int codePoint) {
        String format = codePoint < 0x100 ? "\\x%02X" : codePoint < 0x10000 ? "\\u%04X" : "\\U%08X";
        return format.formatted(codePoint);
    }

    private static String pythonUnicode(int codePoint) {
        return codePoint < 0x100 ? "\\x%02x".formatted(codePoint) : longUnicode(codePoint);
    }
}
