package dev.mayfly.execution;

import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.Outcome;
import dev.mayfly.sandbox.DeliveredFile;
import dev.mayfly.sandbox.SandboxLimits;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.Step;
import dev.mayfly.sandbox.StepEnd;
import dev.mayfly.secrets.Secret;
import dev.mayfly.source.Claim;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * What a job asks for within what its pool allows, and how it ended by that measure.
 *
 * @param terms of the pool it runs in
 */
record JobPlan(Claim claim, PoolTerms terms) {

    private JobSpec spec() {
        return claim.spec();
    }

    /** How long the script may run. */
    Duration timeout() {
        return Ceiling.lower(spec().steps().timeout(), terms.timeout());
    }

    SandboxLimits limits() {
        return Ceiling.of(terms.limits(), spec().environment().resources());
    }

    SandboxSpec environment() {
        JobEnvironment asked = spec().environment();
        ImageSpec image = asked.image() == null ? terms.image() : asked.image();
        return new SandboxSpec(
                claim.job(),
                terms.pool(),
                image,
                asked.services(),
                asked.network(),
                SourceSteps.needs(spec().inputs().workspace()),
                limits(),
                terms.hardening());
    }

    /** What fetches the sources, if there are any. */
    Optional<Step> checkout() {
        return SourceSteps.stepFor(spec().inputs().workspace());
    }

    Step script(List<Secret> secrets) {
        return step("script", spec().steps().script(), secrets, Map.of());
    }

    /** What the job wants to run after its script, if anything; it knows how that ended. */
    Optional<Step> afterScript(List<Secret> secrets, Outcome outcome) {
        List<String> lines = spec().steps().afterScript();
        return lines.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        step(
                                "after_script",
                                lines,
                                secrets,
                                Map.of("MAYFLY_OUTCOME", outcome.word())));
    }

    private Step step(
            String name, List<String> lines, List<Secret> secrets, Map<String, String> more) {
        Map<String, String> environment = new HashMap<>(spec().inputs().variables());
        environment.putAll(SecretVariables.of(secrets));
        // Last: neither a variable nor a secret takes the place of what Mayfly says.
        environment.put("CI", "true");
        environment.put("MAYFLY_JOB_ID", claim.job().value());
        environment.put("MAYFLY_JOB_NAME", spec().name());
        environment.put("MAYFLY_POOL", terms.pool().value());
        environment.putAll(more);
        return new Step(
                name,
                Step.Place.JOB,
                new Step.Program.Shell(EchoedScript.of(lines)),
                environment,
                secrets.stream()
                        .map(s -> new DeliveredFile(s.request().name(), s.value()))
                        .toList(),
                null);
    }

    /** What the script's end makes of the job. */
    Outcome outcomeOf(StepEnd end) {
        return switch (end) {
            case StepEnd.Exited(int code) when code == 0 -> new Outcome.Passed();
            case StepEnd.Exited(int code) -> new Outcome.Failed(code);
            case StepEnd.OutOfMemory() -> new Outcome.OutOfMemory(limits().memoryBytes());
            case StepEnd.TimedOut() -> new Outcome.TimedOut(timeout());
            case StepEnd.Cancelled() -> cancelled();
        };
    }

    /** The end of a job that somebody, or the daemon, did not want to go on. */
    Outcome cancelled() {
        String reason = claim.cancellation().reason();
        return new Outcome.Cancelled(reason == null ? "the daemon is stopping" : reason);
    }
}
