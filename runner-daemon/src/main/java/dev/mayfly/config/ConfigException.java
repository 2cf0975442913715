package dev.mayfly.config;

import java.util.List;
import java.util.stream.Collectors;

/** A file cannot be used as it is. Holds all of its problems at once, in the order of its lines. */
public final class ConfigException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final transient List<Problem> problems;

    /**
     * Describes why a file was refused.
     *
     * @param problems at least one, in any order
     */
    public ConfigException(List<Problem> problems) {
        super(
                problems.stream()
                        .sorted(Problem.IN_ORDER)
                        .map(Problem::toString)
                        .collect(Collectors.joining("\n")));
        this.problems = problems.stream().sorted(Problem.IN_ORDER).toList();
    }

    ConfigException(Problem problem) {
        this(List.of(problem));
    }

    /** What is wrong, from the first line to the last. Not empty. */
    public List<Problem> problems() {
        return problems;
    }
}
