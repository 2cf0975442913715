package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.Base64;
import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Base64 of a value behind nothing, one or two bytes, and so behind anything. Only the characters
 * that the value alone determines can be looked for, and what the encoder adds where the value is
 * the end. Strings hold one byte in each character.
 */
final class Base64Forms {

    /** How many bytes before a value make a difference: none, one or two. */
    private static final int PLACES = 3;

    private Base64Forms() {}

    /** In both alphabets; the value alone also without padding. */
    static Set<String> of(String value) {
        Set<String> forms = new LinkedHashSet<>();
        for (int before = 0; before < PLACES; before++) {
            String encoded = encoded(before, value);
            addWithOtherAlphabet(forms, encoded.substring(0, determined(before, value)));
            addWithOtherAlphabet(forms, encoded);
            // What echo "$VALUE" | base64 makes of it.
            forms.add(encoded(before, value + "\n"));
        }
        addWithOtherAlphabet(forms, unpadded(encoded(0, value)));
        return forms;
    }

    /** Only the characters that the value alone determines, in the ordinary alphabet. */
    static Set<String> cores(String value) {
        Set<String> forms = new LinkedHashSet<>();
        for (int before = 0; before < PLACES; before++) {
            forms.add(core(before, value));
        }
        return forms;
    }

    /**
     * Base64 of base64, wherever each stands: as in the secrets of Kubernetes that hold a file of
     * Docker, which holds {@code user:password} in base64.
     */
    static Set<String> twice(String value) {
        Set<String> forms = new LinkedHashSet<>();
        cores(value).forEach(core -> forms.addAll(cores(core)));
        forms.add(encoded(0, encoded(0, value)));
        return forms;
    }

    private static String core(int before, String value) {
        return encoded(before, value).substring(0, determined(before, value));
    }

    /** Padded, in the ordinary alphabet, without what the bytes before determine too. */
    static String encoded(int before, String value) {
        byte[] bytes = ("\0".repeat(before) + value).getBytes(ISO_8859_1);
        return Base64.getEncoder().encodeToString(bytes).substring(first(before));
    }

    private static int first(int before) {
        return (8 * before + 5) / 6;
    }

    private static int determined(int before, String value) {
        return 8 * (before + value.length()) / 6 - first(before);
    }

    private static String unpadded(String encoded) {
        int padding = encoded.indexOf('=');
        return padding < 0 ? encoded : encoded.substring(0, padding);
    }

    private static void addWithOtherAlphabet(Set<String> forms, String encoded) {
        forms.add(encoded);
        forms.add(encoded.replace('+', '-').replace('/', '_'));
    }
}
