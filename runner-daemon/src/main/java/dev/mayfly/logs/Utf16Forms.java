package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_16BE;
import static java.nio.charset.StandardCharsets.UTF_16LE;

import java.nio.charset.Charset;
import java.util.LinkedHashSet;
import java.util.Set;

/** UTF-16 of a value that is UTF-8. Strings hold one byte in each character. */
final class Utf16Forms {

    private Utf16Forms() {}

    /**
     * Little-endian, big-endian, and base64 of the former, as PowerShell's {@code -EncodedCommand}
     * takes it. A zero byte at an end says nothing of the value and is left out; so one form serves
     * both byte orders of ASCII.
     */
    static Set<String> of(String value) {
        String text = Escapes.decoded(value);
        if (text == null) {
            return Set.of();
        }
        String little = bytes(text, UTF_16LE);
        Set<String> forms = new LinkedHashSet<>();
        forms.add(PlainForms.strip(little, "\0"));
        forms.add(PlainForms.strip(bytes(text, UTF_16BE), "\0"));
        forms.addAll(Base64Forms.cores(little));
        return forms;
    }

    private static String bytes(String text, Charset utf16) {
        return new String(text.getBytes(utf16), ISO_8859_1);
    }
}
