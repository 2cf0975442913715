package dev.mayfly.pipeline;

import dev.mayfly.config.ConfigException;
import dev.mayfly.config.NearestName;
import dev.mayfly.config.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A pipeline as its files describe it, ready to have one of its jobs run here. */
public final class Pipeline {

    /** GitLab's own limit. */
    private static final int MAX_NAME = 255;

    private static final List<String> USUAL_STAGES = List.of("build", "test", "deploy");

    /** Keys of the pipeline itself: no job has these names. */
    private static final Set<String> RESERVED =
            Set.of(
                    "default",
                    "include",
                    "stages",
                    "variables",
                    "workflow",
                    "image",
                    "services",
                    "before_script",
                    "after_script",
                    "cache");

    /** What may stand outside of {@code default} for historical reasons. */
    private static final Set<Keyword> BARE =
            Set.of(
                    Keyword.IMAGE,
                    Keyword.SERVICES,
                    Keyword.BEFORE_SCRIPT,
                    Keyword.AFTER_SCRIPT,
                    Keyword.CACHE);

    private final Path file;
    private final Value.Fields root;
    private final Templates templates;
    private final Map<String, String> predefined;
    private final List<Problem> notes;
    private final List<String> stages;

    private Pipeline(
            Path file,
            Value.Fields root,
            Templates templates,
            Map<String, String> predefined,
            List<Problem> notes) {
        this.file = file;
        this.root = root;
        this.templates = templates;
        this.predefined = predefined;
        this.notes = List.copyOf(notes);
        this.stages = stages(templates.complete(List.of("stages")).get("stages"));
    }

    private static List<String> stages(@Nullable Value written) {
        List<String> stages = new ArrayList<>(USUAL_STAGES);
        if (written != null) {
            stages.clear();
            written.texts().forEach(stage -> stages.add(stage.written()));
        }
        stages.addAll(List.of(".pre", ".post"));
        return List.copyOf(stages);
    }

    /**
     * A job that can be asked for.
     *
     * @param name its full name
     * @param stage that it belongs to
     * @param runnable whether it can be run here
     */
    public record Entry(String name, String stage, boolean runnable) {}

    /**
     * Reads a pipeline.
     *
     * @param file the first of its files
     * @param project which the others are part of
     * @param checkout what git says, or null outside of git
     * @param variables that paths of included files may refer to, beside the predefined ones
     * @throws ConfigException when the pipeline cannot be used
     */
    public static Pipeline read(
            Path file,
            ProjectFiles project,
            @Nullable Checkout checkout,
            Map<String, String> variables) {
        Map<String, String> predefined =
                Predefined.of(checkout, project.root(), project.nameOf(file));
        Map<String, String> known = new LinkedHashMap<>(predefined);
        known.putAll(variables);
        Bound bound = new Bound();
        List<Problem> notes = new ArrayList<>();
        Value.Fields root = new Includes(project, known, bound, notes::add).read(file);
        Pipeline pipeline = new Pipeline(file, root, new Templates(root, bound), predefined, notes);
        pipeline.checkShape();
        return pipeline;
    }

    /**
     * The jobs, in the order of the files.
     *
     * @throws ConfigException when the parts of one cannot be put together
     */
    public List<Entry> jobs() {
        List<Entry> jobs = new ArrayList<>();
        for (String name : names()) {
            checkName(name);
            Value.Fields job = job(name);
            boolean runnable =
                    job.get(Keyword.SCRIPT.word()) != null
                            && job.values().keySet().stream()
                                    .flatMap(word -> Keyword.of(word).stream())
                                    .noneMatch(k -> k.use() == Keyword.Use.REFUSED);
            String stage = stage(job);
            for (Matrix.Variant variant : Matrix.of(name, job)) {
                jobs.add(new Entry(variant.name(), stage, runnable));
            }
        }
        return jobs;
    }

    /**
     * One of its jobs, to be run here.
     *
     * @param name the full name, as {@link #jobs} tells it
     * @throws ConfigException when there is none of this name, or it cannot be run here
     */
    public PipelineJob job(String name, LocalRun run) {
        Chosen chosen = chosen(name);
        checkName(name);
        List<Problem> all = new ArrayList<>(notes);
        Value workflow = root.get("workflow");
        if (workflow != null) {
            all.add(
                    workflow.place()
                            .problem(
                                    "is not evaluated: the job runs, without variables that a rule"
                                            + " would set",
                                    "give such variables by --variable NAME=VALUE"));
        }
        Value.Fields job = chosen.job();
        Value.Fields whole = withDefaults(job);
        return new JobReader(chosen.variant(), whole, variables(chosen, run), run, all).read();
    }

    private void checkName(String name) {
        if (name.length() > MAX_NAME) {
            throw Place.of(file)
                    .refusal(
                            "has a job whose name is longer than " + MAX_NAME + " characters",
                            "shorten the name");
        }
    }

    private record Chosen(Matrix.Variant variant, Value.Fields job) {}

    private Chosen chosen(String name) {
        Value hidden = name.startsWith(".") ? root.values().get(name) : null;
        if (hidden != null) {
            throw hidden.place().refusal("is hidden, because its name begins with a dot", known());
        }
        Set<String> others = new LinkedHashSet<>();
        for (String candidate : names()) {
            // A variant's name begins with its job's: no other job has to be put together.
            if (!name.startsWith(candidate)) {
                others.add(candidate);
                continue;
            }
            Value.Fields job = job(candidate);
            List<Matrix.Variant> variants = Matrix.of(candidate, job);
            for (Matrix.Variant variant : variants) {
                if (variant.name().equals(name)) {
                    return new Chosen(variant, job);
                }
            }
            if (candidate.equals(name)) {
                if (variants.size() == 1) {
                    return new Chosen(variants.getFirst(), job);
                }
                throw job.place()
                        .refusal(
                                "stands for " + variants.size() + " jobs",
                                "name one of them: "
                                        + Words.list(
                                                variants.stream()
                                                        .map(v -> "\"" + v.name() + "\"")
                                                        .toList()));
            }
            variants.forEach(variant -> others.add(variant.name()));
        }
        throw Place.of(file)
                .refusal(
                        "has no job \"" + name + "\"",
                        NearestName.of(name, others)
                                .map(near -> "did you mean \"" + near + "\"?")
                                .orElse(known()));
    }

    private String known() {
        List<String> names = names();
        return names.isEmpty() ? "write a job" : "the jobs are " + Words.list(names);
    }

    private List<String> names() {
        return root.values().keySet().stream()
                .filter(name -> !name.startsWith(".") && !RESERVED.contains(name))
                .toList();
    }

    private Value.Fields job(String name) {
        if (templates.complete(name) instanceof Value.Fields job) {
            return job;
        }
        throw new IllegalStateException("key " + name + " is no job");
    }

    private void checkShape() {
        List<Problem> problems = new ArrayList<>();
        for (String name : names()) {
            Value value = root.get(name);
            if (!(value instanceof Value.Fields)) {
                problems.add(
                        (value == null ? root : value)
                                .place()
                                .problem(
                                        name + " is neither a job nor a key of a pipeline",
                                        NearestName.of(name, RESERVED)
                                                .map(near -> "did you mean " + near + "?")
                                                .orElse(
                                                        "a job is a mapping; to keep something else"
                                                                + " for anchors, let its name begin"
                                                                + " with a dot")));
            }
        }
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
    }

    private String stage(Value.Fields job) {
        Value written = job.get(Keyword.STAGE.word());
        String stage = written == null ? "test" : written.text().written();
        if (!stages.contains(stage)) {
            throw (written == null ? job : written)
                    .place()
                    .refusal(
                            "is in the stage " + stage + ", which the pipeline does not have",
                            NearestName.of(stage, stages)
                                    .map(near -> "did you mean " + near + "?")
                                    .orElse("the stages are " + String.join(", ", stages)));
        }
        return stage;
    }

    private Value.Fields withDefaults(Value.Fields job) {
        Value.Fields bare = templates.complete(BARE.stream().map(Keyword::word).toList());
        Value written = templates.complete(List.of("default")).get("default");
        Value.Fields defaults =
                written == null
                        ? new Value.Fields(root.place(), Map.of())
                        : written.fields(Keyword.inherited().map(Keyword::word).toList());
        Inheritance wanted = Inheritance.of(job, "default");
        Map<String, Value> all = new LinkedHashMap<>(job.values());
        Keyword.inherited()
                .map(Keyword::word)
                .forEach(word -> {
                    Value outside = bare.get(word);
                    Value inside = defaults.get(word);
                    if (outside != null && inside != null) {
                        throw outside.place()
                                .refusal(
                                        "is here and below default, on line "
                                                + inside.place().line(),
                                        "remove one of the two");
                    }
                    Value usual = inside == null ? outside : inside;
                    if (usual != null && job.get(word) == null && wanted.includes(word)) {
                        all.put(word, usual);
                    }
                });
        return new Value.Fields(job.place(), all);
    }

    private JobVariables variables(Chosen chosen, LocalRun run) {
        JobVariables variables = new JobVariables();
        Value.Fields job = chosen.job();
        Map<String, String> given = new LinkedHashMap<>(predefined);
        Predefined.job(chosen.variant().name(), stage(job), run.host(), given);
        given.forEach((name, value) -> variables.put(name, value, root.place(), true));
        Value global = templates.complete(List.of("variables")).get("variables");
        Inheritance wanted = Inheritance.of(job, "variables");
        if (global != null) {
            variables.putAll(wanted.of(global));
        }
        Value own = job.get(Keyword.VARIABLES.word());
        if (own != null) {
            variables.putAll(own);
        }
        chosen.variant()
                .variables()
                .forEach((name, value) -> variables.putText(name, value, job.place()));
        // What a project has at the server counts more than the file, and services do not see it.
        run.variables().forEach((name, value) -> variables.put(name, value, root.place(), false));
        return variables;
    }
}
