package dev.mayfly.source.gitlab;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.job.HandedValue;
import dev.mayfly.job.HandedValue.Use;
import dev.mayfly.job.Hiding;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.Places;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.job.RegistryLogin;
import dev.mayfly.job.ResourceRequest;
import dev.mayfly.job.SecretAccount;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.SecretValue;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.job.Steps;
import dev.mayfly.job.Transfers;
import dev.mayfly.registry.DockerConfig;
import dev.mayfly.source.gitlab.JobPayload.Image;
import dev.mayfly.source.gitlab.JobPayload.Service;
import dev.mayfly.source.gitlab.JobPayload.Step;
import dev.mayfly.source.gitlab.JobPayload.Variable;
import dev.mayfly.source.gitlab.JobPayload.Variable.Trait;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.UnaryOperator;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Makes a job of Mayfly's out of one of GitLab's, or says what of it would get lost: such a job is
 * refused, not run without it.
 */
final class JobMapping {

    /** Shows each command as the shell runs it, values and all; so GitLab limits who may look. */
    static final String DEBUG = "CI_DEBUG_TRACE";

    /** Rules of pools hold jobs by it, so it must say one thing, and in the open. */
    private static final String ENVIRONMENT = "CI_ENVIRONMENT_NAME";

    /** Logins to registries, as the project has them. */
    private static final String LOGINS = "DOCKER_AUTH_CONFIG";

    /** What the server may call a step. */
    private static final Pattern STEP = Pattern.compile("[a-z][a-z0-9_]{0,31}");

    private static final Pattern BETWEEN_ALIASES = Pattern.compile("[ ,]+");

    /** How a pipeline says: no entrypoint. */
    private static final List<String> CLEARED = List.of("");

    private final JobPayload payload;
    private final RunnerFacts runner;
    private final JobVariables variables;
    private final Misfits misfits = new Misfits();
    private final List<String> skipped = new ArrayList<>();
    private final DockerConfig ownLogins;

    private final SecretMapping secrets;

    private JobMapping(JobPayload payload, RunnerFacts runner) {
        this.payload = payload;
        this.runner = runner;
        this.variables = variables(payload, runner);
        this.ownLogins = ownLogins();
        this.secrets = SecretMapping.of(payload.work().secrets(), variables);
        secrets.lacking().forEach(misfits::lacking);
    }

    /** What came out. */
    sealed interface Result {

        /**
         * A job that loses nothing but time.
         *
         * @param transfers what it is brought and what of it is kept
         * @param skipped what of it is not done and only makes it slower, each in a few words
         */
        record Mapped(JobSpec spec, Transfers transfers, List<String> skipped) implements Result {

            public Mapped {
                skipped = List.copyOf(skipped);
            }
        }

        /**
         * A job that would not be the one its author wrote.
         *
         * @param lacking what of it Mayfly cannot do, each in a few words
         * @param mistaken what of it means nothing, each with its value and the cure; masked values
         *     are not in it
         */
        record Refused(List<String> lacking, List<String> mistaken) implements Result {

            public Refused {
                lacking = List.copyOf(lacking);
                mistaken = List.copyOf(mistaken);
            }
        }
    }

    /**
     * Maps a job.
     *
     * @param hiding for what the result says of it
     */
    static Result map(JobPayload payload, RunnerFacts runner, Hiding hiding) {
        JobMapping mapping = new JobMapping(payload, runner);
        JobSpec spec = mapping.spec();
        TransferMapping transfers =
                new TransferMapping(payload, mapping.variables, runner.info(), mapping.misfits);
        Transfers mapped = transfers.map();
        mapping.skipped.addAll(transfers.skipped());
        UnaryOperator<String> hidden = hiding.of(spec.inputs().handed());
        List<String> lacking = mapping.misfits.lacking(hidden);
        List<String> mistaken = mapping.misfits.mistaken(hidden);
        return lacking.isEmpty() && mistaken.isEmpty()
                ? new Result.Mapped(spec, mapped, mapping.skipped.stream().map(hidden).toList())
                : new Result.Refused(lacking, mistaken);
    }

    private JobSpec spec() {
        payload.work().beyond().forEach(keyword -> misfits.lacking("the keyword " + keyword));
        if (runner.protectedRefs() && !payload.git().protectedRef()) {
            misfits.lacking(
                    "a runner that takes jobs of unprotected refs: this one is declared as"
                            + " protected here, and must be marked as protected at the server too");
        }
        requireOneEnvironment();
        if (!GitSources.fetches(variables) && GitSources.directory(variables) != null) {
            skipped.add("GIT_CLONE_PATH, since no sources are fetched");
        }
        return new JobSpec(
                payload.facts().name(),
                runner.pool(),
                steps(),
                new JobEnvironment(
                        image(), services(), runner.network(), ResourceRequest.NONE, registries()),
                new Inputs(
                        variables.plainValues(),
                        handed(),
                        secrets.requests(),
                        new GitSources(payload, variables, runner.authorities(), misfits)
                                .workspace()),
                List.of());
    }

    /** A pipeline can give a variable of this name a value beside the one that GitLab gives it. */
    private void requireOneEnvironment() {
        List<Variable> names =
                payload.work().variables().stream()
                        .filter(variable -> variable.key().equals(ENVIRONMENT))
                        .toList();
        boolean hidden = names.stream().anyMatch(v -> v.is(Trait.MASKED) || v.is(Trait.FILE));
        if (hidden || names.stream().map(Variable::value).distinct().count() > 1) {
            misfits.mistaken(
                    ENVIRONMENT,
                    names.getLast().value(),
                    "GitLab sets it from environment:name: remove the variable of that name from"
                            + " the pipeline and the project");
        }
    }

    private Steps steps() {
        List<String> script = new ArrayList<>();
        List<Steps.Further> further = new ArrayList<>();
        List<String> after = new ArrayList<>();
        for (Step step : payload.work().steps()) {
            if (step.name().equals("script")) {
                script.addAll(step.script());
            } else if (step.name().equals("after_script")) {
                after.addAll(step.script());
            } else if (!STEP.matcher(step.name()).matches()) {
                misfits.lacking("a step whose name is no word");
            } else if (!step.script().isEmpty()) {
                further.add(new Steps.Further(step.name(), step.script()));
            }
        }
        if (script.isEmpty()) {
            script.add(":"); // only where something is lacking, so it is never run
        }
        Steps steps =
                new Steps(
                                List.of(),
                                script,
                                further,
                                after,
                                new Steps.Limits(
                                        limit("RUNNER_SCRIPT_TIMEOUT"),
                                        limit("RUNNER_AFTER_SCRIPT_TIMEOUT"),
                                        payload.work().timeout()),
                                variables.isFalse("AFTER_SCRIPT_IGNORE_ERRORS"))
                        .withSetupApart();
        return variables.isTrue(DEBUG) ? steps.beginningWith("set -o xtrace") : steps;
    }

    /** A negative one counts from the end of the job. */
    private @Nullable Duration limit(String name) {
        String text = variables.value(name);
        if (text.isEmpty()) {
            return null;
        }
        Duration limit =
                GoDuration.parse(text)
                        .map(wish -> wish.isNegative() ? payload.work().timeout().plus(wish) : wish)
                        .orElse(Duration.ZERO);
        if (!limit.isPositive()) {
            misfits.mistaken(
                    name,
                    text,
                    "write a time such as 90m or 1h30m; a negative one counts from the job's own limit");
            return null;
        }
        return limit;
    }

    private @Nullable ImageSpec image() {
        Image image = payload.work().image();
        if (image == null) {
            return null;
        }
        List<String> entrypoint = image.entrypoint();
        return imageSpec(
                image,
                entrypoint == null || entrypoint.equals(CLEARED) ? List.of() : entrypoint,
                "image");
    }

    private ImageSpec imageSpec(Image image, @Nullable List<String> entrypoint, String keyword) {
        String platform = image.platform() == null ? "" : variables.expanded(image.platform());
        if (!platform.isEmpty() && !platform.equals("linux/" + runner.info().architecture())) {
            misfits.lacking(keyword + ":docker:platform other than this host's");
        }
        String user = image.user() == null ? "" : variables.expanded(image.user());
        return new ImageSpec(
                variables.expanded(image.name()),
                entrypoint,
                user.isEmpty() ? null : user,
                policies(image, keyword),
                ServedVariables.settableIn(image.name(), payload, variables));
    }

    private List<PullPolicy> policies(Image image, String keyword) {
        List<PullPolicy> policies = new ArrayList<>();
        for (String word : image.pullPolicies()) {
            switch (word) {
                case "always" -> policies.add(PullPolicy.ALWAYS);
                case "if-not-present" -> policies.add(PullPolicy.IF_NOT_PRESENT);
                case "never" -> policies.add(PullPolicy.NEVER);
                default ->
                        misfits.mistaken(
                                keyword + ":pull_policy",
                                word,
                                "allowed are always, if-not-present and never");
            }
        }
        return policies;
    }

    private List<RegistryLogin> registries() {
        return Stream.concat(ownLogins.logins().stream(), payload.transfers().registries().stream())
                .toList();
    }

    /** Those of the variable; what is wrong with it is said, since the job may not need them. */
    private DockerConfig ownLogins() {
        String config = variables.content(LOGINS);
        if (config.isBlank()) {
            return new DockerConfig(List.of(), List.of(), List.of());
        }
        try {
            DockerConfig logins = DockerConfig.parse(config, RegistryLogin.Origin.VARIABLE);
            logins.unused().forEach(what -> skipped.add(LOGINS + ", " + what));
            return logins;
        } catch (IllegalArgumentException e) {
            skipped.add(LOGINS + ", which " + e.getMessage());
            return new DockerConfig(List.of(), List.of(), List.of());
        }
    }

    private List<ServiceSpec> services() {
        List<ServiceSpec> services = new ArrayList<>();
        Set<String> taken = new HashSet<>();
        for (Service service : payload.work().services()) {
            ImageSpec image =
                    imageSpec(
                            service.image(),
                            service.image().entrypoint() == null
                                    ? null
                                    : without(service.image().entrypoint()),
                            "services");
            List<String> names = new ArrayList<>();
            List<String> others = new ArrayList<>();
            Stream.concat(
                            aliases(service, image).stream(),
                            ServiceSpec.namesOf(image.reference()).stream())
                    .distinct()
                    .forEach(name -> (taken.add(name) ? names : others).add(name));
            if (names.isEmpty()) {
                // As gitlab-runner does it.
                skipped.add(
                        "the service %s, which is not started: all its names (%s) are those of a service before it; give it an alias"
                                .formatted(image.reference(), String.join(", ", others)));
                continue;
            }
            if (!others.isEmpty()) {
                skipped.add(
                        "the name %s of the service %s, since a service before it has that already"
                                .formatted(String.join(", ", others), image.reference()));
            }
            Map<String, String> environment = new LinkedHashMap<>(variables.publicValues());
            service.variables()
                    .forEach(v -> environment.put(v.key(), variables.expanded(v.value())));
            services.add(new ServiceSpec(image, names, service.command(), environment));
        }
        return services;
    }

    /** A variable may hold several, or none. */
    private List<String> aliases(Service service, ImageSpec image) {
        List<String> aliases = new ArrayList<>();
        for (String written : service.aliases()) {
            List<String> words =
                    Stream.of(BETWEEN_ALIASES.split(variables.expanded(written)))
                            .filter(word -> !word.isEmpty())
                            .toList();
            if (words.isEmpty()) {
                skipped.add(
                        "the alias %s of the service %s, which is empty: set its variable"
                                .formatted(written, image.reference()));
            }
            if (words.stream().anyMatch(this::holdsMasked)) {
                misfits.mistaken(
                        "services:alias",
                        written,
                        "it holds the value of a masked variable, and the engine keeps names in"
                                + " clear; take another name");
            }
            aliases.addAll(words);
        }
        return aliases;
    }

    private boolean holdsMasked(String name) {
        return variables.handedValues().stream()
                .filter(value -> value.is(Use.MASKED))
                .map(value -> text(value.value()).strip())
                .anyMatch(value -> !value.isEmpty() && name.contains(value));
    }

    private static List<String> without(List<String> entrypoint) {
        return entrypoint.equals(CLEARED) ? List.of() : entrypoint;
    }

    /** With the job's token and passwords, whether or not a variable holds them too. */
    private List<HandedValue> handed() {
        List<HandedValue> handed = new ArrayList<>(variables.handedValues());
        Set<String> masked = new HashSet<>();
        handed.stream()
                .filter(value -> value.is(Use.MASKED))
                .forEach(value -> masked.add(text(value.value())));
        hide("CI_JOB_TOKEN", payload.token().reveal(), masked, handed);
        payload.transfers()
                .registries()
                .forEach(login ->
                        hide("CI_REGISTRY_PASSWORD", text(login.password()), masked, handed));
        ownLogins.logins().forEach(login -> hide(LOGINS, text(login.password()), masked, handed));
        ownLogins.encoded().forEach(login -> hide(LOGINS, text(login), masked, handed));
        for (SecretRequest secret : secrets.requests()) {
            SecretAccount account = secret.account();
            if (account != null) {
                hide("ID_TOKEN_OF_" + secret.name(), text(account.token()), masked, handed);
            }
        }
        return handed;
    }

    private static void hide(
            String name, String value, Set<String> masked, List<HandedValue> handed) {
        if (!value.isEmpty() && masked.add(value)) {
            handed.add(
                    new HandedValue(
                            name, new SecretValue(value.getBytes(UTF_8)), Set.of(Use.MASKED)));
        }
    }

    private static String text(SecretValue value) {
        return new String(value.reveal(), UTF_8);
    }

    private static JobVariables variables(JobPayload payload, RunnerFacts runner) {
        JobVariables variables =
                JobVariables.of(withRunners(payload, runner, Places.SOURCES), Places::file);
        String directory = GitSources.fetches(variables) ? GitSources.directory(variables) : null;
        return directory == null
                ? variables
                : JobVariables.of(withRunners(payload, runner, directory), Places::file);
    }

    /** Those of a runner before and after those of the payload, as GitLab's runner orders them. */
    private static List<Variable> withRunners(
            JobPayload payload, RunnerFacts runner, String directory) {
        Image image = payload.work().image();
        RunnerInfo info = runner.info();
        List<Variable> all = new ArrayList<>();
        if (image != null) {
            all.add(new Variable("CI_JOB_IMAGE", image.name(), Set.of(Trait.PUBLIC)));
        }
        all.add(JobVariables.plain("CI_RUNNER_SHORT_TOKEN", runner.shortToken()));
        // Public: like the runner's own, they reach services too.
        runner.variables()
                .forEach((name, value) -> all.add(new Variable(name, value, Set.of(Trait.PUBLIC))));
        all.add(JobVariables.plain("CI_BUILDS_DIR", Places.WORKSPACE));
        all.add(JobVariables.plain("CI_PROJECT_DIR", directory));
        // One job, one environment: there is never another beside it.
        all.add(JobVariables.plain("CI_CONCURRENT_ID", "0"));
        all.add(JobVariables.plain("CI_CONCURRENT_PROJECT_ID", "0"));
        all.add(JobVariables.plain("CI_SERVER", "yes"));
        all.add(JobVariables.plain("CI_JOB_STATUS", "running"));
        all.add(
                JobVariables.plain(
                        "CI_JOB_TIMEOUT", String.valueOf(payload.work().timeout().toSeconds())));
        if (runner.authorities() != null) {
            all.add(
                    new Variable(
                            "CI_SERVER_TLS_CA_FILE",
                            runner.authorities(),
                            Set.of(Trait.PUBLIC, Trait.FILE, Trait.RAW)));
        }
        all.addAll(payload.work().variables());
        all.add(JobVariables.plain("CI_DISPOSABLE_ENVIRONMENT", "true"));
        all.add(JobVariables.plain("CI_RUNNER_VERSION", info.version()));
        all.add(JobVariables.plain("CI_RUNNER_REVISION", info.revision()));
        all.add(JobVariables.plain("CI_RUNNER_EXECUTABLE_ARCH", "linux/" + info.architecture()));
        // What is left there is gone with the job, as it is in the place that GitLab's runner has.
        all.add(JobVariables.plain("RUNNER_TEMP_PROJECT_DIR", "/tmp"));
        return all;
    }
}
