package dev.mayfly.job;

import java.util.Collection;
import java.util.List;
import java.util.function.UnaryOperator;

/** Hides secrets, however they are encoded, in what is said of a job before its log masks. */
@FunctionalInterface
public interface Hiding {

    /**
     * Hides these values in any number of texts. To look for them is prepared once, which takes
     * milliseconds, and only if there is a text.
     *
     * @return for one thread
     */
    UnaryOperator<String> hidden(Collection<SecretValue> secrets);

    /** The same for texts about one job, of which its masked values are hidden. */
    default UnaryOperator<String> of(Collection<HandedValue> handed) {
        List<SecretValue> secrets =
                handed.stream()
                        .filter(value -> value.is(HandedValue.Use.MASKED))
                        .map(HandedValue::value)
                        .toList();
        return secrets.isEmpty() ? UnaryOperator.identity() : hidden(secrets);
    }
}
