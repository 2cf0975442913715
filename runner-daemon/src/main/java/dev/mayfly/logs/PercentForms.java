package dev.mayfly.logs;

import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * URL and form encoding as common encoders do it; they differ in which characters they leave alone.
 * Strings hold one byte in each character.
 */
final class PercentForms {

    private static final HexFormat UPPER = HexFormat.of().withUpperCase();
    private static final HexFormat LOWER = HexFormat.of();

    /** RFC 3986, Python quote(safe=""), .NET Uri.EscapeDataString, curl, jq. */
    private static final Escapes UNRESERVED = keeping("-._~", UPPER);

    private static final List<Escapes> ONCE =
            List.of(
                    UNRESERVED,
                    keeping("-._~", LOWER),
                    keeping("-._~/", UPPER), // Python quote
                    keeping("-._~$&+:=@", UPPER), // Go PathEscape
                    keeping("-._~$&+,/:;=@", UPPER), // Go, a URL's path
                    keeping("-._~$&+,/:;=?@", UPPER), // with a query
                    keeping("-._~!$&()*+,/:;=?@", UPPER), // Go, a URL's fragment
                    keeping("-._~$&+,;=", UPPER), // Go userinfo
                    keeping("-._~!$&'()*+,;=:", UPPER), // RFC 3986 userinfo
                    keeping("-._~!$%&'()*+,", UPPER), // WHATWG userinfo
                    keeping("-._~!*'()", UPPER), // JavaScript encodeURIComponent
                    keeping("-._~!*'();/?:@&=+$,#", UPPER)); // JavaScript encodeURI

    private static final List<Escapes> FORM =
            List.of(
                    form("-._~", UPPER), // Go QueryEscape, Python quote_plus
                    form("-._*", UPPER), // HTML forms, Java URLEncoder
                    form("-._", UPPER), // PHP urlencode
                    form("-._~", LOWER), // curl
                    form("-._!*()", LOWER)); // .NET HttpUtility

    private static final List<Escapes> OF_BASE64 =
            List.of(keeping("-_", UPPER), keeping("-_", LOWER));

    private static final List<Escapes> TWICE =
            List.of(
                    UNRESERVED,
                    keeping("-._~", LOWER),
                    keeping("-._~!*'()", UPPER),
                    form("-._~", UPPER));

    private static final Escapes AGAIN =
            new Escapes(b -> b == '%' ? "%25" : b == '+' ? "%2B" : null);

    private PercentForms() {}

    static Set<String> once(String value) {
        Set<String> forms = new LinkedHashSet<>();
        ONCE.forEach(escapes -> forms.add(escapes.in(value)));
        FORM.forEach(escapes -> forms.add(escapes.in(value)));
        return forms;
    }

    /** What a second encoder makes of what the first one made: {@code %252F} of a slash. */
    static Set<String> twice(String value) {
        Set<String> forms = new LinkedHashSet<>();
        for (Escapes escapes : TWICE) {
            forms.add(AGAIN.in(escapes.in(value)));
        }
        return forms;
    }

    /** Base64 in a query or a form, in which only plus, slash and padding are encoded. */
    static Set<String> ofBase64(String value) {
        Set<String> forms = new LinkedHashSet<>();
        for (Escapes escapes : OF_BASE64) {
            forms.add(escapes.in(Base64Forms.encoded(0, value)));
            Base64Forms.cores(value).forEach(core -> forms.add(escapes.in(core)));
        }
        return forms;
    }

    private static Escapes keeping(String kept, HexFormat hex) {
        return new Escapes(b ->
                isLetterOrDigit(b) || kept.indexOf(b) >= 0
                        ? null
                        : "%" + hex.toHexDigits((byte) b));
    }

    private static Escapes form(String kept, HexFormat hex) {
        Escapes others = keeping(kept, hex);
        return new Escapes(b -> b == ' ' ? "+" : others.of(b));
    }

    private static boolean isLetterOrDigit(int c) {
        return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
    }
}
