package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.URLEncoder;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.ArrayList;
import java.util.Base64;
import java.util.BitSet;
import java.util.HexFormat;
import java.util.List;

/**
 * What a file of the chain's fuzz corpus says: values of secrets, then a text with what other
 * programs' encoders make of them.
 *
 * <p>Values are separated by {@code ~/}, the text begins behind {@code ~:}. In it {@code ~|} ends a
 * write, {@code ~0} to {@code ~9} is a value, and of value n, without blanks around it,
 *
 * <ul>
 *   <li>{@code ~bnk} is base64, {@code ~unk} base64url without padding, {@code ~wnk} base64 in
 *       lines, with k % 3 other bytes before and k / 3 % 3 behind it;
 *   <li>{@code ~hn} and {@code ~Hn} are hexadecimal, {@code ~pn} form encoding;
 *   <li>{@code ~jn} is JSON, {@code ~Jn} JSON inside JSON, without the outer quotes;
 *   <li>{@code ~snk} has k for each line end: LF, CRLF, a blank, or the two characters;
 *   <li>{@code ~<nk} are the first k bytes, {@code ~>nk} what is behind them; {@code ~?k} is an
 *       interruption.
 * </ul>
 *
 * <p>See {@link ScriptReader} for the rest. The encoders are the JDK's and Jackson's: nothing here
 * knows how the forms are made that are looked for.
 *
 * @param mayNotBeSeen what the values and their encoders yield
 */
record ChainScript(List<String> values, String text, BitSet cuts, List<String> mayNotBeSeen) {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int MOST_VALUES = 3;
    private static final int LONGEST_VALUE = 80;
    private static final int LONGEST_TEXT = 1200;

    static ChainScript read(byte[] script) {
        ScriptReader reader = new ScriptReader(script);
        List<String> values = new ArrayList<>();
        int next;
        do {
            StringBuilder value = new StringBuilder();
            next = reader.next();
            while (next != ScriptReader.END
                    && next != ScriptReader.COMMAND + '/'
                    && next != ScriptReader.COMMAND + ':') {
                if (value.length() < LONGEST_VALUE) {
                    value.append((char) (next & 0xFF));
                }
                next = reader.next();
            }
            if (values.size() < MOST_VALUES) {
                values.add(value.toString());
            }
        } while (next == ScriptReader.COMMAND + '/');
        return new Writer(values).write(reader);
    }

    /** Puts the text together. */
    private static final class Writer {

        private final List<String> values;
        private final StringBuilder text = new StringBuilder();
        private final BitSet cuts = new BitSet();
        private final List<String> mayNotBeSeen = new ArrayList<>();

        Writer(List<String> values) {
            this.values = values;
        }

        ChainScript write(ScriptReader reader) {
            int next = reader.next();
            while (next != ScriptReader.END && text.length() < LONGEST_TEXT) {
                if (next == ScriptReader.COMMAND + '|') {
                    cuts.set(text.length());
                } else if (next >= ScriptReader.COMMAND) {
                    append((char) (next - ScriptReader.COMMAND), reader);
                } else {
                    text.append((char) next);
                }
                next = reader.next();
            }
            return new ChainScript(values, text.toString(), cuts, mayNotBeSeen);
        }

        private void append(char command, ScriptReader reader) {
            switch (command) {
                case 'b' -> base64(Base64.getEncoder(), trimmed(reader), reader.number());
                case 'u' ->
                        base64(
                                Base64.getUrlEncoder().withoutPadding(),
                                trimmed(reader),
                                reader.number());
                case 'w' -> text.append(inLines(trimmed(reader), reader.number()));
                case 'h' -> encoded(trimmed(reader), HexFormat.of()::formatHex);
                case 'H' -> encoded(trimmed(reader), HexFormat.of().withUpperCase()::formatHex);
                case 'p' -> encoded(trimmed(reader), ChainScript::formEncoded);
                case 'j' -> json(trimmed(reader), 1);
                case 'J' -> json(trimmed(reader), 2);
                case 's' -> {
                    String value = trimmed(reader);
                    String end = List.of("\n", "\r\n", " ", "\\n").get(reader.number() % 4);
                    text.append(value.replaceAll("\r\n|\n|\r", end.replace("\\", "\\\\")));
                }
                case '<' -> {
                    String value = trimmed(reader);
                    text.append(value, 0, reader.number() % (value.length() + 1));
                }
                case '>' -> {
                    String value = trimmed(reader);
                    text.append(value.substring(reader.number() % (value.length() + 1)));
                }
                case '?' -> {
                    List<String> all = MaskerScript.INTERRUPTIONS;
                    text.append(all.get(reader.number() % all.size()));
                }
                default -> {
                    int digit = command - '0';
                    text.append(
                            digit >= 0 && digit <= 9
                                    ? values.get(digit % values.size())
                                    : String.valueOf(command));
                }
            }
        }

        private String trimmed(ScriptReader reader) {
            String value = ChainScript.trimmed(values.get(reader.number() % values.size()));
            if (WholeChain.isMaskable(value)) {
                mayNotBeSeen.add(value);
            }
            return value;
        }

        private void encoded(String value, Encoder encoder) {
            String encoded = encoder.encode(value.getBytes(ISO_8859_1));
            text.append(encoded);
            if (WholeChain.isMaskable(value)) {
                mayNotBeSeen.add(encoded);
            }
        }

        /** What stands in a text with others has characters that are not of the value alone. */
        private void base64(Base64.Encoder encoder, String value, int around) {
            int before = around % 3;
            byte[] bytes = surrounded(value, around);
            String encoded = encoder.encodeToString(bytes);
            text.append(encoded);
            if (WholeChain.isMaskable(value)) {
                int first = (8 * before + 5) / 6;
                int behind = 8 * (before + value.length()) / 6;
                mayNotBeSeen.add(encoded.substring(first, behind));
            }
        }

        private void json(String value, int times) {
            String encoded = value;
            try {
                for (int i = 0; i < times; i++) {
                    String quoted = JSON.writeValueAsString(utf8(encoded));
                    encoded = latin1(quoted.substring(1, quoted.length() - 1));
                }
            } catch (JsonProcessingException | CharacterCodingException notText) {
                text.append(value);
                return;
            }
            text.append(encoded);
            // A value with a zero byte is not text, so its text forms are not looked for.
            if (WholeChain.isMaskable(value) && value.indexOf('\0') < 0) {
                mayNotBeSeen.add(encoded);
            }
        }
    }

    @FunctionalInterface
    private interface Encoder {
        String encode(byte[] bytes);
    }

    private static byte[] surrounded(String value, int around) {
        return ("a".repeat(around % 3) + value + "z".repeat(around / 3 % 3)).getBytes(ISO_8859_1);
    }

    private static String inLines(String value, int around) {
        int width = around % 2 == 0 ? 76 : 64;
        byte[] end = around % 5 == 0 ? new byte[] {'\r', '\n'} : new byte[] {'\n'};
        return Base64.getMimeEncoder(width, end).encodeToString(surrounded(value, around));
    }

    private static String formEncoded(byte[] bytes) {
        return URLEncoder.encode(new String(bytes, ISO_8859_1), ISO_8859_1);
    }

    /** Without blanks around it: what is left of a value that somebody pastes. */
    private static String trimmed(String value) {
        int from = 0;
        int to = value.length();
        while (from < to && " \t\r\n".indexOf(value.charAt(from)) >= 0) {
            from++;
        }
        while (to > from && " \t\r\n".indexOf(value.charAt(to - 1)) >= 0) {
            to--;
        }
        return value.substring(from, to);
    }

    private static String utf8(String latin1) throws CharacterCodingException {
        return UTF_8.newDecoder().decode(ByteBuffer.wrap(latin1.getBytes(ISO_8859_1))).toString();
    }

    private static String latin1(String text) {
        return new String(text.getBytes(UTF_8), ISO_8859_1);
    }
}
