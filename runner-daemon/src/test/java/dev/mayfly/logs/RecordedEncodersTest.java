package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What real encoders made of values, recorded by {@code src/test/encoders/record.py}. Of each, only
 * what the encoder puts around the value may be left.
 */
class RecordedEncodersTest {

    /** One run of a tool; texts hold one byte in each character. */
    record Encoded(
            String tool,
            String command,
            String value,
            String printed,
            String before,
            String after) {

        private static Encoded of(JsonNode record) {
            return new Encoded(
                    record.get("tool").textValue(),
                    record.get("command").textValue(),
                    record.get("value").textValue(),
                    record.get("printed").textValue(),
                    record.get("before").textValue(),
                    record.get("after").textValue());
        }

        @Override
        public String toString() {
            return tool + ": " + command + " of " + value.replaceAll("\\W", ".");
        }
    }

    static Stream<Encoded> encoded() throws IOException {
        return StreamSupport.stream(document().get("encoded").spliterator(), false)
                .map(Encoded::of);
    }

    private static JsonNode document() throws IOException {
        try (InputStream stream =
                Objects.requireNonNull(
                        RecordedEncodersTest.class.getResourceAsStream("encoded.json"))) {
            return new JsonMapper().readTree(stream);
        }
    }

    @ParameterizedTest
    @MethodSource("encoded")
    void nothingButWhatIsAroundTheValueIsLeft(Encoded encoded) {
        MaskedStream stream = new MaskedStream(SecretVariantsTest.patterns(encoded.value()));

        assertThat(stream.write(seen(encoded.printed())).finish())
                .isEqualTo(seen(encoded.before() + LogMasker.MARK + encoded.after()));
    }

    /** Inside of an occurrence, the masker sees neither line ends nor blanks that follow them. */
    private static String seen(String printed) {
        String text = printed.stripTrailing();
        return text.matches("(?s)[0-9A-Za-z+/= \n]*") && text.indexOf('\n') > 0
                ? text.replaceAll("\n[ \t]*", "")
                : text;
    }

    @Test
    void eachToolIsNamedWithItsVersion() throws IOException {
        JsonNode versions = document().get("versions");

        assertThat(encoded().map(Encoded::tool).distinct())
                .hasSize(versions.size())
                .allMatch(versions::has);
        assertThat(encoded().map(e -> e.value().getBytes(ISO_8859_1).length).distinct())
                .hasSizeGreaterThan(3);
    }
}
