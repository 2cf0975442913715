package dev.mayfly.secrets.vault;

import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What a server's version means. */
final class ServerVersion {

    private static final Pattern NUMBERS = Pattern.compile("v?(\\d+)\\.(\\d+)\\.(\\d+).*");

    /** Vault: forged logins by certificate, names of policies in other cases, JSON that kills. */
    private static final int[] OLDEST_VAULT = {1, 20, 3};

    /** OpenBao: revocation of other namespaces' tokens, logins that audit does not see. */
    private static final int[] OLDEST_OPENBAO = {2, 6, 2};

    private ServerVersion() {}

    /**
     * The oldest version of the same line without a hole that is known, if this one is older.
     *
     * @param version as a server says it; what cannot be read counts as new enough
     */
    static Optional<String> tooOldFor(String version) {
        Matcher numbers = NUMBERS.matcher(version);
        if (!numbers.matches()) {
            return Optional.empty();
        }
        int major = Integer.parseInt(numbers.group(1));
        int[] oldest = major < OLDEST_OPENBAO[0] ? OLDEST_VAULT : OLDEST_OPENBAO;
        for (int i = 0; i < oldest.length; i++) {
            int number = Integer.parseInt(numbers.group(i + 1));
            if (number != oldest[i]) {
                return number > oldest[i]
                        ? Optional.empty()
                        : Optional.of("%d.%d.%d".formatted(oldest[0], oldest[1], oldest[2]));
            }
        }
        return Optional.empty();
    }
}
