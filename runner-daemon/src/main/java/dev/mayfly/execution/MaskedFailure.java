package dev.mayfly.execution;

import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;

/**
 * A failure as Mayfly's own log may show it: where it happened is kept, its words are masked, for
 * an engine or a library may echo what it was given.
 */
final class MaskedFailure extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Chains of causes may be circular. */
    private static final int DEEPEST = 10;

    /** Says what the original's {@code toString} says, which begins with its type. */
    private MaskedFailure(String message, @Nullable Throwable cause) {
        super(message, cause);
    }

    static MaskedFailure of(Throwable failure, UnaryOperator<String> mask) {
        return of(failure, mask, DEEPEST);
    }

    private static MaskedFailure of(Throwable failure, UnaryOperator<String> mask, int deep) {
        Throwable cause = failure.getCause();
        MaskedFailure masked =
                new MaskedFailure(
                        mask.apply(failure.toString()),
                        cause == null || deep == 0 ? null : of(cause, mask, deep - 1));
        masked.setStackTrace(failure.getStackTrace());
        return masked;
    }
}
