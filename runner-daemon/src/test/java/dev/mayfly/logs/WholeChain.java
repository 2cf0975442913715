package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.mayfly.job.SecretValue;
import java.util.ArrayList;
import java.util.List;

/** From values to what is looked for, as a job's log does it. One byte in each character. */
final class WholeChain {

    private WholeChain() {}

    /** All forms of those that have a length that can be masked, common words among them. */
    static List<SecretPattern> forms(List<String> values) {
        List<SecretPattern> forms = new ArrayList<>();
        for (String value : values) {
            if (isMaskable(value)) {
                forms.addAll(
                        SecretVariants.of("S" + forms.size(), secret(value), Masking.STANDARD));
            }
        }
        return forms;
    }

    static boolean isMaskable(String value) {
        return switch (Maskability.of("S", secret(value), Masking.STANDARD)) {
            case Maskability.Maskable _, Maskability.CommonWord _ -> true;
            case Maskability.TooShort _, Maskability.TooLong _ -> false;
        };
    }

    private static SecretValue secret(String value) {
        return new SecretValue(value.getBytes(ISO_8859_1));
    }
}
