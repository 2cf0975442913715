package dev.mayfly.logs;

/**
 * Fuzz target: the masker alone. Compares it with the reference for a text in one write, byte by
 * byte, and split as the input says. The input is a {@link MaskerScript}.
 */
public final class MaskerFuzz {

    private MaskerFuzz() {}

    /** What a fuzzer calls. */
    public static void fuzzerTestOneInput(byte[] input) {
        MaskerScript script = MaskerScript.read(input);
        new MaskerCheck(MaskedStream.exact(script.secrets()), Reference.NAIVE)
                .check(script.text(), script.additions(), script.cuts());
    }
}
