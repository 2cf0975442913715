package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * The inside of each kind of a shell's quotes, and none. Strings hold one byte in each character.
 */
final class ShellForms {

    private static final String SHORT_ANSI = "\u0007\b\u001B\f\n\r\t\u000B\\'";
    private static final String SHORT_ANSI_NAMES = "abEfnrtv\\'";

    /** What bash's {@code printf %q} puts a backslash before. */
    private static final String SPECIAL = " \t\\\"'$`|&;()<>!{}[]*?^";

    private static final List<Escapes> UNIX =
            List.of(
                    new Escapes(b -> b == '\'' ? "'\\''" : null), // bash
                    new Escapes(b -> b == '\'' ? "'\"'\"'" : null), // dash, Python shlex.quote
                    Escapes.behind("\\", "\\\"$`"),
                    Escapes.behind("\\", "\""), // a command line of Windows
                    Escapes.behind("\\", SPECIAL),
                    Escapes.behind("\\", SPECIAL + ","), // since bash 5.0
                    ansiQuoted(0x100),
                    ansiQuoted(0x80), // in the C locale
                    Escapes.doubled("$")); // make, Compose files

    /** Ruby's Shellwords, which trusts few characters. */
    private static final Escapes RUBY =
            new Escapes(b -> {
                if (b == '\n') {
                    return "'\n'";
                }
                boolean trusted = Character.isLetterOrDigit(b) || "_-.,:+/@".indexOf(b) >= 0;
                return trusted || b >= 0x80 ? null : "\\" + (char) b;
            });

    private static final Pattern APOSTROPHES = Pattern.compile("'+");
    private static final Pattern BACKSLASH = Pattern.compile("\\\\(\\\\?)");
    private static final Pattern AMPERSAND = Pattern.compile("&");
    private static final Pattern CARET = Pattern.compile("\\^(\\^?)");

    private static final List<Escapes> WINDOWS =
            List.of(
                    Escapes.doubled("'"),
                    Escapes.doubled("\""),
                    backticks("`\"$"),
                    Escapes.doubled("%"), // in a batch file
                    Escapes.behind("^", "&|<>^"),
                    new Escapes(
                            b -> b == '%' ? "%%" : "&|<>^".indexOf(b) < 0 ? null : "^" + (char) b));

    /** Shorter pieces of a value stand in ordinary text by chance. */
    private static final int SHORTEST_PIECE = 6;

    private ShellForms() {}

    static Set<String> unix(String value) {
        Set<String> forms = new LinkedHashSet<>();
        UNIX.forEach(escapes -> forms.add(escapes.in(value)));
        forms.add(Escapes.beyondAscii(RUBY.in(value), ShellForms::behindBackslash));
        if (value.indexOf('\'') >= 0) {
            // dash puts quotes that follow each other between one pair
            forms.add(APOSTROPHES.matcher(value).replaceAll("'\"$0\"'"));
        }
        if (value.indexOf('\\') >= 0) {
            forms.add(BACKSLASH.matcher(value).replaceAll("$1")); // echo $VALUE after read
        }
        return forms;
    }

    static Set<String> windows(String value) {
        Set<String> forms = new LinkedHashSet<>();
        WINDOWS.forEach(escapes -> forms.add(escapes.in(value)));
        if (value.indexOf('^') >= 0) {
            forms.add(CARET.matcher(value).replaceAll("$1")); // cmd takes them for quotes
        }
        addPieces(forms, value);
        return forms;
    }

    /** PowerShell's errors print a command in pieces, cut behind an ampersand. */
    private static void addPieces(Set<String> forms, String value) {
        int cut = value.indexOf("&+");
        int end = cut < 0 ? value.lastIndexOf('&') + 1 : cut + 2;
        int next = cut < 0 ? end : Math.min(end + 1, value.length());
        addPiece(forms, value.substring(0, end));
        if (end > 0) {
            addPiece(forms, value.substring(next));
        }
    }

    /** Parameters such as {@code wait=true} protect nothing, and stand in many other URLs. */
    private static void addPiece(Set<String> forms, String piece) {
        if (piece.length() >= SHORTEST_PIECE
                && Parts.hasContent(piece)
                && !AMPERSAND.splitAsStream(piece).allMatch(Parts::isPublicSetting)) {
            forms.add(piece);
        }
    }

    private static String behindBackslash(int codePoint) {
        byte[] utf8 = Character.toString(codePoint).getBytes(UTF_8);
        return "\\" + new String(utf8, ISO_8859_1);
    }

    private static Escapes backticks(String quoted) {
        return new Escapes(b -> {
            int known = "\u0007\b\u001B\f\n\r\t\u000B".indexOf(b);
            if (known >= 0) {
                return "`" + "abefnrtv".charAt(known);
            }
            return quoted.indexOf(b) < 0 ? null : "`" + (char) b;
        });
    }

    /** The inside of {@code $'...'}. */
    private static Escapes ansiQuoted(int firstInOctal) {
        return new Escapes(b -> {
            int known = SHORT_ANSI.indexOf(b);
            if (known >= 0) {
                return "\\" + SHORT_ANSI_NAMES.charAt(known);
            }
            return b < ' ' || b == 0x7F || b >= firstInOctal ? "\\%03o".formatted(b) : null;
        });
    }
}
