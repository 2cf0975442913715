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

    // The automaton grows with each form, so the longer a value, the fewer are looked for.

    /** Of longer values, only the encodings in which files are met. */
    static final int LONGEST_WITH_QUOTES = 8 * 1024;

    /** Of longer values, no double encodings and no UTF-16. */
    static final int LONGEST_WITH_RARE_FORMS = 1024;

    /** Of longer values, rare forms with CRLF only if that is their own line end; no dumps. */
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
        String value = plain.stripped();
        if (value.length() > LONGEST_WITH_QUOTES) {
            addCommon(value, isText);
            return;
        }
        for (String whole : plain.wholes()) {
            addCommon(whole, isText);
            add(Variant.PERCENT, () -> PercentForms.once(whole));
            if (isText) {
                addQuoted(whole);
            }
        }
        if (value.length() <= LONGEST_WITH_SEPARATORS) {
            plain.wholesWith(List.of("\n", "\r\n"))
                    .forEach(whole -> {
                        addRare(whole, isText);
                        add(Variant.HEX, () -> HexForms.separated(whole));
                    });
        } else if (value.length() <= LONGEST_WITH_RARE_FORMS) {
            plain.wholesWith(List.of("\n")).forEach(whole -> addRare(whole, isText));
        }
    }

    private void addCommon(String value, boolean isText) {
        add(Variant.BASE64, () -> Base64Forms.of(value));
        add(Variant.HEX, () -> HexForms.plain(value));
        if (isText) {
            add(Variant.JSON, () -> StringForms.json(value));
        }
    }

    private void addQuoted(String text) {
        add(Variant.LITERAL, () -> StringForms.literals(text));
        add(Variant.MARKUP, () -> MarkupForms.of(text));
        add(Variant.SHELL, () -> ShellForms.unix(text));
        add(Variant.POWERSHELL, () -> ShellForms.windows(text));
    }

    private void addRare(String value, boolean isText) {
        add(Variant.BASE64, () -> Base64Forms.twice(value));
        add(Variant.BASE64, () -> Base32Form.of(value));
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
