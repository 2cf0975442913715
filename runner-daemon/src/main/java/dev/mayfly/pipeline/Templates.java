package dev.mayfly.pipeline;

import dev.mayfly.config.ConfigException;
import dev.mayfly.config.NearestName;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What stands for something else: {@code extends} first, then {@code !reference} in what came out,
 * as GitLab does it.
 */
final class Templates {

    /** GitLab's own limit, for both. */
    private static final int MAX_DEPTH = 10;

    private final Value.Fields root;
    private final Bound bound;
    private final Map<String, Value> extended = new HashMap<>();

    /**
     * Starts with a pipeline.
     *
     * @param root all of it, its files put together
     */
    Templates(Value.Fields root, Bound bound) {
        this.root = root;
        this.bound = bound;
    }

    /**
     * A part of the pipeline in which nothing stands for anything else any more.
     *
     * @param name of a key that there is
     * @throws dev.mayfly.config.ConfigException when something cannot be found, or leads in a
     *     circle
     */
    Value complete(String name) {
        return resolved(extended(name), new LinkedHashSet<>());
    }

    /** Several parts in the same way, without those that there are not. */
    Value.Fields complete(List<String> names) {
        Map<String, Value> all = new LinkedHashMap<>();
        for (String name : names) {
            if (root.get(name) != null) {
                all.put(name, complete(name));
            }
        }
        return new Value.Fields(root.place(), all);
    }

    /** A job with what it extends, its references as they are. */
    Value extended(String name) {
        return extended(name, new LinkedHashSet<>());
    }

    private Value extended(String name, Set<String> open) {
        Value known = extended.get(name);
        if (known != null) {
            return known;
        }
        Value own = root.values().get(name);
        if (own == null) {
            throw new IllegalStateException("there is no key " + name);
        }
        if (!(own instanceof Value.Fields fields)) {
            return own;
        }
        Value written = fields.get("extends");
        if (written == null) {
            return own;
        }
        open.add(name);
        Value.Fields all = new Value.Fields(own.place(), Map.of());
        for (Value.Scalar base : bases(written)) {
            all = Includes.merged(all, base(base, open), bound);
        }
        open.remove(name);
        Value.Fields whole = Includes.merged(all, fields, bound);
        extended.put(name, whole);
        return whole;
    }

    private Value.Fields base(Value.Scalar base, Set<String> open) {
        Place place = base.place();
        String name = base.written();
        if (open.contains(name)) {
            throw place.refusal(
                    "extends itself: " + String.join(" > ", open) + " > " + name,
                    "remove one of these extends");
        }
        if (open.size() > MAX_DEPTH) {
            throw place.refusal(
                    "extends more than " + MAX_DEPTH + " levels deep: " + String.join(" > ", open),
                    "extend fewer levels");
        }
        if (root.get(name) == null) {
            throw place.refusal(
                    "names \"" + name + "\", which is nowhere in the pipeline",
                    NearestName.of(name, root.values().keySet())
                            .map(near -> "did you mean " + near + "?")
                            .orElse("define it, or include the file that does"));
        }
        if (!(extended(name, open) instanceof Value.Fields fields)) {
            throw place.refusal("names " + name + ", which is no mapping", "extend a job");
        }
        return fields;
    }

    private static List<Value.Scalar> bases(Value written) {
        List<Value.Scalar> bases = new ArrayList<>();
        for (Value one : written instanceof Value.Items items ? items.values() : List.of(written)) {
            if (!(one instanceof Value.Scalar name) || name.kind() != Value.Kind.TEXT) {
                throw one.place()
                        .refusal("is not the name of a job", "write for example:  extends: .build");
            }
            bases.add(name);
        }
        return bases;
    }

    private Value resolved(Value value, Set<List<String>> open) {
        bound.count(value.place());
        return switch (value) {
            case Value.Scalar scalar -> scalar;
            case Value.Items items ->
                    new Value.Items(
                            items.place(),
                            items.values().stream().map(item -> resolved(item, open)).toList());
            case Value.Fields fields -> {
                Map<String, Value> all = new LinkedHashMap<>();
                fields.values().forEach((key, one) -> all.put(key, resolved(one, open)));
                yield new Value.Fields(fields.place(), all);
            }
            case Value.Reference reference -> resolved(reference, open);
        };
    }

    private Value resolved(Value.Reference reference, Set<List<String>> open) {
        Place place = reference.place();
        String shown = "!reference [" + String.join(", ", reference.path()) + "]";
        if (open.size() >= MAX_DEPTH) {
            throw place.refusal(
                    shown + " is nested more than " + MAX_DEPTH + " levels deep", "nest fewer");
        }
        if (!open.add(reference.path())) {
            throw place.refusal(shown + " leads back to itself", "remove one of the references");
        }
        Value found = found(reference, shown);
        Value whole = resolved(found, open);
        open.remove(reference.path());
        return whole;
    }

    private Value found(Value.Reference reference, String shown) {
        Place place = reference.place();
        String first = reference.path().getFirst();
        if (root.get(first) == null) {
            throw missing(place, shown, first, root.values().keySet());
        }
        Value found = extended(first);
        for (String step : reference.path().subList(1, reference.path().size())) {
            Value next = found instanceof Value.Fields fields ? fields.get(step) : null;
            if (next == null) {
                throw missing(
                        place,
                        shown,
                        step,
                        found instanceof Value.Fields f ? f.values().keySet() : Set.of());
            }
            found = next;
        }
        return found;
    }

    private static ConfigException missing(
            Place place, String shown, String step, Set<String> known) {
        return place.refusal(
                shown + " finds nothing: there is no " + step,
                NearestName.of(step, known)
                        .map(near -> "did you mean " + near + "?")
                        .orElse("define it, or include the file that does"));
    }
}
