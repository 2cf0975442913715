package dev.mayfly.logs;

import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Secrets and texts in which much nearly matches: secrets, beginnings and ends of them, the same
 * with interruptions, and glue of the same letters. The same for the same seed. Strings hold one
 * byte in each character.
 */
final class RandomTexts {

    /** Few letters make overlaps likely, all byte values make them honest. */
    private static final int[] LETTERS = {1, 2, 2, 3, 3, 26, 256};

    private static final int[] SHORTEST = {1, 4, 6, 8, 12};

    private final SplittableRandom random;
    private final StringBuilder text = new StringBuilder();

    RandomTexts(long seed) {
        random = new SplittableRandom(seed);
    }

    List<String> secrets() {
        int letters = LETTERS[random.nextInt(LETTERS.length)];
        int shortest = SHORTEST[random.nextInt(SHORTEST.length)];
        List<String> secrets = new ArrayList<>();
        int count = 1 + random.nextInt(5);
        for (int i = 0; i < count; i++) {
            text.setLength(0);
            appendLetters(shortest + random.nextInt(14), letters);
            if (letters < 256 && random.nextInt(8) == 0) {
                // A line end or a blank inside a secret is the line ends' and blanks' worst case.
                text.setCharAt(
                        random.nextInt(text.length()), "\n \r\u001b".charAt(random.nextInt(4)));
            }
            secrets.add(text.toString());
        }
        return secrets;
    }

    /** Some 10 to 200 bytes. */
    String text(List<String> secrets) {
        text.setLength(0);
        int pieces = 1 + random.nextInt(14);
        for (int i = 0; i < pieces; i++) {
            String secret = secrets.get(random.nextInt(secrets.size()));
            int cut = random.nextInt(secret.length() + 1);
            switch (random.nextInt(8)) {
                case 0, 1 -> text.append(secret);
                case 2 -> text.append(secret, 0, cut);
                case 3 -> text.append(secret, cut, secret.length());
                case 4 -> {
                    text.append(secret, 0, cut);
                    appendInterruption();
                    text.append(secret, cut, secret.length());
                }
                case 5 -> appendInterruption();
                case 6 -> {
                    for (int j = 0; j < secret.length(); j++) {
                        text.append(secret.charAt(j));
                        if (random.nextInt(4) == 0) {
                            appendInterruption();
                        }
                    }
                }
                default -> appendLetters(random.nextInt(20), 1 + random.nextInt(256));
            }
        }
        return text.toString();
    }

    /** Where writes end, in between far apart and next to each other. */
    BitSet cuts(String text) {
        BitSet cuts = new BitSet();
        int most = 1 + random.nextInt(24);
        int at = random.nextInt(most) + 1;
        while (at < text.length()) {
            cuts.set(at);
            at += random.nextInt(most) + 1;
        }
        return cuts;
    }

    /** One of these becomes known somewhere in the text. */
    MaskerCheck.Addition addition(String text, List<String> secrets) {
        return new MaskerCheck.Addition(
                random.nextInt(text.length() + 1),
                List.of(secrets.get(random.nextInt(secrets.size()))));
    }

    private void appendInterruption() {
        List<String> all = MaskerScript.INTERRUPTIONS;
        text.append(all.get(random.nextInt(all.size())));
    }

    private void appendLetters(int length, int letters) {
        for (int i = 0; i < length; i++) {
            int letter = random.nextInt(letters);
            text.append((char) (letters == 256 ? letter : (letter + 'a') & 0xFF));
        }
    }
}
