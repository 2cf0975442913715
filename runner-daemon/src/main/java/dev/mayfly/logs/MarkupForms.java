package dev.mayfly.logs;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * XML and HTML for text, for attributes, and as common libraries do it for both at once. Strings
 * hold one byte in each character.
 */
final class MarkupForms {

    private static final Map<Character, String> NAMED =
            Map.of('&', "&amp;", '<', "&lt;", '>', "&gt;");

    private static final Escapes TEXT = escapes(Map.of());
    private static final Escapes ATTRIBUTE = escapes(Map.of('"', "&quot;"));
    private static final Escapes PYTHON = escapes(Map.of('"', "&quot;", '\'', "&#x27;"));
    private static final Escapes GO = escapes(Map.of('"', "&#34;", '\'', "&#39;"));

    private static final Escapes ELEMENT_TREE =
            escapes(Map.of('"', "&quot;", '\n', "&#10;", '\r', "&#13;", '\t', "&#09;"));

    private static final List<Escapes> OTHERS =
            List.of(
                    ATTRIBUTE,
                    GO,
                    escapes(Map.of('"', "&quot;", '\n', "&#10;", '\r', "&#13;", '\t', "&#9;")),
                    escapes(Map.of('"', "&quot;", '\n', "&#xA;", '\r', "&#xD;", '\t', "&#x9;")),
                    escapes(Map.of('"', "&quot;", '\'', "&apos;")),
                    escapes(Map.of('"', "&quot;", '\'', "&#39;")),
                    escapes(Map.of('"', "&quot;", '\'', "&#039;")), // PHP
                    PYTHON,
                    escapes(Map.of('"', "&quot;", '\'', "&#x27;", '`', "&#x60;", '=', "&#x3D;")),
                    new Escapes(b -> "&<>\"'".indexOf(b) < 0 ? null : "&#" + b + ";"),
                    new Escapes(b -> "&<>\"'".indexOf(b) < 0 ? null : hexadecimal(b)),
                    new Escapes(b -> "&<>\"'/".indexOf(b) < 0 ? null : hexadecimal(b)));

    /** The names that HTML has for U+00A0 to U+00FF. */
    private static final List<String> LATIN_1 =
            List.of(
                    ("nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg"
                                    + " macr deg plusmn sup2 sup3 acute micro para middot cedil sup1"
                                    + " ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc"
                                    + " Atilde Auml Aring AElig Ccedil Egrave Eacute Ecirc Euml"
                                    + " Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc"
                                    + " Otilde Ouml times Oslash Ugrave Uacute Ucirc Uuml Yacute"
                                    + " THORN szlig agrave aacute acirc atilde auml aring aelig"
                                    + " ccedil egrave eacute ecirc euml igrave iacute icirc iuml eth"
                                    + " ntilde ograve oacute ocirc otilde ouml divide oslash ugrave"
                                    + " uacute ucirc uuml yacute thorn yuml")
                            .split(" ", -1));

    private MarkupForms() {}

    static Set<String> of(String value) {
        String text = TEXT.in(value);
        Set<String> forms = new LinkedHashSet<>();
        forms.add(text);
        OTHERS.forEach(escapes -> forms.add(escapes.in(value)));
        for (Escapes escapes : List.of(TEXT, ATTRIBUTE, PYTHON, ELEMENT_TREE)) { // Python, Java
            forms.add(Escapes.beyondAscii(escapes.in(value), "&#%d;"::formatted));
        }
        forms.add(Escapes.beyondAscii(text, MarkupForms::hexadecimal)); // libxml2
        forms.add(Escapes.beyondAscii(ATTRIBUTE.in(value), MarkupForms::named));
        return forms;
    }

    /** JSON in the text or in an attribute of a page. */
    static Set<String> ofJson(String value) {
        String json = StringForms.plainJson(value);
        Set<String> forms = new LinkedHashSet<>();
        forms.add(ATTRIBUTE.in(json));
        forms.add(PYTHON.in(json));
        forms.add(GO.in(json));
        return forms;
    }

    private static Escapes escapes(Map<Character, String> more) {
        return new Escapes(b -> {
            String named = NAMED.get((char) b);
            return named == null ? more.get((char) b) : named;
        });
    }

    private static String hexadecimal(int codePoint) {
        return "&#x%s;".formatted(Integer.toHexString(codePoint).toUpperCase(Locale.ROOT));
    }

    private static String named(int codePoint) {
        int latin1 = codePoint - 0xA0;
        return latin1 >= 0 && latin1 < LATIN_1.size()
                ? "&" + LATIN_1.get(latin1) + ";"
                : hexadecimal(codePoint);
    }
}
