package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.io.ByteArrayOutputStream;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;

/**
 * Holds the masker against a {@link Reference}: the output must be the reference's for every way to
 * write a text, never more than allowed may be held back, and the hits must not depend on the
 * split. Strings hold one byte in each character.
 */
final class MaskerCheck {

    /** With more patterns, what may be held back is not asked for at every byte: it takes long. */
    private static final int FEW_PATTERNS = 8;

    private final List<String> secrets;
    private final SecretPatterns patterns;
    private final Reference reference;
    private final ByteArrayOutputStream output = new ByteArrayOutputStream();

    /**
     * Secrets that become known while the text is written.
     *
     * @param at how much is written before
     */
    record Addition(int at, List<String> secrets) {}

    MaskerCheck(List<SecretPattern> forms, Reference reference) {
        this.secrets = forms.stream().map(form -> new String(form.bytes(), ISO_8859_1)).toList();
        this.patterns = SecretPatterns.none().with(forms);
        this.reference = reference;
    }

    SecretPatterns patterns() {
        return patterns;
    }

    /**
     * Whole, cut as asked for, and byte by byte.
     *
     * @param cuts the lengths after which one write ends and another begins
     * @throws AssertionError when the masker differs from the reference
     */
    void check(String text, List<Addition> additions, BitSet cuts) {
        BitSet everywhere = new BitSet();
        everywhere.set(1, text.length() + 1);
        Expected expected = new Expected(text);
        long[] hits = run(expected, additions, new BitSet());
        byte[] whole = output.toByteArray();
        long[] hitsWhenCut = run(expected, additions, cuts);
        requireSame(whole, text, additions, cuts);
        long[] hitsByteByByte = run(expected, additions, everywhere);
        requireSame(whole, text, additions, everywhere);
        if (additions.isEmpty()) {
            requireSame(hits, hitsWhenCut, text, cuts);
            requireSame(hits, hitsByteByByte, text, everywhere);
        }
    }

    /** Whole, and cut as asked for: what a search through very much text can afford. */
    void checkTwice(String text, List<Addition> additions, BitSet cuts) {
        Expected expected = new Expected(text);
        long[] hits = run(expected, additions, new BitSet());
        byte[] whole = output.toByteArray();
        long[] hitsWhenCut = run(expected, additions, cuts);
        requireSame(whole, text, additions, cuts);
        if (additions.isEmpty()) {
            requireSame(hits, hitsWhenCut, text, cuts);
        }
    }

    /** Without additions the same for all ways to write, so it is asked for once. */
    private final class Expected {

        private final String text;
        private final byte[] bytes;
        private byte[] masked = {};
        private List<Reference.Known> maskedFor = List.of();

        Expected(String text) {
            this.text = text;
            this.bytes = text.getBytes(ISO_8859_1);
        }

        byte[] masked(List<Reference.Known> known) {
            if (!known.equals(maskedFor) || known.isEmpty()) {
                maskedFor = known;
                masked = reference.mask(text, known).getBytes(ISO_8859_1);
            }
            return masked;
        }
    }

    private long[] run(Expected expected, List<Addition> additions, BitSet cuts) {
        String text = expected.text;
        output.reset();
        LogMasker masker = new LogMasker(patterns, output::write);
        List<String> all = additions.isEmpty() ? secrets : new ArrayList<>(secrets);
        List<Reference.Known> known = new ArrayList<>();
        for (String secret : secrets) {
            known.add(new Reference.Known(secret, 0, 0));
        }
        int from = 0;
        int added = 0;
        while (from < text.length() || added < additions.size()) {
            if (added < additions.size() && additions.get(added).at() <= from) {
                List<String> more = additions.get(added++).secrets();
                int settled = from - masker.heldBytes();
                masker.extend(masker.patterns().with(MaskedStream.exact(more)));
                all.addAll(more);
                more.forEach(secret -> known.add(new Reference.Known(secret, settled, settled)));
            } else {
                int to = end(text, cuts, from);
                if (added < additions.size()) {
                    to = Math.min(to, additions.get(added).at());
                }
                masker.write(expected.bytes, from, to - from);
                from = to;
            }
            if (secrets.size() <= FEW_PATTERNS || cuts.cardinality() < text.length()) {
                requireFewHeld(masker.heldBytes(), text, from, all);
            }
        }
        masker.finish();
        byte[] masked = expected.masked(known);
        byte[] shown = output.toByteArray();
        if (!Arrays.equals(shown, masked) && !hidesMore(shown, text, known)) {
            throw new AssertionError(
                    "The output differs, cut after "
                            + cuts
                            + ":\n  shown    "
                            + MaskerScript.literal(shown)
                            + "\n  expected "
                            + MaskerScript.literal(masked)
                            + "\nAs a file of the corpus:\n"
                            + MaskerScript.of(secrets, additions, text, cuts));
        }
        return masker.hits();
    }

    /**
     * Whether it also hides the rest of what an added secret has begun in bytes that were out then,
     * which it may do and need not: the line end's rule has let them out.
     */
    private boolean hidesMore(byte[] shown, String text, List<Reference.Known> known) {
        int furthest = 0;
        for (Reference.Known one : known) {
            furthest = Math.max(furthest, one.out());
        }
        for (int back = 1; back <= furthest; back++) {
            List<Reference.Known> earlier = new ArrayList<>();
            for (Reference.Known one : known) {
                int from = Math.max(0, one.out() - back);
                earlier.add(new Reference.Known(one.secret(), from, one.out()));
            }
            if (Arrays.equals(shown, reference.mask(text, earlier).getBytes(ISO_8859_1))) {
                return true;
            }
        }
        return false;
    }

    private static int end(String text, BitSet cuts, int from) {
        int cut = cuts.nextSetBit(from + 1);
        return cut < 0 ? text.length() : Math.min(cut, text.length());
    }

    private void requireFewHeld(int held, String text, int written, List<String> known) {
        int most = held == 0 ? 0 : reference.mostHeld(text.substring(0, written), known);
        if (held > most) {
            throw new AssertionError(
                    "After "
                            + written
                            + " bytes "
                            + held
                            + " are held back, but at most "
                            + most
                            + " can become a secret. As a file of the corpus:\n"
                            + MaskerScript.of(known, List.of(), text, new BitSet()));
        }
    }

    /** The reference allows more than one output where secrets are added, the splits do not. */
    private void requireSame(byte[] whole, String text, List<Addition> additions, BitSet cuts) {
        if (!Arrays.equals(whole, output.toByteArray())) {
            throw new AssertionError(
                    "The output depends on the split:\n  whole "
                            + MaskerScript.literal(whole)
                            + "\n  cut   "
                            + MaskerScript.literal(output.toByteArray())
                            + "\nAs a file of the corpus:\n"
                            + MaskerScript.of(secrets, additions, text, cuts));
        }
    }

    private void requireSame(long[] whole, long[] cut, String text, BitSet cuts) {
        if (!Arrays.equals(whole, cut)) {
            throw new AssertionError(
                    "The hits differ: "
                            + Arrays.toString(whole)
                            + " in one write, "
                            + Arrays.toString(cut)
                            + " cut after "
                            + cuts
                            + ". As a file of the corpus:\n"
                            + MaskerScript.of(secrets, List.of(), text, cuts));
        }
    }
}
