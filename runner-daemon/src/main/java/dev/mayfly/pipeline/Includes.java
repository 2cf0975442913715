package dev.mayfly.pipeline;

import dev.mayfly.config.Problem;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.Consumer;

/**
 * Puts a pipeline's files together: what a file includes comes first, what it says itself lies on
 * top, mapping by mapping.
 */
final class Includes {

    /** GitLab's own limit. */
    private static final int MAX_FILES = 150;

    private static final Set<String> ELSEWHERE =
            Set.of("remote", "project", "template", "component");

    /** What may stand beside {@code local}. */
    private static final Set<String> BESIDE = Set.of("local", "rules", "inputs");

    private final ProjectFiles project;
    private final Map<String, String> known;
    private final Bound bound;
    private final Consumer<Problem> notes;
    private final Set<Path> open = new LinkedHashSet<>();
    private int files;

    /**
     * Starts a pipeline.
     *
     * @param known variables that paths may refer to
     * @param notes gets what is left out
     */
    Includes(
            ProjectFiles project, Map<String, String> known, Bound bound, Consumer<Problem> notes) {
        this.project = project;
        this.known = Map.copyOf(known);
        this.bound = bound;
        this.notes = notes;
    }

    /**
     * Reads a file and everything that it includes.
     *
     * @throws dev.mayfly.config.ConfigException when one of them cannot be used
     */
    Value.Fields read(Path file) {
        return read(file, Place.of(file));
    }

    private Value.Fields read(Path file, Place asked) {
        files++;
        if (files > MAX_FILES) {
            throw asked.refusal(
                    "is one file too many: a pipeline has at most " + MAX_FILES,
                    "include fewer files");
        }
        Path name = project.nameOf(project.root().resolve(file));
        if (!open.add(name)) {
            throw asked.refusal(
                    "includes itself: "
                            + String.join(" > ", open.stream().map(Path::toString).toList())
                            + " > "
                            + name,
                    "remove one of these includes");
        }
        Value.Fields own =
                PipelineYaml.read(shown(file, asked), project.text(file, asked), bound, notes);
        Value.Fields all = new Value.Fields(own.place(), Map.of());
        Value include = own.get("include");
        if (include != null) {
            for (Value one :
                    include instanceof Value.Items items ? items.values() : List.of(include)) {
                all = merged(all, included(one), bound);
            }
        }
        open.remove(name);
        return merged(all, own, bound);
    }

    /** The first file as its reader named it, the others as the pipeline names them. */
    private Path shown(Path file, Place asked) {
        return asked.parent() == null ? file : project.nameOf(project.root().resolve(file));
    }

    private Value.Fields included(Value include) {
        return switch (include) {
            case Value.Scalar scalar when scalar.kind() == Value.Kind.TEXT ->
                    scalar.written().matches("https?://.*")
                            ? elsewhere(scalar.place(), "remote")
                            : local(scalar);
            case Value.Fields fields -> included(fields);
            case Value.Scalar _, Value.Items _, Value.Reference _ ->
                    throw include.place()
                            .refusal(
                                    "is neither a path nor a mapping",
                                    "write for example:  include: [{local: ci/build.yml}]");
        };
    }

    private Value.Fields included(Value.Fields include) {
        for (String kind : ELSEWHERE) {
            if (include.get(kind) != null) {
                return elsewhere(include.place(), kind);
            }
        }
        for (Map.Entry<String, Value> entry : include.values().entrySet()) {
            Place place = entry.getValue().place();
            if (!BESIDE.contains(entry.getKey())) {
                throw place.refusal(
                        "is no kind of include",
                        "local is supported; " + Words.list(ELSEWHERE) + " are named and left out");
            }
            if (entry.getKey().equals("inputs")) {
                throw place.refusal(
                        "is not supported: nothing takes inputs in a local run",
                        "include a file without inputs");
            }
            if (entry.getKey().equals("rules")) {
                notes.accept(
                        place.problem(
                                "is not evaluated: the file is included",
                                "take the include out for this run, if the rule would"));
            }
        }
        if (include.get("local") instanceof Value.Scalar path && path.kind() == Value.Kind.TEXT) {
            return local(path);
        }
        throw include.place()
                .refusal("names no file", "write for example:  include: [{local: ci/build.yml}]");
    }

    private Value.Fields elsewhere(Place place, String kind) {
        notes.accept(
                place.problem(
                        "include:"
                                + kind
                                + " is not supported, because a local run asks no server: what that"
                                + " file says is missing",
                        "put a copy of it into the project and include it by local, if the job"
                                + " needs it"));
        return new Value.Fields(place, Map.of());
    }

    private Value.Fields local(Value.Scalar path) {
        Place place = path.place();
        String written =
                References.resolved(
                        path.written(),
                        name -> {
                            String value = known.get(name);
                            if (value == null) {
                                throw place.refusal(
                                        "refers to the variable " + name + ", which nobody has set",
                                        "give it: --variable " + name + "=VALUE");
                            }
                            return value;
                        });
        List<Path> named = new ArrayList<>(project.named(written, place));
        if (named.isEmpty()) {
            throw place.refusal(
                    "matches no file of the project " + project.root(),
                    "paths start at the project's root; * stays in a directory, ** does not");
        }
        Value.Fields all = new Value.Fields(place, Map.of());
        for (Path file : named) {
            if (!file.toString().matches(".*\\.ya?ml")) {
                throw place.refusal(
                        "names " + file + ", which ends in neither .yml nor .yaml", "rename it");
            }
            all = merged(all, read(file, place), bound);
        }
        return all;
    }

    /**
     * Lays one mapping upon another: what both have as mappings becomes one, anything else of the
     * upper one counts.
     */
    static Value.Fields merged(Value.Fields lower, Value.Fields upper, Bound bound) {
        bound.count(1 + lower.values().size() + upper.values().size(), upper.place());
        Map<String, Value> all = new LinkedHashMap<>(lower.values());
        upper.values()
                .forEach((key, value) -> {
                    Value below = all.get(key);
                    all.put(
                            key,
                            below instanceof Value.Fields l && value instanceof Value.Fields u
                                    ? merged(l, u, bound)
                                    : value);
                });
        return new Value.Fields(upper.place(), all);
    }
}
