package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.SecretValue;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Measures the masker against a memory copy and against a chain of {@code String.replace}, all in
 * one run and in turn, so that the ratios hold although the machine's speed varies. Not a test:
 * {@code .ci/bench} runs it.
 */
final class MaskerBenchmark {

    private static final int CORPUS_BYTES = 16 * 1024 * 1024;
    private static final int ROUNDS = 5;
    private static final Duration ROUND = Duration.ofMillis(200);
    private static final String WORDS =
            "Downloading compiling resolved dependency module package test passed warning info"
                    + " target/classes src/main/java org.example:library:jar:1.4.2 cache layer step"
                    + " [INFO] [DEBUG] 200 OK 12ms --no-daemon -Dmaven.repo sha256: build context";

    /** Takes one chunk of the corpus. */
    @FunctionalInterface
    private interface Chunks {
        void take(byte[] bytes, int offset, int length) throws InterruptedException;
    }

    /** One line of the result. */
    private record Cell(String name, int chunk, Chunks work, List<Double> speeds) {

        double median() {
            double[] sorted = speeds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
            return sorted[sorted.length / 2];
        }
    }

    private static long shown;

    private MaskerBenchmark() {}

    public static void main(String[] arguments) throws InterruptedException {
        List<SecretValue> secrets = secrets(100);
        byte[] corpus = corpus(secrets);
        List<Cell> cells = new ArrayList<>();
        for (int chunk : List.of(32 * 1024, 64)) {
            byte[] copy = new byte[64 * 1024];
            cells.add(
                    cell(
                            "memory copy",
                            chunk,
                            (bytes, offset, length) -> {
                                System.arraycopy(bytes, offset, copy, 0, length);
                                shown += copy[length - 1];
                            }));
            for (int count : List.of(1, 10, 100)) {
                List<SecretValue> some = secrets.subList(0, count);
                add(cells, chunk, count + " exact", exact(some));
                add(cells, chunk, count + " all forms", allForms(some));
            }
            LogPipeline pipeline =
                    new LogPipeline(
                            InstantSource.system(),
                            Long.MAX_VALUE,
                            Masking.STANDARD,
                            List.of(new Counter()));
            pipeline.addSecrets(named(secrets));
            cells.add(cell("pipeline, 100 all forms", chunk, pipeline::output));
        }
        for (int round = -1; round < ROUNDS; round++) {
            for (Cell cell : cells) {
                double speed = megabytesPerSecond(cell, corpus);
                if (round >= 0) {
                    cell.speeds().add(speed);
                }
            }
        }
        print(cells);
        printBuildCost(secrets);
    }

    private static void add(
            List<Cell> cells, int chunk, String name, List<SecretPattern> patterns) {
        LogMasker masker =
                new LogMasker(
                        SecretPatterns.none().with(patterns),
                        (bytes, offset, length) -> shown += length);
        cells.add(cell("masker, " + name, chunk, masker::write));
        List<String> values =
                patterns.stream().map(p -> new String(p.bytes(), ISO_8859_1)).toList();
        cells.add(
                cell(
                        "replace chain, " + name,
                        chunk,
                        (bytes, offset, length) -> {
                            String text = new String(bytes, offset, length, ISO_8859_1);
                            for (String value : values) {
                                text = text.replace(value, LogMasker.MARK);
                            }
                            shown += text.getBytes(ISO_8859_1).length;
                        }));
    }

    private static Cell cell(String name, int chunk, Chunks work) {
        return new Cell(name, chunk, work, new ArrayList<>());
    }

    private static double megabytesPerSecond(Cell cell, byte[] corpus) throws InterruptedException {
        long bytes = 0;
        int position = 0;
        long start = System.nanoTime();
        long took;
        do {
            // The clock is read every 64 KiB at most.
            for (int batch = 0; batch < 64 * 1024; batch += cell.chunk()) {
                cell.work().take(corpus, position, cell.chunk());
                position = (position + cell.chunk()) & (CORPUS_BYTES - 1);
                bytes += cell.chunk();
            }
            took = System.nanoTime() - start;
        } while (took < ROUND.toNanos());
        return bytes * 1e3 / took;
    }

    private static void print(List<Cell> cells) {
        System.out.printf(
                "Java %s, %d processors, median of %d rounds, MB = 10^6 bytes%n%n",
                Runtime.version(), Runtime.getRuntime().availableProcessors(), ROUNDS);
        System.out.println("| chunk | what | MB/s | of memory copy | of the replace chain |");
        System.out.println("|---:|---|---:|---:|---:|");
        Map<String, Double> speeds = new LinkedHashMap<>();
        for (Cell cell : cells) {
            speeds.put(cell.chunk() + cell.name(), cell.median());
        }
        for (Cell cell : cells) {
            double speed = cell.median();
            double copy = speeds.getOrDefault(cell.chunk() + "memory copy", Double.NaN);
            String chain = cell.name().replaceFirst("^(masker|pipeline)", "replace chain");
            double chainSpeed = speeds.getOrDefault(cell.chunk() + chain, Double.NaN);
            System.out.printf(
                    "| %d | %s | %,.0f | %.4f | %.1f |%n",
                    cell.chunk(), cell.name(), speed, speed / copy, speed / chainSpeed);
        }
        System.out.printf("%n(%d bytes and checks, so that nothing is optimised away)%n%n", shown);
    }

    private static void printBuildCost(List<SecretValue> secrets) {
        System.out.println("| secrets, all forms | patterns | states | build, ms |");
        System.out.println("|---:|---:|---:|---:|");
        for (int count : List.of(1, 10, 100)) {
            double[] took = new double[ROUNDS];
            int patterns = 0;
            int states = 0;
            for (int round = 0; round < ROUNDS; round++) {
                long start = System.nanoTime();
                List<SecretPattern> forms = allForms(secrets.subList(0, count));
                states = SecretPatterns.none().with(forms).states();
                took[round] = (System.nanoTime() - start) / 1e6;
                patterns = forms.size();
            }
            Arrays.sort(took);
            System.out.printf(
                    "| %d | %,d | %,d | %.1f |%n", count, patterns, states, took[ROUNDS / 2]);
        }
    }

    private static List<SecretPattern> exact(List<SecretValue> secrets) {
        return secrets.stream()
                .map(value -> new SecretPattern("S", Variant.EXACT, value.reveal()))
                .toList();
    }

    private static List<SecretPattern> allForms(List<SecretValue> secrets) {
        return secrets.stream()
                .flatMap(v -> SecretVariants.of("S", v, Masking.STANDARD).stream())
                .toList();
    }

    private static Map<String, SecretValue> named(List<SecretValue> secrets) {
        Map<String, SecretValue> named = new LinkedHashMap<>();
        secrets.forEach(value -> named.put("S" + named.size(), value));
        return named;
    }

    /** Tokens, keys in hex and base64, passwords, and one PEM key in ten. */
    static List<SecretValue> secrets(int count) {
        Random random = new Random(1);
        List<SecretValue> secrets = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            String value =
                    switch (i % 10) {
                        case 0, 1, 2 -> "ghx_" + text(random, 36, 62);
                        case 3, 4 -> text(random, 40, 16);
                        case 5, 6 -> text(random, 40, 64);
                        case 7, 8 -> text(random, 14 + random.nextInt(10), 76);
                        default ->
                                "-----BEGIN PRIVATE KEY-----\n"
                                        + text(random, 64, 64)
                                        + "\n"
                                        + text(random, 64, 64)
                                        + "\n"
                                        + text(random, 30, 64)
                                        + "\n-----END PRIVATE KEY-----\n";
                    };
            secrets.add(new SecretValue(value.getBytes(ISO_8859_1)));
        }
        return secrets;
    }

    private static String text(Random random, int length, int letters) {
        String all =
                "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/!\"$%&()=?#<>:'";
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(all.charAt(random.nextInt(letters)));
        }
        return text.toString();
    }

    /** A build log: a leak in 300 lines, a near miss in 100, coloured, with some random words. */
    private static byte[] corpus(List<SecretValue> secrets) {
        Random random = new Random(2);
        String[] words = WORDS.split(" ", -1);
        StringBuilder log = new StringBuilder(CORPUS_BYTES + 4096);
        int line = 0;
        while (log.length() < CORPUS_BYTES) {
            log.append("2026-01-01T00:00:%02d.%03dZ ".formatted(line / 1000 % 60, line % 1000));
            log.append("\u001b[32m");
            int length = 4 + random.nextInt(12);
            for (int i = 0; i < length; i++) {
                log.append(words[random.nextInt(words.length)]).append(' ');
            }
            log.append("\u001b[0m").append(text(random, 8 + random.nextInt(32), 16));
            String secret =
                    new String(secrets.get(random.nextInt(secrets.size())).reveal(), ISO_8859_1);
            if (line % 300 == 0) {
                log.append(" token=").append(secret);
            } else if (line % 100 == 0) {
                log.append(" token=").append(secret, 0, secret.length() - 2);
            }
            log.append('\n');
            line++;
        }
        return Arrays.copyOf(log.toString().getBytes(ISO_8859_1), CORPUS_BYTES);
    }

    private static final class Counter implements LogSink {

        @Override
        public void output(long start, Instant at, byte[] bytes, int offset, int length) {
            shown += length;
        }

        @Override
        public void event(LogPosition at, LogEvent event) {}

        @Override
        public void finish(LogPosition total) {}
    }
}
