package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.util.List;

/** A masker with its output as text; one byte in each character. */
final class MaskedStream {

    private final ByteArrayOutputStream output = new ByteArrayOutputStream();
    private final LogMasker masker;

    MaskedStream(SecretPatterns patterns) {
        masker = new LogMasker(patterns, output::write);
    }

    static MaskedStream of(List<String> secrets) {
        return new MaskedStream(patterns(secrets));
    }

    /** The secrets' exact bytes and nothing else. */
    static SecretPatterns patterns(List<String> secrets) {
        return SecretPatterns.none().with(exact(secrets));
    }

    static List<SecretPattern> exact(List<String> secrets) {
        return secrets.stream()
                .map(secret -> new SecretPattern("S", Variant.EXACT, secret))
                .toList();
    }

    LogMasker masker() {
        return masker;
    }

    MaskedStream write(String text) {
        byte[] bytes = NaiveMasker.bytes(text);
        masker.write(bytes, 0, bytes.length);
        return this;
    }

    /** Writes the text cut after each byte whose bit is set. */
    MaskedStream writeCut(byte[] text, int cuts) {
        int from = 0;
        for (int to = 1; to <= text.length; to++) {
            if (to == text.length || (cuts >>> (to - 1) & 1) != 0) {
                masker.write(text, from, to - from);
                from = to;
            }
        }
        return this;
    }

    MaskedStream bar() {
        masker.whenSettled(() -> output.write('|'));
        return this;
    }

    MaskedStream add(String... secrets) {
        masker.extend(masker.patterns().with(exact(List.of(secrets))));
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
