package dev.mayfly.logs;

import dev.mayfly.job.SecretValue;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The forms of a secret's value that are looked for.
 *
 * <p>Not among them: base64 wrapped into lines (each line of it shows), forms interrupted by escape
 * sequences of a terminal or by its line wraps, UTF-16, other upper and lower case, values that
 * were reversed, spaced out, compressed or encrypted, and other double encodings than JSON in JSON.
 * Of base64 in the middle of something, the characters that the neighbours co-determine stay: at
 * most four bits of the value at each side.
 */
final class SecretVariants {

    private SecretVariants() {}

    /**
     * All forms of a value, without repeats. A form counts under the first variant that yields it.
     *
     * @param secret the secret's name, for the statistics
     * @param value one that is {@link Maskability.Maskable}
     */
    static List<SecretPattern> of(String secret, SecretValue value) {
        PlainForms plain = new PlainForms(value.reveal());
        Map<String, Variant> forms = new LinkedHashMap<>();
        add(forms, Variant.EXACT, List.of(plain.stripped()));
        add(forms, Variant.TRIMMED, List.of(plain.trimmed()));
        if (plain.isText()) {
            add(forms, Variant.JOINED, plain.joined());
            add(forms, Variant.LINE, plain.linesWithContent());
        }
        for (String whole : plain.wholes()) {
            add(forms, Variant.BASE64, EncodedForms.base64(whole));
            // What echo "$VALUE" | base64 makes of it.
            add(forms, Variant.BASE64, EncodedForms.base64(whole + "\n"));
            add(forms, Variant.HEX, EncodedForms.hex(whole));
            add(forms, Variant.PERCENT, EncodedForms.percent(whole));
            if (plain.isText()) {
                add(forms, Variant.JSON, EncodedForms.json(whole));
                add(forms, Variant.MARKUP, EncodedForms.markup(whole));
                add(forms, Variant.SHELL, EncodedForms.shell(whole));
            }
        }
        return forms.entrySet().stream()
                .map(form -> new SecretPattern(secret, form.getValue(), form.getKey()))
                .toList();
    }

    private static void add(Map<String, Variant> forms, Variant variant, Collection<String> more) {
        for (String form : more) {
            if (form.length() >= Maskability.SHORTEST_BYTES) {
                forms.putIfAbsent(form, variant);
            }
        }
    }
}
