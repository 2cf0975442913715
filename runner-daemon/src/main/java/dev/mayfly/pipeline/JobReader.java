package dev.mayfly.pipeline;

import dev.mayfly.config.ConfigException;
import dev.mayfly.config.NearestName;
import dev.mayfly.config.Problem;
import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.Places;
import dev.mayfly.job.PullPolicy;
import dev.mayfly.job.ResourceRequest;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.job.Steps;
import dev.mayfly.job.WorkspaceSource;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Makes a job of Mayfly's out of one whose parts have all been put in their place. */
final class JobReader {

    private static final List<String> IMAGE_KEYS =
            List.of("name", "entrypoint", "pull_policy", "docker", "kubernetes", "ports");
    private static final List<String> SERVICE_KEYS =
            Stream.concat(IMAGE_KEYS.stream(), Stream.of("alias", "command", "variables")).toList();

    /** How a pipeline says: no entrypoint. */
    private static final List<String> CLEARED = List.of("");

    private static final int MAX_NESTING = 10;

    /** Far above what anybody writes: references can repeat a long text without end. */
    private static final int MAX_SCRIPT = 1 << 20;

    private static final Set<String> TRUE = Set.of("1", "t", "T", "true", "TRUE", "True");

    private final Matrix.Variant variant;
    private final Value.Fields job;
    private final JobVariables variables;
    private final LocalRun run;
    private final List<Problem> notes;
    private final List<Problem> problems = new ArrayList<>();
    private final Map<String, SecretRequest> secrets = new LinkedHashMap<>();

    /**
     * Starts with a job.
     *
     * @param job with the pipeline's defaults, and nothing that stands for something else
     * @param notes those of the pipeline
     */
    JobReader(
            Matrix.Variant variant,
            Value.Fields job,
            JobVariables variables,
            LocalRun run,
            List<Problem> notes) {
        this.variant = variant;
        this.job = job;
        this.variables = variables;
        this.run = run;
        this.notes = new ArrayList<>(notes);
        run.secrets().forEach(secret -> secrets.put(secret.name(), secret));
    }

    /**
     * Reads the job.
     *
     * @throws ConfigException with everything that keeps it from being run here
     */
    PipelineJob read() {
        try {
            return job();
        } catch (ConfigException e) {
            List<Problem> all = new ArrayList<>(problems);
            e.problems().stream().filter(problem -> !all.contains(problem)).forEach(all::add);
            throw new ConfigException(all);
        }
    }

    private PipelineJob job() {
        keywords();
        environment();
        handedOver();
        List<String> script = script();
        ImageSpec image = image();
        if (image != null) {
            variables.put("CI_JOB_IMAGE", image.reference(), job.place(), true);
        }
        List<ServiceSpec> services = services();
        List<String> after = lines(Keyword.AFTER_SCRIPT);
        Duration limit = timeout();
        String strategy = variables.value("GIT_STRATEGY");
        if (variables.has("GIT_CLONE_PATH")) {
            notes.add(
                    job.place()
                            .problem(
                                    "sets GIT_CLONE_PATH, which is not looked at: the sources are in "
                                            + Places.SOURCES,
                                    "use $CI_PROJECT_DIR in the script"));
        }
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
        Map<String, String> plain = variables.values();
        plain.keySet()
                .removeIf(name ->
                        secrets.containsKey(name)
                                && secrets.get(name).variable() == SecretRequest.Variable.VALUE);
        return new PipelineJob(
                new JobSpec(
                        variant.name(),
                        run.pool(),
                        steps(script, after, limit),
                        new JobEnvironment(image, services, run.network(), ResourceRequest.NONE),
                        new Inputs(
                                plain, List.copyOf(secrets.values()), new WorkspaceSource.Empty()),
                        List.of()),
                !Set.of("none", "empty").contains(strategy),
                notes);
    }

    private void keywords() {
        job.values()
                .forEach((word, value) -> {
                    if (value.isNull()) {
                        return;
                    }
                    Keyword keyword = Keyword.of(word).orElse(null);
                    if (keyword == null) {
                        problems.add(
                                value.place()
                                        .problem(
                                                "is no keyword of a job",
                                                NearestName.of(
                                                                word,
                                                                Arrays.stream(Keyword.values())
                                                                        .map(Keyword::word)
                                                                        .toList())
                                                        .map(near -> "did you mean " + near + "?")
                                                        .orElse("remove it")));
                    } else if (keyword.use() == Keyword.Use.REFUSED) {
                        problems.add(
                                value.place()
                                        .problem(
                                                "cannot be run here: " + keyword.remark(),
                                                "run another job"));
                    } else if (keyword.use() == Keyword.Use.NOTED) {
                        notes.add(value.place().problem(keyword.remark(), keyword.cure()));
                    }
                });
    }

    private void environment() {
        Value environment = job.get(Keyword.ENVIRONMENT.word());
        if (environment == null) {
            return;
        }
        if (environment instanceof Value.Fields fields) {
            put("CI_ENVIRONMENT_NAME", fields.get("name"));
            put("CI_ENVIRONMENT_URL", fields.get("url"));
            put("CI_ENVIRONMENT_ACTION", fields.get("action"));
        } else {
            put("CI_ENVIRONMENT_NAME", environment);
        }
        if (!variables.has("CI_ENVIRONMENT_ACTION")) {
            variables.put("CI_ENVIRONMENT_ACTION", "start", job.place(), true);
        }
    }

    private void put(String name, @Nullable Value value) {
        if (value != null && !variables.has(name)) {
            variables.put(name, variables.resolved(value.text()), value.place(), true);
        }
    }

    /** Values that GitLab would fetch or sign, and that come from Mayfly's secrets here. */
    private void handedOver() {
        for (Keyword keyword : List.of(Keyword.SECRETS, Keyword.ID_TOKENS)) {
            Value written = job.get(keyword.word());
            if (written == null) {
                continue;
            }
            if (!(written instanceof Value.Fields fields)) {
                problems.add(written.place().problem("is no mapping of names", "give each a name"));
                continue;
            }
            fields.values().forEach((name, value) -> handOver(keyword, name, value));
        }
    }

    private void handOver(Keyword keyword, String name, Value value) {
        SecretRequest given = secrets.get(name);
        if (given == null) {
            if (!run.variables().containsKey(name)) {
                problems.add(
                        value.place()
                                .problem(
                                        keyword.remark(),
                                        "keep the value by mayfly secret set REF, and run with"
                                                + " --secret "
                                                + name
                                                + "=REF"));
            }
            return;
        }
        Value file = value instanceof Value.Fields fields ? fields.get("file") : null;
        if (keyword == Keyword.SECRETS && (file == null || file.flag())) {
            secrets.put(name, new SecretRequest(name, given.reference(), false));
            variables.put(name, Places.file(name), value.place(), false);
        }
    }

    private List<String> script() {
        Value written = job.get(Keyword.SCRIPT.word());
        if (written == null) {
            // Another keyword may be the reason, and is a problem already.
            if (problems.isEmpty()) {
                problems.add(
                        job.place().problem("has no script", "write for example:  script: [make]"));
            }
            return List.of(":");
        }
        List<String> script = new ArrayList<>(lines(Keyword.BEFORE_SCRIPT));
        List<String> own = lines(Keyword.SCRIPT);
        if (own.isEmpty()) {
            problems.add(written.place().problem("is empty", "write at least one command"));
        }
        script.addAll(own);
        return script.isEmpty() ? List.of(":") : script;
    }

    private Steps steps(List<String> script, List<String> after, @Nullable Duration limit) {
        Steps steps =
                new Steps(script, after, new Steps.Limits(null, null, limit), false)
                        .withSetupApart();
        return TRUE.contains(variables.value("CI_DEBUG_TRACE"))
                ? steps.beginningWith("set -o xtrace")
                : steps;
    }

    private List<String> lines(Keyword keyword) {
        Value written = job.get(keyword.word());
        List<String> lines = new ArrayList<>();
        if (written != null) {
            flatten(written, 0, lines);
            if (lines.stream().mapToLong(String::length).sum() > MAX_SCRIPT) {
                throw written.place()
                        .refusal(
                                "is longer than " + MAX_SCRIPT + " characters",
                                "keep long scripts in files of the project");
            }
        }
        return lines;
    }

    private void flatten(Value value, int depth, List<String> lines) {
        switch (value) {
            case Value.Scalar text when text.kind() == Value.Kind.TEXT -> lines.add(text.written());
            case Value.Items items when depth <= MAX_NESTING ->
                    items.values().forEach(item -> flatten(item, depth + 1, lines));
            case Value.Items items ->
                    problems.add(
                            items.place()
                                    .problem(
                                            "is nested more than " + MAX_NESTING + " levels deep",
                                            "nest fewer lists"));
            case Value.Fields fields ->
                    problems.add(
                            fields.place()
                                    .problem(
                                            "is a mapping, not a command",
                                            "put a line that holds \": \" in quotes"));
            case Value.Scalar other ->
                    problems.add(
                            other.place().problem("is not text", "put it in quotes, or remove it"));
            case Value.Reference _ -> throw new IllegalStateException("a reference is left over");
        }
    }

    private @Nullable ImageSpec image() {
        Value written = job.get(Keyword.IMAGE.word());
        if (written == null) {
            return null;
        }
        ImageSpec image = imageSpec(written, IMAGE_KEYS);
        List<String> entrypoint = image.entrypoint();
        return new ImageSpec(
                image.reference(),
                entrypoint == null ? List.of() : entrypoint,
                image.user(),
                image.pull(),
                image.variables());
    }

    private ImageSpec imageSpec(Value written, List<String> keys) {
        if (!(written instanceof Value.Fields)) {
            return new ImageSpec(reference(written), null, null, List.of(), settableIn(written));
        }
        Value.Fields fields = written.fields(keys);
        Value name = fields.get("name");
        if (name == null) {
            throw written.place().refusal("has no name", "write for example:  name: debian:12");
        }
        for (String key : List.of("kubernetes", "ports")) {
            Value ignored = fields.get(key);
            if (ignored != null) {
                notes.add(ignored.place().problem("is without effect here", ""));
            }
        }
        Value entrypoint = fields.get("entrypoint");
        List<String> command =
                entrypoint == null
                        ? null
                        : entrypoint.texts().stream().map(Value.Scalar::written).toList();
        return new ImageSpec(
                reference(name),
                command != null && command.equals(CLEARED) ? List.of() : command,
                user(fields.get("docker")),
                policies(fields.get("pull_policy")),
                settableIn(name));
    }

    /** Nothing but the file and who runs it sets variables here. */
    private static List<String> settableIn(Value name) {
        return References.namesIn(name.text().written());
    }

    private String reference(Value name) {
        String reference = variables.resolved(name.text());
        if (reference.isBlank()) {
            problems.add(
                    name.place()
                            .problem(
                                    "is nothing, after its variables were put in",
                                    "give the variable: --variable NAME=VALUE"));
        }
        return reference;
    }

    private @Nullable String user(@Nullable Value docker) {
        if (docker == null) {
            return null;
        }
        Value.Fields fields = docker.fields(List.of("user", "platform"));
        Value platform = fields.get("platform");
        if (platform != null) {
            String wanted = variables.resolved(platform.text());
            String here = "linux/" + run.host().architecture();
            if (!wanted.isEmpty() && !wanted.equals(here)) {
                problems.add(
                        platform.place()
                                .problem(
                                        "is " + wanted + ", and this host is " + here,
                                        "run the job on such a host"));
            }
        }
        Value user = fields.get("user");
        if (user == null) {
            return null;
        }
        // A number needs no quotes here.
        String name =
                user instanceof Value.Scalar scalar && scalar.kind() == Value.Kind.INTEGER
                        ? scalar.written()
                        : variables.resolved(user.text());
        return name.isEmpty() ? null : name;
    }

    private List<PullPolicy> policies(@Nullable Value written) {
        List<PullPolicy> policies = new ArrayList<>();
        for (Value.Scalar word : written == null ? List.<Value.Scalar>of() : written.texts()) {
            switch (word.written()) {
                case "always" -> policies.add(PullPolicy.ALWAYS);
                case "if-not-present" -> policies.add(PullPolicy.IF_NOT_PRESENT);
                case "never" -> policies.add(PullPolicy.NEVER);
                default ->
                        problems.add(
                                word.place()
                                        .problem(
                                                "is no pull policy",
                                                "write always, if-not-present or never"));
            }
        }
        return policies;
    }

    private List<ServiceSpec> services() {
        Value written = job.get(Keyword.SERVICES.word());
        List<ServiceSpec> services = new ArrayList<>();
        if (written == null) {
            return services;
        }
        if (!(written instanceof Value.Items items)) {
            problems.add(
                    written.place().problem("is no list", "write for example:  services: [redis]"));
            return services;
        }
        Set<String> taken = new HashSet<>();
        for (Value one : items.values()) {
            service(one, taken, services);
        }
        return services;
    }

    private void service(Value written, Set<String> taken, List<ServiceSpec> services) {
        ImageSpec image = imageSpec(written, SERVICE_KEYS);
        List<String> command = List.of();
        List<String> aliases = List.of();
        Map<String, String> environment = variables.seenByServices();
        if (written instanceof Value.Fields fields) {
            Value words = fields.get("command");
            command =
                    words == null
                            ? List.of()
                            : words.texts().stream().map(Value.Scalar::written).toList();
            Value alias = fields.get("alias");
            aliases =
                    alias == null
                            ? List.of()
                            : Stream.of(variables.resolved(alias.text()).split("[ ,]+"))
                                    .filter(name -> !name.isEmpty())
                                    .toList();
            Value own = fields.get("variables");
            if (own != null) {
                environment.putAll(variables.withMore(own));
            }
        }
        List<String> names = new ArrayList<>();
        Stream.concat(aliases.stream(), ServiceSpec.namesOf(image.reference()).stream())
                .filter(taken::add)
                .forEach(names::add);
        if (names.isEmpty()) {
            problems.add(
                    written.place()
                            .problem(
                                    "has the names of another service only",
                                    "give it one of its own, for example:  alias: second"));
            return;
        }
        services.add(new ServiceSpec(image, names, command, environment));
    }

    private @Nullable Duration timeout() {
        Value written = job.get(Keyword.TIMEOUT.word());
        if (written == null) {
            return null;
        }
        return SpokenDuration.parse(written.text().written())
                .orElseThrow(() ->
                        written.place()
                                .refusal(
                                        "is no time that can be read",
                                        "write for example:  timeout: 1h 30m"));
    }
}
