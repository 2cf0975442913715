package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.HexFormat;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.StringJoiner;

/** Two hexadecimal digits for each byte of a value. Strings hold one byte in each character. */
final class HexForms {

    private static final List<HexFormat> PLAIN = bothCases(HexFormat.of());

    private static final List<List<HexFormat>> SEPARATED =
            List.of(
                    bothCases(HexFormat.ofDelimiter(":")), // fingerprints, openssl
                    bothCases(HexFormat.ofDelimiter(" ")), // dumps
                    bothCases(HexFormat.ofDelimiter("-")), // .NET
                    bothCases(HexFormat.of().withPrefix("\\x")), // printf, C, Python
                    bothCases(HexFormat.ofDelimiter(", ").withPrefix("0x"))); // C

    private static final List<HexFormat> SEPARATED_RARELY =
            List.of(
                    HexFormat.ofDelimiter(",").withPrefix("0x"),
                    HexFormat.ofDelimiter(" ").withPrefix("0x"), // Go
                    HexFormat.ofDelimiter(" ").withPrefix("0X").withUpperCase(),
                    HexFormat.ofDelimiter(", ").withPrefix("0X").withUpperCase()); // xxd -i -u

    /** The automaton grows with each form. */
    private static final int LONGEST_SEPARATED_RARELY = 32;

    /** What {@code od} and {@code hexdump} print in one line. */
    private static final int DUMP_LINE = 16;

    private HexForms() {}

    private static List<HexFormat> bothCases(HexFormat format) {
        return List.of(format, format.withUpperCase());
    }

    static Set<String> plain(String value) {
        Set<String> forms = new LinkedHashSet<>();
        addEach(forms, PLAIN, value.getBytes(ISO_8859_1));
        return forms;
    }

    static Set<String> separated(String value) {
        byte[] bytes = value.getBytes(ISO_8859_1);
        Set<String> forms = new LinkedHashSet<>();
        SEPARATED.forEach(formats -> addEach(forms, formats, bytes));
        if (bytes.length <= LONGEST_SEPARATED_RARELY) {
            addEach(forms, SEPARATED_RARELY, bytes);
        }
        forms.add(dumped(bytes));
        forms.add(withoutZeros(bytes));
        return forms;
    }

    private static void addEach(Set<String> forms, List<HexFormat> formats, byte[] bytes) {
        formats.forEach(format -> forms.add(format.formatHex(bytes)));
    }

    /** As Go's {@code %#v}, which writes a line end as {@code 0xa}. */
    private static String withoutZeros(byte[] bytes) {
        StringJoiner joined = new StringJoiner(", ");
        for (byte b : bytes) {
            joined.add("0x" + Integer.toHexString(b & 0xFF));
        }
        return joined.toString();
    }

    /** As {@code od -An -tx1}: the masker sees no line end, and no blanks that follow one. */
    private static String dumped(byte[] bytes) {
        StringBuilder dumped = new StringBuilder(bytes.length * 3);
        HexFormat format = HexFormat.ofDelimiter(" ");
        for (int from = 0; from < bytes.length; from += DUMP_LINE) {
            dumped.append(format.formatHex(bytes, from, Math.min(bytes.length, from + DUMP_LINE)));
        }
        return dumped.toString();
    }
}
