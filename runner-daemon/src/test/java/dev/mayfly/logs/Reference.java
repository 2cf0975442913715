package dev.mayfly.logs;

import java.util.List;

/**
 * What the masker must show, found in another way. Everything that searches for differences asks
 * through this, so that no search knows how the reference works. Strings hold one byte in each
 * character.
 */
interface Reference {

    /** {@link NaiveMasker}. */
    Reference NAIVE = new Naive();

    /**
     * A secret that is looked for.
     *
     * @param from the first position at which an occurrence may start
     * @param out how many bytes are out when it becomes known, and stay what they are
     */
    record Known(String secret, int from, int out) {}

    /** The whole text at once. */
    String mask(String text, List<Known> secrets);

    /** How many bytes may be held back, at most, when this much is written. */
    int mostHeld(String written, List<String> secrets);

    /** The contract by the letter. */
    final class Naive implements Reference {

        private Naive() {}

        @Override
        public String mask(String text, List<Known> secrets) {
            NaiveMasker masker = new NaiveMasker(text);
            for (Known known : secrets) {
                if (known.out() == 0) {
                    masker.hide(List.of(known.secret()), known.from());
                    continue;
                }
                masker.hideSame(
                        new NaiveMasker(text).hide(List.of(known.secret()), known.from()),
                        known.out());
            }
            return masker.masked(List.of());
        }

        @Override
        public int mostHeld(String written, List<String> secrets) {
            return NaiveMasker.open(written, secrets);
        }
    }
}
