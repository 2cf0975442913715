package dev.mayfly.logs;

import dev.mayfly.job.SecretValue;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;

/**
 * The forms of a secret's value that are looked for. {@code docs/masking.md} tells which these are,
 * and which are not.
 */
final class SecretVariants {

    /** Shorter derived forms stand in ordinary text by chance. */
    private static final int SHORTEST_DERIVED_BYTES = 6;

    /** Of longer values, only the forms that are met in practice: the automaton grows with each. */
    static final int LONGEST_WITH_RARE_FORMS = 1024;

    /** Longer dumps come in lines, with offsets between the bytes. */
    static final int LONGEST_WITH_SEPARATORS = 128;

    private final String secret;
    private final Masking masking;
    private final Map<String, Variant> forms = new LinkedHashMap<>();

    private SecretVariants(String secret, Masking masking) {
        this.secret = secret;
        this.masking = masking;
    }

    /**
     * All forms of a value, without repeats. A form counts under the first variant that yields it.
     *
     * @param secret the secret's name, for the statistics
     * @param value one that is {@link Maskability.Maskable}
     * @param masking which forms are wanted
     */
    static List<SecretPattern> of(String secret, SecretValue value, Masking masking) {
        SecretVariants variants = new SecretVariants(secret, masking);
        variants.addAll(new PlainForms(value.reveal()));
        return variants.patterns();
    }

    private void addAll(PlainForms plain) {
        forms.put(plain.stripped(), Variant.EXACT);
        boolean isText = plain.isText();
        add(Variant.TRIMMED, masking.shortestBytes(), () -> Set.of(plain.trimmed()));
        if (isText) {
            add(Variant.TRIMMED, () -> Set.of(plain.unquoted()));
            add(Variant.JOINED, plain::joined);
            add(Variant.LINE, plain::parts);
        }
        for (String whole : plain.wholes()) {
            add(Variant.BASE64, () -> Base64Forms.of(whole));
            add(Variant.HEX, () -> HexForms.plain(whole));
            add(Variant.PERCENT, () -> PercentForms.once(whole));
            if (isText) {
                addQuoted(whole);
            }
        }
        if (plain.stripped().length() <= LONGEST_WITH_RARE_FORMS) {
            addRare(plain.stripped(), isText);
        }
    }

    private void addQuoted(String text) {
        add(Variant.JSON, () -> StringForms.json(text));
        add(Variant.LITERAL, () -> StringForms.literals(text));
        add(Variant.MARKUP, () -> MarkupForms.of(text));
        add(Variant.SHELL, () -> ShellForms.unix(text));
        add(Variant.POWERSHELL, () -> ShellForms.windows(text));
    }

    private void addRare(String value, boolean isText) {
        add(Variant.BASE64, () -> Base64Forms.twice(value));
        if (value.length() <= LONGEST_WITH_SEPARATORS) {
            add(Variant.HEX, () -> HexForms.separated(value));
        }
        add(Variant.PERCENT, () -> PercentForms.twice(value));
        add(Variant.PERCENT, () -> PercentForms.ofBase64(value));
        if (isText) {
            add(Variant.MARKUP, () -> MarkupForms.ofJson(value));
            add(Variant.UTF16, () -> Utf16Forms.of(value));
        }
    }

    private void add(Variant variant, Supplier<Set<String>> more) {
        add(variant, SHORTEST_DERIVED_BYTES, more);
    }

    private void add(Variant variant, int shortestBytes, Supplier<Set<String>> more) {
        if (masking.looksFor(variant)) {
            for (String form : more.get()) {
                if (form.length() >= shortestBytes) {
                    forms.putIfAbsent(form, variant);
                }
            }
        }
    }

    private List<SecretPattern> patterns() {
        return forms.entrySet().stream()
                .map(form -> new SecretPattern(secret, form.getValue(), form.getKey()))
                .toList();
    }

    @Override
    public String toString() {
        return "SecretVariants[secret=" + secret + ", hidden]";
    }
}
