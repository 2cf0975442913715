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
    private final int classes;
    private final long[] classesOf = new long[VALUES];

    // Of each step, which is a part in its place; the steps of a shape are one behind the other.
    private final TokenShape.Part[] part;
    private final int[] shape;
    private final int[] enough;
    private final long[] classBit;
    private final boolean[] last;

    private TokenShapes(List<TokenShape> shapes) {
        this.shapes = List.copyOf(shapes);
        automaton = new PrefixAutomaton(this.shapes);
        filter = new PrefixFilter(this.shapes);
        prefixShown = new boolean[this.shapes.size()];
        firstStep = new int[this.shapes.size()];
        int steps = this.shapes.stream().mapToInt(each -> each.parts().size()).sum();
        part = new TokenShape.Part[steps];
        shape = new int[steps];
        enough = new int[steps];
        classBit = new long[steps];
        last = new boolean[steps];
        Map<ByteClass, Integer> numbers = new LinkedHashMap<>();
        int step = 0;
        for (int i = 0; i < firstStep.length; i++) {
            prefixShown[i] = this.shapes.get(i).prefix().shown();
            firstStep[i] = step;
            for (TokenShape.Part each : this.shapes.get(i).parts()) {
                int number = numbers.computeIfAbsent(each.bytes(), _ -> numbers.size());
                part[step] = each;
                shape[step] = i;
                classBit[step] = 1L << number;
                enough[step] = each.most();
                step++;
            }
            last[step - 1] = true;
            enough[step - 1] = part[step - 1].least();
        }
        if (numbers.size() > MOST_CLASSES) {
            throw new IllegalArgumentException(
                    "the token rules use %d classes of bytes, the most is %d; let some rules share theirs"
                            .formatted(numbers.size(), MOST_CLASSES));
        }
        classes = numbers.size();
        numbers.forEach((bytes, number) -> {
            for (int value : bytes.values()) {
                classesOf[value] |= 1L << number;
            }
        });
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
        return part.length;
    }

    int firstStep(int ofShape) {
        return firstStep[ofShape];
    }

    boolean prefixShown(int ofShape) {
        return prefixShown[ofShape];
    }

    TokenShape.Part part(int step) {
        return part[step];
    }

    int shapeOf(int step) {
        return shape[step];
    }

    /** After how many bytes of the step's part it is decided, if their run does not end before. */
    int enough(int step) {
        return enough[step];
    }

    /** The one bit of the class of the step's part. */
    long classBit(int step) {
        return classBit[step];
    }

    /** Whether the shape ends with this step. */
    boolean last(int step) {
        return last[step];
    }

    int classes() {
        return classes;
    }

    /** The bits of the classes that the byte belongs to. */
    long classesOf(byte b) {
        return classesOf[b & 0xFF];
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
