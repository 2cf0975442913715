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
 * after it. The first states are those in which none has begun: the idle ones.
 */
final class PrefixAutomaton {

    private static final int VALUES = 256;
    private static final int[] NONE = {};

    private final List<Literal> literals = new ArrayList<>();

    /** The kind of each byte value: values of one kind are never told apart. */
    private final byte[] kind = new byte[VALUES];

    private final int kinds;

    /** A byte of each kind. */
    private final int[] sample;

    private final int idleStates;
    private final int[] idleAfterKind;
    private final int start;

    private short[] next;
    private final List<int[]> found = new ArrayList<>();
    private final List<Integer> open = new ArrayList<>();
    private final int[][] foundIn;
    private final short[] openIn;

    /** One prefix of one shape. */
    private record Literal(int shape, TokenShape.Prefix rules, String text) {

        boolean matches(int at, int value) {
            int c = text.charAt(at);
            return c == value
                    || (rules.ignoringCase()
                            && Character.isLetter(c)
                            && value < 0x80
                            && Character.toLowerCase(c) == Character.toLowerCase(value));
        }
    }

    /**
     * What has begun.
     *
     * @param begun pairs of a literal's number and how much of it has come, in order
     * @param after an idle state: what may begin next
     */
    private record Subset(List<Integer> begun, int after) {}

    PrefixAutomaton(List<TokenShape> shapes) {
        for (int i = 0; i < shapes.size(); i++) {
            TokenShape.Prefix prefix = shapes.get(i).prefix();
            for (String text : prefix.literals()) {
                literals.add(new Literal(i, prefix, text));
            }
        }
        kinds = sortIntoKinds();
        sample = new int[kinds];
        for (int value = 0; value < VALUES; value++) {
            sample[kind[value] & 0xFF] = value;
        }
        idleAfterKind = new int[kinds];
        idleStates = numberIdleStates();
        start = idleAfterKind[kind['\n'] & 0xFF];
        next = new short[0];
        explore();
        foundIn = found.toArray(int[][]::new);
        openIn = new short[foundIn.length];
        for (int i = 0; i < openIn.length; i++) {
            openIn[i] = open.get(i).shortValue();
        }
    }

    /** At the beginning of a stream. */
    int start() {
        return start;
    }

    boolean idle(int state) {
        return state < idleStates;
    }

    /** The state when nothing has begun and this was the last byte. */
    int idleAfter(byte last) {
        return idleAfterKind[kind[last & 0xFF] & 0xFF];
    }

    int next(int state, byte b) {
        return next[state * kinds + (kind[b & 0xFF] & 0xFF)];
    }

    /** Whether a prefix ends here. */
    boolean finds(int state) {
        return foundIn[state].length > 0;
    }

    /** Pairs: a shape that has one of its prefixes end here, and that prefix's length. */
    int[] found(int state) {
        return foundIn[state];
    }

    /** How many of the last bytes may become part of a prefix that is not shown. */
    int open(int state) {
        return openIn[state];
    }

    int states() {
        return foundIn.length;
    }

    /** Bytes that no literal and no condition tells apart are of one kind. */
    private int sortIntoKinds() {
        Map<List<Boolean>, Integer> numbers = new HashMap<>();
        List<ByteClass> conditions =
                literals.stream().map(literal -> literal.rules().after()).distinct().toList();
        boolean[] inLiteral = new boolean[VALUES];
        for (Literal literal : literals) {
            literal.text().chars().forEach(c -> inLiteral[c] = true);
        }
        for (int value = 0; value < VALUES; value++) {
            int v = value;
            boolean letter = Character.isLetter(value) && value < 0x80;
            boolean special = inLiteral[value] || (letter && inLiteral[value ^ 0x20]);
            List<Boolean> signature = new ArrayList<>();
            for (int bit = 0; bit < Byte.SIZE; bit++) {
                signature.add(special && (value >>> bit & 1) != 0);
            }
            conditions.forEach(condition -> signature.add(condition.contains(v)));
            signature.add(special);
            Integer number = numbers.computeIfAbsent(signature, _ -> numbers.size());
            kind[value] = number.byteValue();
        }
        return numbers.size();
    }

    private int numberIdleStates() {
        Map<List<Boolean>, Integer> numbers = new HashMap<>();
        for (int k = 0; k < kinds; k++) {
            int value = sample[k];
            List<Boolean> allowed =
                    literals.stream()
                            .map(literal -> literal.rules().after().contains(value))
                            .toList();
            idleAfterKind[k] = numbers.computeIfAbsent(allowed, _ -> numbers.size());
        }
        return numbers.size();
    }

    private void explore() {
        List<Subset> states = new ArrayList<>();
        Map<Subset, Integer> numbers = new HashMap<>();
        int[][][] begins = new int[idleStates][kinds][];
        for (int i = 0; i < idleStates; i++) {
            Subset idle = new Subset(List.of(), i);
            numbers.put(idle, i);
            states.add(idle);
            for (int k = 0; k < kinds; k++) {
                begins[i][k] = begins(i, sample[k]);
            }
        }
        for (int s = 0; s < states.size(); s++) {
            if (s > Short.MAX_VALUE) {
                throw new IllegalArgumentException(
                        "the token rules have too many prefixes; remove some");
            }
            Subset state = states.get(s);
            remember(state);
            next =
                    (next.length < (s + 1) * kinds)
                            ? Arrays.copyOf(next, 2 * (s + 1) * kinds)
                            : next;
            for (int k = 0; k < kinds; k++) {
                Subset target = advance(state, k, begins[state.after()][k]);
                Integer number = numbers.get(target);
                if (number == null) {
                    number = states.size();
                    numbers.put(target, number);
                    states.add(target);
                }
                next[s * kinds + k] = number.shortValue();
            }
        }
        next = Arrays.copyOf(next, states.size() * kinds);
    }

    /** The literals that a byte begins in an idle state. */
    private int[] begins(int idle, int value) {
        int before = 0;
        while (idleAfterKind[before] != idle) {
            before++;
        }
        List<Integer> begins = new ArrayList<>();
        for (int i = 0; i < literals.size(); i++) {
            Literal literal = literals.get(i);
            if (literal.rules().after().contains(sample[before]) && literal.matches(0, value)) {
                begins.add(i);
            }
        }
        return begins.isEmpty() ? NONE : begins.stream().mapToInt(Integer::intValue).toArray();
    }

    private Subset advance(Subset state, int k, int[] begins) {
        List<Integer> begun = new ArrayList<>();
        for (int i = 0; i < state.begun().size(); i += 2) {
            Literal literal = literals.get(state.begun().get(i));
            int come = state.begun().get(i + 1);
            if (come < literal.text().length() && literal.matches(come, sample[k])) {
                begun.add(state.begun().get(i));
                begun.add(come + 1);
            }
        }
        for (int literal : begins) {
            begun.add(literal);
            begun.add(1);
        }
        return new Subset(begun, idleAfterKind[k]);
    }

    private void remember(Subset state) {
        // Of several prefixes of a shape the longest: it begins first.
        Map<Integer, Integer> ending = new TreeMap<>();
        int longestOpen = 0;
        for (int i = 0; i < state.begun().size(); i += 2) {
            Literal literal = literals.get(state.begun().get(i));
            int come = state.begun().get(i + 1);
            if (come == literal.text().length()) {
                ending.merge(literal.shape(), come, Math::max);
            } else if (!literal.rules().shown()) {
                longestOpen = Math.max(longestOpen, come);
            }
        }
        found.add(
                ending.isEmpty()
                        ? NONE
                        : ending.entrySet().stream()
                                .flatMapToInt(entry ->
                                        java.util.stream.IntStream.of(
                                                entry.getKey(), entry.getValue()))
                                .toArray());
        open.add(longestOpen);
    }
}
