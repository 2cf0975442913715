package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.util.List;

/** A token masker with its output as text; one byte in each character. */
final class TokenStream {

    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private final TokenMasker masker;

    TokenStream(TokenShapes shapes) {
        masker = new TokenMasker(shapes, output::write);
    }

    static TokenStream of(List<TokenShape> shapes) {
        return new TokenStream(TokenShapes.of(shapes));
    }

    TokenMasker masker() {
        return masker;
    }

    TokenStream write(String text) {
        byte[] bytes = text.getBytes(ISO_8859_1);
        masker.write(bytes, 0, bytes.length);
        return this;
    }

    /** Writes the text cut after each byte whose bit is set. */
    TokenStream writeCut(byte[] text, int cuts) {
        int from = 0;
        for (int to = 1; to <= text.length; to++) {
            if (to == text.length || (cuts >>> (to - 1) & 1) != 0) {
                masker.write(text, from, to - from);
                from = to;
            }
        }
        return this;
    }

    TokenStream bar() {
        masker.whenSettled(() -> output.write('|'));
        return this;
    }

    /** What is out by now. */
    String shown() {
        return output.toString(ISO_8859_1);
    }

    /** Ends the stream; the next write begins another one. */
    String finish() {
        masker.finish();
        String masked = shown();
        output.reset();
        return masked;
    }
}
