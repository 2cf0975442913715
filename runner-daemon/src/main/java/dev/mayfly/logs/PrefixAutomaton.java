package dev.mayfly.logs;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Finds where the prefixes of token shapes end, with one table look-up a byte. Immutable.
 *
 * <p>A state stands for the prefixes that have begun, and for what the last byte allows to begin
 * after it. The first states are those in which none has begun: the idle ones. The last states are
 * those in which one ends. A state's number is where its row in the table begins.
 */
final class PrefixAutomaton {

    private static final int VALUES = 256;
    private static final int MOST_STATES = Short.MAX_VALUE;

    /** The kind of each byte value: values of one kind are never told apart. */
    private final byte[] kinds;

    /** A row has room for two to the power of this. */
    private final int kindsLog2;

    private final int[] idleAfterKind;
    private final int endOfIdle;
    private final int firstThatFinds;

    /** The next states, a row of kinds for each state. */
    private final int[] next;

    // By the number of the row.
    private final int[][] found;
    private final short[] open;

    PrefixAutomaton(List<TokenShape> shapes) {
        List<Literal> literals = new ArrayList<>();
        for (int i = 0; i < shapes.size(); i++) {
            TokenShape.Prefix prefix = shapes.get(i).prefix();
            for (String text : prefix.literals()) {
                literals.add(new Literal(i, prefix, text));
            }
        }
        Construction built = new Construction(literals);
        kinds = built.kinds;
        kindsLog2 = Integer.SIZE - Integer.numberOfLeadingZeros(built.countOfKinds - 1);
        int count = built.states.size();
        found = new int[count][];
        open = new short[count];
        int[] rows = new int[count];
        int rowsUsed = 0;
        int firstOfLast = 0;
        for (boolean finds : new boolean[] {false, true}) {
            firstOfLast = rowsUsed;
            for (int i = 0; i < count; i++) {
                int[] ending = built.states.get(i).found(literals);
                if (ending.length > 0 == finds) {
                    found[rowsUsed] = ending;
                    open[rowsUsed] = built.states.get(i).open(literals);
                    rows[i] = rowsUsed++ << kindsLog2;
                }
            }
        }
        firstThatFinds = firstOfLast << kindsLog2;
        endOfIdle = built.idleStates << kindsLog2;
        idleAfterKind = new int[built.countOfKinds];
        next = new int[count << kindsLog2];
        for (int k = 0; k < built.countOfKinds; k++) {
            idleAfterKind[k] = rows[built.idleAfterKind[k]];
            for (int i = 0; i < count; i++) {
                next[rows[i] + k] = rows[built.next[i * built.countOfKinds + k]];
            }
        }
    }

    /** At the beginning of a stream. */
    int start() {
        return idleAfter((byte) '\n');
    }

    /** Whether nothing has begun. */
    boolean idle(int state) {
        return state < endOfIdle;
    }

    /** The state when nothing has begun and this was the last byte. */
    int idleAfter(byte last) {
        return idleAfterKind[kinds[last & 0xFF]];
    }

    int next(int state, byte b) {
        return next[state + kinds[b & 0xFF]];
    }

    /** Whether a prefix ends here. */
    boolean finds(int state) {
        return state >= firstThatFinds;
    }

    /** Pairs: a shape that has one of its prefixes end here, and that prefix's length. */
    int[] found(int state) {
        return found[state >>> kindsLog2];
    }

    /** How many of the last bytes may become part of a prefix that is not shown. */
    int open(int state) {
        return open[state >>> kindsLog2];
    }

    int states() {
        return found.length;
    }

    /** One prefix of one shape. */
    private record Literal(int shape, TokenShape.Prefix rules, String text) {

        /** The bytes that it may have at a place, one or two. */
        int[] values(int at) {
            char c = text.charAt(at);
            return (rules.ignoringCase() ? ByteClass.ofLetter(c) : ByteClass.of(c)).values();
        }
    }

    /**
     * What a state stands for.
     *
     * @param begun pairs of a literal's number and how much of it has come
     * @param after an idle state, which tells what may begin next
     */
    private record Subset(List<Integer> begun, int after) {

        int[] found(List<Literal> literals) {
            // Of several prefixes of a shape the longest: it begins first.
            Map<Integer, Integer> ending = new TreeMap<>();
            for (int i = 0; i < begun.size(); i += 2) {
                Literal literal = literals.get(begun.get(i));
                if (begun.get(i + 1) == literal.text().length()) {
                    ending.merge(literal.shape(), literal.text().length(), Math::max);
                }
            }
            int[] found = new int[2 * ending.size()];
            int at = 0;
            for (Map.Entry<Integer, Integer> entry : ending.entrySet()) {
                found[at++] = entry.getKey();
                found[at++] = entry.getValue();
            }
            return found;
        }

        short open(List<Literal> literals) {
            int longest = 0;
            for (int i = 0; i < begun.size(); i += 2) {
                Literal literal = literals.get(begun.get(i));
                int come = begun.get(i + 1);
                if (come < literal.text().length() && !literal.rules().shown()) {
                    longest = Math.max(longest, come);
                }
            }
            return (short) longest;
        }
    }

    /** The automaton while it is built: all subsets that can be reached, breadth first. */
    private static final class Construction {

        private final List<Literal> literals;
        private final byte[] kinds = new byte[VALUES];
        private final int countOfKinds;
        private final int[] idleAfterKind;
        private final int idleStates;
        private final List<Subset> states = new ArrayList<>();
        private final Map<Subset, Integer> numbers = new HashMap<>();
        private short[] next = {};

        Construction(List<Literal> literals) {
            this.literals = literals;
            countOfKinds = sortIntoKinds();
            idleAfterKind = new int[countOfKinds];
            idleStates = sortIntoIdleStates();
            for (int i = 0; i < idleStates; i++) {
                number(new Subset(List.of(), i));
            }
            next = new short[idleStates * countOfKinds];
            for (int i = 0; i < idleStates; i++) {
                followIdle(i);
            }
            for (int i = idleStates; i < states.size(); i++) {
                follow(i);
            }
        }

        /** Bytes that no literal and no condition tells apart are of one kind. */
        private int sortIntoKinds() {
            boolean[] inLiteral = new boolean[VALUES];
            for (Literal literal : literals) {
                for (int i = 0; i < literal.text().length(); i++) {
                    for (int value : literal.values(i)) {
                        inLiteral[value] = true;
                    }
                }
            }
            Map<List<Object>, Integer> found = new HashMap<>();
            for (int value = 0; value < VALUES; value++) {
                List<Object> signature =
                        List.of(inLiteral[value] ? value : VALUES, allowedAfter(value));
                kinds[value] = number(found, signature).byteValue();
            }
            return found.size();
        }

        private int sortIntoIdleStates() {
            Map<List<ByteClass>, Integer> found = new HashMap<>();
            for (int value = 0; value < VALUES; value++) {
                idleAfterKind[kinds[value]] = number(found, allowedAfter(value));
            }
            return found.size();
        }

        /** The conditions that the value fulfils. */
        private List<ByteClass> allowedAfter(int value) {
            return literals.stream()
                    .map(literal -> literal.rules().after())
                    .distinct()
                    .filter(after -> after.contains(value))
                    .toList();
        }

        private static <T> Integer number(Map<T, Integer> numbers, T key) {
            return numbers.computeIfAbsent(key, _ -> numbers.size());
        }

        private short number(Subset state) {
            Integer known = numbers.get(state);
            if (known != null) {
                return known.shortValue();
            }
            if (states.size() == MOST_STATES) {
                throw new IllegalArgumentException(
                        "the token rules have too many prefixes; remove some");
            }
            numbers.put(state, states.size());
            states.add(state);
            return (short) (states.size() - 1);
        }

        private void followIdle(int idle) {
            List<List<Integer>> begun = new ArrayList<>();
            for (int k = 0; k < countOfKinds; k++) {
                begun.add(new ArrayList<>());
            }
            int before = 0;
            while (idleAfterKind[kinds[before]] != idle) {
                before++;
            }
            for (int i = 0; i < literals.size(); i++) {
                if (literals.get(i).rules().after().contains(before)) {
                    for (int value : literals.get(i).values(0)) {
                        begun.get(kinds[value]).addAll(List.of(i, 1));
                    }
                }
            }
            for (int k = 0; k < countOfKinds; k++) {
                next[idle * countOfKinds + k] = number(new Subset(begun.get(k), idleAfterKind[k]));
            }
        }

        /** Like the idle state, but where something that has begun goes on. */
        private void follow(int number) {
            int row = number * countOfKinds;
            if (row == next.length) {
                next = Arrays.copyOf(next, 2 * next.length);
            }
            Subset state = states.get(number);
            int idleRow = state.after() * countOfKinds;
            System.arraycopy(next, idleRow, next, row, countOfKinds);
            Map<Integer, List<Integer>> goesOn = new TreeMap<>();
            for (int i = 0; i < state.begun().size(); i += 2) {
                int literal = state.begun().get(i);
                int come = state.begun().get(i + 1);
                if (come < literals.get(literal).text().length()) {
                    for (int value : literals.get(literal).values(come)) {
                        goesOn.computeIfAbsent((int) kinds[value], _ -> new ArrayList<>())
                                .addAll(List.of(literal, come + 1));
                    }
                }
            }
            goesOn.forEach((k, begun) -> {
                begun.addAll(states.get(next[idleRow + k]).begun());
                next[row + k] = number(new Subset(begun, idleAfterKind[k]));
            });
        }
    }
}
