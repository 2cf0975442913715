package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * What a file of the masker's fuzz corpus says: secrets, then a text and how it is written.
 *
 * <p>Secrets are separated by {@code ~/}; one behind {@code ~+} becomes known later. The text
 * begins behind {@code ~:}. In it
 *
 * <ul>
 *   <li>{@code ~|} ends one write and begins another, {@code ~+} makes the next of the later
 *       secrets known;
 *   <li>{@code ~0} to {@code ~9} is a secret, {@code ~<nk} the first k bytes of secret n, {@code
 *       ~>nk} what is behind them;
 *   <li>{@code ~ink} is secret n with the interruption k between each two bytes, {@code ~@nkp} with
 *       one at place p, {@code ~?k} an interruption alone;
 *   <li>{@code ~*kc} is k times the byte c.
 * </ul>
 *
 * <p>See {@link ScriptReader} for the rest.
 */
record MaskerScript(
        List<String> secrets, List<MaskerCheck.Addition> additions, String text, BitSet cuts) {

    /** What may stand inside a secret on a terminal, and what only looks like it. */
    static final List<String> INTERRUPTIONS =
            List.of(
                    "\u001b[m",
                    "\u001b[1;31m",
                    "\u001b[K",
                    "\u001b[?25l",
                    "\u001b(B",
                    "\u001bM",
                    "\u001b]0;t\u0007",
                    "\u001b]8;;x\u001b\\",
                    "\u001bPq\u001b\\",
                    "\u001bXsos\u001b\\",
                    "\n",
                    "\r\n",
                    "\r",
                    "\n    ",
                    "\r\r\n",
                    "\n\t",
                    "\u001b",
                    "\u001b[",
                    "\u001b[1;",
                    "\u001b]",
                    " ",
                    "\u009b31m");

    private static final int MOST_SECRETS = 8;
    private static final int LONGEST_SECRET = 64;
    private static final int LONGEST_TEXT = 600;

    static MaskerScript read(byte[] script) {
        ScriptReader reader = new ScriptReader(script);
        List<String> first = new ArrayList<>();
        List<String> later = new ArrayList<>();
        readSecrets(reader, first, later);
        return readText(reader, first, later);
    }

    private static void readSecrets(ScriptReader reader, List<String> first, List<String> later) {
        List<String> into = first;
        StringBuilder secret = new StringBuilder();
        while (true) {
            int next = reader.next();
            switch (next) {
                case ScriptReader.END,
                        ScriptReader.COMMAND + ':',
                        ScriptReader.COMMAND + '/',
                        ScriptReader.COMMAND + '+' -> {
                    if (!secret.isEmpty() && first.size() + later.size() < MOST_SECRETS) {
                        into.add(secret.toString());
                    }
                    secret.setLength(0);
                    if (next == ScriptReader.END || next == ScriptReader.COMMAND + ':') {
                        return;
                    }
                    into = next == ScriptReader.COMMAND + '+' ? later : first;
                }
                default -> {
                    if (secret.length() < LONGEST_SECRET) {
                        secret.append((char) (next & 0xFF));
                    }
                }
            }
        }
    }

    private static MaskerScript readText(
            ScriptReader reader, List<String> first, List<String> later) {
        List<String> all = new ArrayList<>(first);
        all.addAll(later);
        if (all.isEmpty()) {
            all.add("");
        }
        List<MaskerCheck.Addition> additions = new ArrayList<>();
        BitSet cuts = new BitSet();
        StringBuilder text = new StringBuilder();
        int next = reader.next();
        while (next != ScriptReader.END && text.length() < LONGEST_TEXT) {
            switch (next) {
                case ScriptReader.COMMAND + '|' -> cuts.set(text.length());
                case ScriptReader.COMMAND + '+' -> {
                    if (additions.size() < later.size()) {
                        additions.add(
                                new MaskerCheck.Addition(
                                        text.length(), List.of(later.get(additions.size()))));
                    }
                }
                case ScriptReader.COMMAND + '<' -> {
                    String secret = pick(all, reader);
                    text.append(secret, 0, reader.number() % (secret.length() + 1));
                }
                case ScriptReader.COMMAND + '>' -> {
                    String secret = pick(all, reader);
                    text.append(secret.substring(reader.number() % (secret.length() + 1)));
                }
                case ScriptReader.COMMAND + 'i' -> {
                    String[] letters = pick(all, reader).split("(?!^)");
                    text.append(String.join(pick(INTERRUPTIONS, reader), letters));
                }
                case ScriptReader.COMMAND + '@' -> {
                    StringBuilder secret = new StringBuilder(pick(all, reader));
                    String interruption = pick(INTERRUPTIONS, reader);
                    secret.insert(reader.number() % (secret.length() + 1), interruption);
                    text.append(secret);
                }
                case ScriptReader.COMMAND + '?' -> text.append(pick(INTERRUPTIONS, reader));
                case ScriptReader.COMMAND + '*' -> {
                    int times = reader.number();
                    text.append(String.valueOf((char) (reader.next() & 0xFF)).repeat(times));
                }
                default -> {
                    int digit = next - ScriptReader.COMMAND - '0';
                    if (digit >= 0 && digit <= 9) {
                        text.append(all.get(digit % all.size()));
                    } else {
                        text.append((char) (next & 0xFF));
                    }
                }
            }
            next = reader.next();
        }
        text.setLength(Math.min(text.length(), LONGEST_TEXT));
        return new MaskerScript(first, additions, text.toString(), cuts);
    }

    private static String pick(List<String> from, ScriptReader reader) {
        return from.get(reader.number() % from.size());
    }

    /** A script that says the same, without any abbreviation. */
    static String of(
            List<String> secrets, List<MaskerCheck.Addition> additions, String text, BitSet cuts) {
        StringBuilder script = new StringBuilder();
        String separator = "";
        for (String secret : secrets) {
            script.append(separator).append(literal(secret.getBytes(ISO_8859_1)));
            separator = "~/";
        }
        for (MaskerCheck.Addition addition : additions) {
            for (String secret : addition.secrets()) {
                script.append("~+").append(literal(secret.getBytes(ISO_8859_1)));
            }
        }
        script.append("~:\n");
        int added = 0;
        for (int i = 0; i <= text.length(); i++) {
            while (added < additions.size() && additions.get(added).at() == i) {
                script.append("~+".repeat(additions.get(added++).secrets().size()));
            }
            if (cuts.get(i)) {
                script.append("~|");
            }
            if (i < text.length()) {
                script.append(literal(new byte[] {(byte) text.charAt(i)}));
            }
        }
        return script.append('\n').toString();
    }

    static String literal(byte[] bytes) {
        StringBuilder script = new StringBuilder();
        for (byte b : bytes) {
            switch (b) {
                case '~' -> script.append("~~");
                case 0x1B -> script.append("~e");
                case '\n' -> script.append("~n");
                case '\r' -> script.append("~r");
                default -> {
                    if (b >= ' ' && b < 0x7F) {
                        script.append((char) b);
                    } else {
                        script.append("~x%02x".formatted(b));
                    }
                }
            }
        }
        return script.toString();
    }
}
