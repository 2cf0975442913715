package dev.mayfly.logs;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Base32 of a value that begins what was encoded; other places would need four more forms each.
 * Strings hold one byte in each character.
 */
final class Base32Form {

    private static final String ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    private static final int DIGIT_BITS = 5;

    private Base32Form() {}

    /** What the value alone determines, whatever follows it; and where it is the end, all of it. */
    static Set<String> of(String value) {
        String encoded = unpadded(value);
        Set<String> forms = new LinkedHashSet<>();
        forms.add(encoded.substring(0, value.length() * Byte.SIZE / DIGIT_BITS));
        forms.add(encoded + "=".repeat(-encoded.length() & 7));
        return forms;
    }

    private static String unpadded(String value) {
        StringBuilder encoded = new StringBuilder(value.length() * 2);
        int bits = 0;
        int count = 0;
        for (int i = 0; i < value.length(); i++) {
            bits = ((bits << Byte.SIZE) | value.charAt(i)) & 0xFFF;
            count += Byte.SIZE;
            while (count >= DIGIT_BITS) {
                count -= DIGIT_BITS;
                encoded.append(ALPHABET.charAt((bits >> count) & 31));
            }
        }
        if (count > 0) {
            encoded.append(ALPHABET.charAt((bits << (DIGIT_BITS - count)) & 31));
        }
        return encoded.toString();
    }
}
