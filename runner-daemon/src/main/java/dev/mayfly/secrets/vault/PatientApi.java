package dev.mayfly.secrets.vault;

import java.time.Duration;
import java.util.concurrent.ThreadLocalRandom;

/**
 * Asks until it works or it makes no sense any more. Repeating is harmless for all that is asked
 * here: what a lost answer may have left behind dies with a short-lived token, and revoking twice
 * is revoking once.
 */
final class PatientApi {

    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

    private final VaultApi api;
    private final Duration limit;

    /**
     * Prepares the asking.
     *
     * @param limit of each attempt
     */
    PatientApi(VaultApi api, Duration limit) {
        this.api = api;
        this.limit = limit;
    }

    /**
     * Asks once.
     *
     * @throws VaultFailure for every answer that is no success
     */
    VaultAnswer once(VaultRequest request, Until until) throws InterruptedException {
        VaultAnswer answer = api.ask(request, until.atMost(limit));
        if (!answer.succeeded()) {
            throw VaultFailure.of(request, answer);
        }
        return answer;
    }

    /**
     * Asks again as long as that may help.
     *
     * @throws VaultFailure the last one
     */
    VaultAnswer untilItWorks(VaultRequest request, Until until) throws InterruptedException {
        return patiently(() -> once(request, until), until);
    }

    /** One way of asking. */
    @FunctionalInterface
    interface Attempt {
        VaultAnswer ask() throws InterruptedException;
    }

    /** The same patience with another way of asking. */
    static VaultAnswer patiently(Attempt attempt, Until until) throws InterruptedException {
        Duration pause = FIRST_PAUSE;
        while (true) {
            try {
                return attempt.ask();
            } catch (VaultFailure e) {
                Duration wait = longer(jittered(pause), e.retryAfter());
                if (!e.passing() || wait.compareTo(until.left()) >= 0) {
                    throw e;
                }
                Thread.sleep(wait);
                pause = pause.multipliedBy(2);
                pause = pause.compareTo(LONGEST_PAUSE) > 0 ? LONGEST_PAUSE : pause;
            }
        }
    }

    private static Duration jittered(Duration pause) {
        return Duration.ofMillis(
                pause.toMillis() / 2
                        + ThreadLocalRandom.current().nextLong(pause.toMillis() / 2 + 1));
    }

    private static Duration longer(Duration one, Duration other) {
        return one.compareTo(other) >= 0 ? one : other;
    }
}
