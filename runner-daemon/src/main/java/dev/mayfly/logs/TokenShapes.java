package dev.mayfly.logs;

import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Shapes of tokens, prepared for the search. Immutable, so streams and threads share it; what is
 * known of one stream is in its {@link TokenScanner}. To prepare shapes takes milliseconds: prepare
 * them once.
 */
public final class TokenShapes {

    /** The name of the shape that a CI server's own prefixes make; no rules file can use it. */
    public static final String SERVER = "ci_server";

    /** The classes of all parts fit into the bits of a long. */
    private static final int MOST_CLASSES = Long.SIZE;

    private static final int VALUES = 256;
    private static final TokenShapes NONE = new TokenShapes(List.of());

    private final List<TokenShape> shapes;
    private final PrefixAutomaton automaton;
    private final PrefixFilter filter;

    private final boolean[] prefixShown;
    private final int[] firstStep;
    private final long[] classesOf = new long[VALUES];

    /** Those of a shape are one behind the other. */
    private final Step[] steps;

    // Sets of steps, one bit each.
    private final long[] timed;
    private final long[][] stepsOfClass;
    private final long[][] stepsOfShape;

    /** By the shape: steps that refute it if they refute the shape before it, one bit each. */
    private final long[] refutedTogether;

    private TokenShapes(List<TokenShape> shapes) {
        this.shapes = List.copyOf(shapes);
        automaton = new PrefixAutomaton(this.shapes);
        filter = new PrefixFilter(this.shapes);
        prefixShown = new boolean[this.shapes.size()];
        firstStep = new int[this.shapes.size()];
        List<Step> all = new ArrayList<>();
        Map<ByteClass, Integer> numbers = new LinkedHashMap<>();
        for (int i = 0; i < firstStep.length; i++) {
            prefixShown[i] = this.shapes.get(i).prefix().shown();
            firstStep[i] = all.size();
            List<TokenShape.Part> parts = this.shapes.get(i).parts();
            for (int j = 0; j < parts.size(); j++) {
                TokenShape.Part part = parts.get(j);
                int number = numbers.computeIfAbsent(part.bytes(), _ -> numbers.size());
                boolean last = j == parts.size() - 1;
                boolean timed = last || !part.endsBefore(parts.get(j + 1));
                all.add(
                        new Step(
                                all.size(),
                                i,
                                1L << number,
                                part.least(),
                                part.most(),
                                part.shown(),
                                last,
                                timed));
            }
        }
        if (numbers.size() > MOST_CLASSES) {
            throw new IllegalArgumentException(
                    "the token rules use %d classes of bytes, the most is %d; let some rules share theirs"
                            .formatted(numbers.size(), MOST_CLASSES));
        }
        steps = all.toArray(Step[]::new);
        timed = new long[(steps.length + Long.SIZE - 1) / Long.SIZE];
        stepsOfClass = new long[numbers.size()][timed.length];
        stepsOfShape = new long[firstStep.length][timed.length];
        for (Step step : steps) {
            add(step, stepsOfClass[Long.numberOfTrailingZeros(step.classBit())]);
            add(step, stepsOfShape[step.shape()]);
            if (step.timed()) {
                add(step, timed);
            }
        }
        refutedTogether = new long[firstStep.length];
        for (int i = 1; i < refutedTogether.length; i++) {
            refutedTogether[i] = stepsThatRefute(i - 1, i);
        }
        numbers.forEach((bytes, number) -> {
            for (int value : bytes.values()) {
                classesOf[value] |= 1L << number;
            }
        });
    }

    /** As long as both take the same bytes, and one step does not need fewer than the other's. */
    private long stepsThatRefute(int before, int shape) {
        long together = 0;
        Step[] all = steps;
        for (int i = 0; i < Long.SIZE; i++) {
            Step other = all[firstStep[before] + i];
            Step same = all[firstStep[shape] + i];
            if (same.classBit() != other.classBit() || same.most() != other.most()) {
                return together;
            }
            if (same.least() >= other.least()) {
                together |= 1L << i;
            }
            if (same.last() || other.last()) {
                return together;
            }
        }
        return together;
    }

    private static void add(Step step, long[] set) {
        set[step.number() / Long.SIZE] |= 1L << step.number();
    }

    /**
     * A part in its place.
     *
     * @param shape the number of its shape
     * @param classBit the one bit of the class of its bytes
     * @param least how many bytes it needs
     * @param most how many it takes
     * @param shown whether it stays visible
     * @param last whether the shape ends with it
     * @param timed whether it can be left before the run of its bytes ends
     */
    record Step(
            int number,
            int shape,
            long classBit,
            int least,
            int most,
            boolean shown,
            boolean last,
            boolean timed) {

        /** After how many bytes it is decided, if their run does not end before. */
        int enough() {
            return last ? least : most;
        }

        /** Whether the shape ends with it and hides all its bytes, however many. */
        boolean endless() {
            return last && !shown && most == TokenShape.Part.UNBOUNDED;
        }
    }

    /** No shape, so that nothing is hidden. */
    public static TokenShapes none() {
        return NONE;
    }

    /** Whether there is nothing to look for. */
    boolean isEmpty() {
        return shapes.isEmpty();
    }

    /**
     * Prepares shapes.
     *
     * @throws IllegalArgumentException if two have the same name, or if they are too many
     */
    public static TokenShapes of(List<TokenShape> shapes) {
        Set<String> names = new LinkedHashSet<>();
        for (TokenShape shape : shapes) {
            if (!names.add(shape.name())) {
                throw new IllegalArgumentException("two token rules are called " + shape.name());
            }
        }
        return new TokenShapes(shapes);
    }

    /**
     * With prefixes that a CI server names added, which the statistics call {@link #SERVER}. Those
     * that are empty, longer than 64 characters or not printable ASCII are left out, as are those
     * that are known already.
     *
     * @return this if nothing is added
     */
    public TokenShapes withServerPrefixes(Collection<String> prefixes) {
        List<String> known =
                shapes.stream()
                        .filter(TokenShape::isPrefixesOnly)
                        .flatMap(shape -> shape.prefix().literals().stream())
                        .toList();
        List<String> added =
                prefixes.stream()
                        .distinct()
                        .filter(prefix -> !known.contains(prefix))
                        .filter(TokenShape.Prefix::possible)
                        .toList();
        if (added.isEmpty()) {
            return this;
        }
        List<TokenShape> all = new ArrayList<>(shapes);
        all.add(TokenShape.ofPrefixes(SERVER, added));
        return of(all);
    }

    /** As they were given. */
    public List<TokenShape> shapes() {
        return shapes;
    }

    PrefixAutomaton automaton() {
        return automaton;
    }

    PrefixFilter filter() {
        return filter;
    }

    int steps() {
        return steps.length;
    }

    Step step(int number) {
        return steps[number];
    }

    int firstStep(int ofShape) {
        return firstStep[ofShape];
    }

    /**
     * Whether a shape cannot be there because the one before it, which would begin there too, is
     * not.
     *
     * @param step which of its parts the one before had not enough bytes for, from 0 on
     */
    boolean refutedTogether(int shape, int step) {
        return step < Long.SIZE && (refutedTogether[shape] >>> step & 1) != 0;
    }

    boolean prefixShown(int ofShape) {
        return prefixShown[ofShape];
    }

    /** How many longs hold a bit for each step. */
    int words() {
        return timed.length;
    }

    /** The steps that are timed, one bit each; the array itself. */
    long[] timed() {
        return timed;
    }

    /** The steps whose part is of a class, one bit each; the array itself. */
    long[] stepsOfClass(int number) {
        return stepsOfClass[number];
    }

    /** The steps of a shape, one bit each; the array itself. */
    long[] stepsOfShape(int number) {
        return stepsOfShape[number];
    }

    /** The bits of the classes that each byte value belongs to; the array itself. */
    long[] classesOf() {
        return classesOf;
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return other instanceof TokenShapes same && shapes.equals(same.shapes);
    }

    @Override
    public int hashCode() {
        return shapes.hashCode();
    }
}
