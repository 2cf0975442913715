package dev.mayfly.sandbox.docker;

import dev.mayfly.sandbox.Step;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * What steps are told of the relay beside them.
 *
 * @param relay or null where there is none
 * @param ofJob whether the job may use it, or only the checkout
 * @param direct names that are not reached through it
 */
record WayOut(@Nullable Relay relay, boolean ofJob, List<String> direct) {

    static final WayOut NONE = new WayOut(null, false, List.of());

    WayOut {
        direct = List.copyOf(direct);
    }

    /** The step with the variables by which its programs find the proxy; they win. */
    Step told(Step step) {
        if (relay == null || (step.place() == Step.Place.JOB && !ofJob)) {
            return step;
        }
        Map<String, String> environment = new HashMap<>(step.environment());
        environment.putAll(Relay.variables(relay.proxy(), step.environment(), direct));
        return new Step(
                step.name(), step.place(), step.program(), environment, step.files(), step.stdin());
    }

    /** Ends it where it was there for the checkout only; true if so. */
    boolean endedWithCheckout() {
        if (relay == null || ofJob) {
            return false;
        }
        relay.close();
        return true;
    }
}
