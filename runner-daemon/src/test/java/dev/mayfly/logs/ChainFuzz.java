package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.List;
import java.util.regex.Pattern;

/**
 * Fuzz target: from values through their forms to the masker. Besides the comparison with the
 * reference, nothing that a value's encoder has printed may be found in the output. The input is a
 * {@link ChainScript}.
 */
public final class ChainFuzz {

    private static final Pattern MARKS = Pattern.compile(Pattern.quote(LogMasker.MARK));

    private ChainFuzz() {}

    /** What a fuzzer calls. */
    public static void fuzzerTestOneInput(byte[] input) {
        ChainScript script = ChainScript.read(input);
        List<SecretPattern> forms = WholeChain.forms(script.values());
        MaskerCheck check = new MaskerCheck(forms, Reference.NAIVE);
        check.check(script.text(), List.of(), script.cuts());

        String shown = new MaskedStream(check.patterns()).write(script.text()).finish();
        // A mark may have come between halves that never stood next to each other.
        for (String piece : MARKS.split(shown, -1)) {
            for (String hidden : script.mayNotBeSeen()) {
                if (piece.contains(hidden)) {
                    throw new AssertionError(
                            "Of the values "
                                    + script.values().stream()
                                            .map(v -> v.getBytes(ISO_8859_1))
                                            .map(MaskerScript::literal)
                                            .toList()
                                    + " the form "
                                    + MaskerScript.literal(hidden.getBytes(ISO_8859_1))
                                    + " is shown in "
                                    + MaskerScript.literal(shown.getBytes(ISO_8859_1)));
                }
            }
        }
    }
}
