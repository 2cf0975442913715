package dev.mayfly.logs;

import dev.mayfly.job.SecretValue;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.IntSummaryStatistics;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Prints what the forms of secrets cost, by variant and by kind of secret. Not a test: run its main
 * method when a form is added.
 */
final class FormsCost {

    private static final int WARM_UP = 60;
    private static final int ROUNDS = 21;

    private static long seen;

    private FormsCost() {}

    public static void main(String[] arguments) {
        List<SecretValue> secrets = MaskerBenchmark.secrets(100);
        for (int round = 0; round < WARM_UP; round++) {
            automaton(forms(secrets, Masking.STANDARD));
        }
        printVariants(secrets);
        printKinds(secrets);
        System.out.printf("%n(%d, so that nothing is optimised away)%n", seen);
    }

    private static void printVariants(List<SecretValue> secrets) {
        Map<Variant, List<SecretPattern>> byVariant = new EnumMap<>(Variant.class);
        forms(secrets, Masking.STANDARD)
                .forEach(
                        p -> byVariant.computeIfAbsent(p.variant(), _ -> new ArrayList<>()).add(p));
        System.out.println(
                "| 100 secrets | patterns | bytes | states without it | ms to make alone |");
        System.out.println("|---|---:|---:|---:|---:|");
        double allMillis = formsMillis(secrets, Masking.STANDARD);
        int all = automaton(forms(secrets, Masking.STANDARD)).states();
        for (Variant variant : Variant.values()) {
            List<SecretPattern> patterns = byVariant.getOrDefault(variant, List.of());
            Masking without = Masking.STANDARD.without(variant);
            System.out.printf(
                    "| %s | %,d | %,d | %,d fewer | %.2f |%n",
                    variant,
                    patterns.size(),
                    bytes(patterns),
                    all - automaton(forms(secrets, without)).states(),
                    formsMillis(secrets, only(variant)));
        }
        List<SecretPattern> patterns = forms(secrets, Masking.STANDARD);
        System.out.printf(
                "| all | %,d | %,d | %,d in all | %.2f in all |%n%nautomaton: %.1f ms, %,d bytes at 17"
                        + " a state%n%n",
                patterns.size(),
                bytes(patterns),
                all,
                allMillis,
                median(() -> seen += automaton(patterns).states()),
                17L * all);
    }

    private static Masking only(Variant variant) {
        return new Masking(
                Masking.DEFAULT_SHORTEST_BYTES, EnumSet.of(variant), false, TokenShapes.none());
    }

    private static void printKinds(List<SecretValue> secrets) {
        Map<String, List<List<SecretPattern>>> byKind = new TreeMap<>();
        for (int i = 0; i < secrets.size(); i++) {
            String kind =
                    switch (i % 10) {
                        case 0, 1, 2 -> "token of 40 letters and digits";
                        case 3, 4 -> "40 hex digits";
                        case 5, 6 -> "40 base64 characters";
                        case 7, 8 -> "password with punctuation";
                        default -> "PEM key";
                    };
            byKind.computeIfAbsent(kind, _ -> new ArrayList<>())
                    .add(forms(List.of(secrets.get(i)), Masking.STANDARD));
        }
        System.out.println("| kind | patterns, least | mean | most | states, mean |");
        System.out.println("|---|---:|---:|---:|---:|");
        byKind.forEach((kind, of) -> {
            IntSummaryStatistics counts = of.stream().mapToInt(List::size).summaryStatistics();
            System.out.printf(
                    "| %s | %d | %.1f | %d | %.0f |%n",
                    kind,
                    counts.getMin(),
                    counts.getAverage(),
                    counts.getMax(),
                    of.stream().mapToInt(p -> automaton(p).states()).average().orElseThrow());
        });
    }

    private static List<SecretPattern> forms(List<SecretValue> secrets, Masking masking) {
        List<SecretPattern> forms = new ArrayList<>();
        secrets.forEach(value -> forms.addAll(SecretVariants.of("S", value, masking)));
        return forms;
    }

    private static SecretPatterns automaton(List<SecretPattern> patterns) {
        return SecretPatterns.none().with(patterns);
    }

    private static long bytes(List<SecretPattern> patterns) {
        return patterns.stream().mapToLong(p -> p.bytes().length).sum();
    }

    private static double formsMillis(List<SecretValue> secrets, Masking masking) {
        return median(() -> seen += forms(secrets, masking).size());
    }

    private static double median(Runnable work) {
        double[] millis = new double[ROUNDS];
        for (int round = 0; round < ROUNDS; round++) {
            long start = System.nanoTime();
            work.run();
            millis[round] = (System.nanoTime() - start) / 1e6;
        }
        Arrays.sort(millis);
        return millis[ROUNDS / 2];
    }
}
