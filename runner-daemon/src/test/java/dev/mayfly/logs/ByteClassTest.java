package dev.mayfly.logs;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ByteClassTest {

    /** A class with exactly the bytes of a text. */
    static String quoted(String text) {
        StringBuilder quoted = new StringBuilder();
        text.chars().forEach(c -> quoted.append("\\x%02x".formatted(c)));
        return quoted.toString();
    }

    /** The notation is that of regular expressions, so Java's tells what belongs to a class. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "a",
                "a-c",
                "A-Za-z0-9_-",
                "0-9A-Za-z._=-",
                "^A-Z",
                "^?& \\x00-\\x20\\x7f\"<>`",
                " \\t\"':=\\\\",
                "A-Za-z0-9+/= \\t\\r\\n\\\\\\[\\]",
                "\\x80-\\xff",
                "\\-a",
                "-a",
                "\\^a",
                "a^"
            })
    void classHasTheBytesThatARegularExpressionWouldMatch(String notation) {
        Pattern pattern = Pattern.compile("[" + notation + "]");
        ByteClass bytes = ByteClass.parse(notation);

        for (int value = 0; value < 256; value++) {
            assertThat(bytes.contains(value))
                    .as("%s in %s", value, notation)
                    .isEqualTo(pattern.matcher(String.valueOf((char) value)).matches());
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|no byte at all",
                "^\\x00-\\xff|no byte at all",
                "z-a|runs backwards",
                "a\\|single backslash",
                "\\d|not known",
                "\\x4|hexadecimal",
                "\u00e9|not printable ASCII"
            })
    void whatIsNoClassIsRefusedWithTheReason(String notation, String reason) {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> ByteClass.parse(notation))
                .withMessageContaining(reason);
    }

    @Test
    void classesWithTheSameBytesAreEqual() {
        assertThat(ByteClass.parse("a-c"))
                .isEqualTo(ByteClass.parse("cba"))
                .hasSameHashCodeAs(ByteClass.parse("abc"))
                .isNotEqualTo(ByteClass.parse("a-d"));
    }
}
