package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * What an encoder writes in the place of single bytes. Strings hold one byte in each character,
 * both the text and what becomes of it.
 */
final class Escapes {

    private final @Nullable String[] written = new @Nullable String[256];

    /**
     * Asks once for each byte.
     *
     * @param escape what is written for it, or null for the byte itself
     */
    Escapes(IntFunction<@Nullable String> escape) {
        for (int b = 0; b < written.length; b++) {
            written[b] = escape.apply(b);
        }
    }

    /** Puts something before each of these characters. */
    static Escapes behind(String prefix, String characters) {
        return new Escapes(b -> characters.indexOf(b) < 0 ? null : prefix + (char) b);
    }

    /** Writes these characters twice. */
    static Escapes doubled(String characters) {
        return new Escapes(b -> characters.indexOf(b) < 0 ? null : "" + (char) b + (char) b);
    }

    /** What is written for a byte, or null for the byte itself. */
    @Nullable String of(int b) {
        return written[b];
    }

    String in(String text) {
        int length = text.length();
        int kept = 0;
        while (kept < length && written[text.charAt(kept)] == null) {
            kept++;
        }
        if (kept == length) {
            return text;
        }
        StringBuilder escaped = new StringBuilder(length + length / 2 + 16);
        escaped.append(text, 0, kept);
        for (int i = kept; i < length; i++) {
            char b = text.charAt(i);
            String escape = written[b];
            if (escape == null) {
                escaped.append(b);
            } else {
                escaped.append(escape);
            }
        }
        return escaped.toString();
    }

    static boolean isAscii(String text) {
        for (int i = 0; i < text.length(); i++) {
            if (text.charAt(i) >= 0x80) {
                return false;
            }
        }
        return true;
    }

    /** The characters of a text whose bytes are UTF-8, or null if they are not. */
    static @Nullable String decoded(String text) {
        if (isAscii(text)) {
            return text;
        }
        try {
            return UTF_8.newDecoder().decode(ByteBuffer.wrap(text.getBytes(ISO_8859_1))).toString();
        } catch (CharacterCodingException notText) {
            return null;
        }
    }

    /**
     * Replaces characters beyond ASCII as a whole, not byte by byte.
     *
     * @param text stays as it is if it is not UTF-8
     * @param escape what is written for a code point from U+0080 on
     */
    static String beyondAscii(String text, IntFunction<String> escape) {
        String decoded = decoded(text);
        if (decoded == null || isAscii(text)) {
            return text;
        }
        StringBuilder escaped = new StringBuilder(text.length() * 2);
        decoded.codePoints()
                .forEach(c -> {
                    if (c < 0x80) {
                        escaped.append((char) c);
                    } else {
                        escaped.append(escape.apply(c));
                    }
                });
        return escaped.toString();
    }
}
