package dev.mayfly.execution;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.GitFetch;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.Places;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.job.RegistryLogin;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.ServerFacts;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.sandbox.DeliveredFile;
import dev.mayfly.sandbox.ImageTerms;
import dev.mayfly.sandbox.Outlet;
import dev.mayfly.sandbox.SandboxLimits;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.Step;
import dev.mayfly.sandbox.StepEnd;
import dev.mayfly.secrets.Secret;
import dev.mayfly.source.Claim;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a job asks for within what its pool allows, and how it ended by that measure.
 *
 * @param terms of the pool it runs in
 * @param colours whether commands are shown in one
 */
record JobPlan(Claim claim, PoolTerms terms, boolean colours) {

    private static final Duration AFTER_SCRIPT_LIMIT = Duration.ofMinutes(5);

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

    /**
     * The environment to make.
     *
     * @param bring whether something is unpacked into it before the script
     * @param outlet through which it connects to others, or null where nothing is filtered
     * @throws dev.mayfly.job.FaultException {@code REGISTRY} if the pool's logins cannot be read
     */
    SandboxSpec environment(boolean bring, @Nullable Outlet outlet) {
        JobEnvironment asked = spec().environment();
        List<RegistryLogin> logins = new ArrayList<>(asked.registries());
        logins.addAll(terms.registries().now());
        ImageSpec image = asked.image() == null ? terms.image() : asked.image();
        return new SandboxSpec(
                claim.job(),
                terms.pool(),
                image.orPulled(pull()),
                asked.services().stream().map(service -> service.orPulled(pull())).toList(),
                logins,
                asked.network(),
                checkoutWith(bring),
                directory(),
                limits(),
                terms.hardening(),
                outlet,
                imageTerms());
    }

    private ImageTerms imageTerms() {
        ServerFacts server = claim.facts().trusted().server();
        String commit =
                server.ref().commit().isEmpty()
                        ? switch (spec().inputs().workspace()) {
                            case WorkspaceSource.Git(String _, String hash, GitFetch _) -> hash;
                            case WorkspaceSource.Bundle(Path _, String hash) -> hash;
                            case WorkspaceSource.Archive(Path _) -> "";
                            case WorkspaceSource.Empty() -> "";
                        }
                        : server.ref().commit();
        String project = claim.source() + " " + server.project().id();
        return new ImageTerms(
                terms.images(),
                project,
                commit.isEmpty() ? "" : project + " " + commit,
                spec().environment().image() == null);
    }

    /** When images are fetched of which the job does not say it. */
    private List<PullPolicy> pull() {
        if (!terms.pull().isEmpty()) {
            return terms.pull();
        }
        boolean ofServer = !claim.facts().trusted().server().equals(ServerFacts.NONE);
        return ofServer ? List.of(PullPolicy.ALWAYS) : List.of();
    }

    /** Where each step begins. */
    String directory() {
        return SourceSteps.directory(spec().inputs().workspace());
    }

    private SandboxSpec.Checkout checkoutWith(boolean bring) {
        SandboxSpec.Checkout needed = SourceSteps.needs(spec().inputs().workspace());
        return bring && needed == SandboxSpec.Checkout.NOTHING
                ? SandboxSpec.Checkout.OFFLINE
                : needed;
    }

    /**
     * What fetches the sources, if there are any, and what runs around that. No secret of a
     * provider is among it.
     */
    List<Step> checkout() {
        WorkspaceSource workspace = spec().inputs().workspace();
        List<Step> steps = new ArrayList<>();
        SourceSteps.stepFor(workspace).ifPresent(steps::add);
        GitFetch.Hooks hooks = SourceSteps.hooks(workspace);
        if (!hooks.before().isEmpty()) {
            steps.addFirst(hook("pre_get_sources", hooks.before()));
        }
        if (!hooks.after().isEmpty()) {
            steps.addLast(hook("post_get_sources", hooks.after()));
        }
        return steps;
    }

    private Step hook(String name, List<String> lines) {
        return step(name, Step.Place.HELPER, lines, List.of(), Map.of());
    }

    /** What the log must not show and did not come from a provider. */
    List<HandedValue> masked() {
        return spec().inputs().handed().stream()
                .filter(value -> value.is(HandedValue.Use.MASKED))
                .toList();
    }

    /**
     * What the job asks for and what its pool gives it unasked.
     *
     * @throws FaultException {@code SECRET} when one name would mean two things
     */
    List<SecretRequest> secrets(List<SecretRequest> bound) {
        List<SecretRequest> wanted = new ArrayList<>(bound);
        for (SecretRequest own : spec().inputs().secrets()) {
            if (bound.stream().anyMatch(one -> one.name().equals(own.name()))) {
                throw new FaultException(
                        Fault.SECRET,
                        "the job's secret "
                                + own.name()
                                + " has the name of one that every job in pool "
                                + terms.pool()
                                + " gets: give it another name, or use that one");
            }
            wanted.add(own);
        }
        return wanted;
    }

    /** From the moment in which the job was taken until its last command, or null for no limit. */
    @Nullable Duration wholeLimit() {
        return spec().steps().limits().job();
    }

    Duration afterScriptLimit() {
        Duration asked = spec().steps().limits().afterScript();
        return asked == null ? AFTER_SCRIPT_LIMIT : Ceiling.lower(asked, terms.timeout());
    }

    /**
     * What the job wants to run before its script, if anything. It has nothing that nobody else may
     * see: neither secrets nor masked values, nor variables that hold one of these, as the address
     * of a repository does with a token in it.
     */
    Optional<Step> setup() {
        List<String> lines = spec().steps().setup();
        if (lines.isEmpty()) {
            return Optional.empty();
        }
        Inputs inputs = spec().inputs();
        List<String> masked =
                masked().stream()
                        .map(value -> new String(value.value().reveal(), StandardCharsets.UTF_8))
                        .filter(value -> !value.isBlank())
                        .toList();
        Map<String, String> open = new HashMap<>(inputs.variables());
        open.values().removeIf(value -> masked.stream().anyMatch(value::contains));
        List<HandedValue> shown =
                inputs.handed().stream()
                        .filter(value -> !value.is(HandedValue.Use.MASKED))
                        .toList();
        return Optional.of(step("setup", Step.Place.JOB, lines, open, shown, List.of(), Map.of()));
    }

    Step script(List<Secret> secrets) {
        return step("script", Step.Place.JOB, spec().steps().script(), secrets, Map.of());
    }

    /** What is run when the script has passed, in order. */
    List<Step> further(List<Secret> secrets) {
        return spec().steps().further().stream()
                .map(one ->
                        step("step_" + one.name(), Step.Place.JOB, one.lines(), secrets, Map.of()))
                .toList();
    }

    /** What the job wants to run after its script, if anything; it knows how that ended. */
    Optional<Step> afterScript(List<Secret> secrets, Outcome outcome) {
        List<String> lines = spec().steps().afterScript();
        return lines.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        step(
                                "after_script",
                                Step.Place.JOB,
                                lines,
                                secrets,
                                Map.of(
                                        "MAYFLY_OUTCOME",
                                        outcome.word(),
                                        "CI_JOB_STATUS",
                                        statusOf(outcome))));
    }

    /** In the words that after_scripts written for GitLab look at. */
    private static String statusOf(Outcome outcome) {
        return switch (outcome) {
            case Outcome.Passed() -> "success";
            case Outcome.Cancelled(String _) -> "canceled";
            case Outcome.TimedOut(Duration _) -> "timedout";
            case Outcome.Failed _,
                    Outcome.OutOfMemory _,
                    Outcome.OutOfDisk _,
                    Outcome.Denied _,
                    Outcome.Faulted _,
                    Outcome.Lost _ ->
                    "failed";
        };
    }

    private Step step(
            String name,
            Step.Place place,
            List<String> lines,
            List<Secret> secrets,
            Map<String, String> more) {
        Inputs inputs = spec().inputs();
        return step(name, place, lines, inputs.variables(), inputs.handed(), secrets, more);
    }

    private Step step(
            String name,
            Step.Place place,
            List<String> lines,
            Map<String, String> variables,
            List<HandedValue> handed,
            List<Secret> secrets,
            Map<String, String> more) {
        Map<String, String> environment = new HashMap<>(variables);
        // By name: a secret takes the place of a file variable that is called the same.
        Map<String, DeliveredFile> files = new LinkedHashMap<>();
        for (HandedValue value : handed) {
            if (value.is(HandedValue.Use.FILE)) {
                files.put(value.name(), new DeliveredFile(value.name(), value.value()));
                environment.put(value.name(), Places.file(value.name()));
            } else if (value.is(HandedValue.Use.VARIABLE)) {
                environment.put(
                        value.name(), new String(value.value().reveal(), StandardCharsets.UTF_8));
            }
        }
        environment.putAll(SecretVariables.of(secrets));
        for (Secret secret : secrets) {
            String file = secret.request().name();
            files.put(file, new DeliveredFile(file, secret.value()));
        }
        // Last: neither a variable nor a secret takes the place of what Mayfly says.
        environment.put("CI", "true");
        environment.put("MAYFLY_JOB_ID", claim.job().value());
        environment.put("MAYFLY_JOB_NAME", spec().name());
        environment.put("MAYFLY_POOL", terms.pool().value());
        environment.putAll(more);
        return new Step(
                name,
                place,
                new Step.Program.Shell(
                        colours ? EchoedScript.coloured(lines) : EchoedScript.of(lines)),
                environment,
                List.copyOf(files.values()),
                null);
    }

    /**
     * What the script's end makes of the job.
     *
     * @param limit that it was given
     */
    Outcome outcomeOf(StepEnd end, Duration limit) {
        return switch (end) {
            case StepEnd.Exited(int code) when code == 0 -> new Outcome.Passed();
            case StepEnd.Exited(int code) -> new Outcome.Failed(code);
            case StepEnd.OutOfMemory() -> new Outcome.OutOfMemory(limits().memoryBytes());
            case StepEnd.OutOfDisk(String excess) -> new Outcome.OutOfDisk(excess);
            case StepEnd.TimedOut() -> new Outcome.TimedOut(limit);
            case StepEnd.Cancelled() -> cancelled();
        };
    }

    /** The end of a job that somebody, or the daemon, did not want to go on. */
    Outcome cancelled() {
        String reason = claim.cancellation().reason();
        return new Outcome.Cancelled(reason == null ? "the daemon is stopping" : reason);
    }
}
