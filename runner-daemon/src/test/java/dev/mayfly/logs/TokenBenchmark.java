package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import dev.mayfly.config.TokenRules;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * Measures the token masker with the program's own rules against a memory copy, in one run and in
 * turn, so that the ratios hold although the machine's speed varies. Not a test.
 */
final class TokenBenchmark {

    private static final int CORPUS_BYTES = 16 * 1024 * 1024;
    private static final int ROUNDS = 5;
    private static final Duration ROUND = Duration.ofMillis(200);
    private static final String[] WORDS =
            ("Downloading compiling resolved dependency module package test passed warning info"
                            + " target/classes src/main/java org.example:library:jar:1.4.2 cache"
                            + " layer step [INFO] [DEBUG] 200 OK 12ms --no-daemon -Dmaven.repo"
                            + " sha256: build context is_valid user_id JSON -------- KeyStore")
                    .split(" ", -1);

    /** Takes one chunk of the corpus. */
    @FunctionalInterface
    private interface Chunks {
        void take(byte[] bytes, int offset, int length);
    }

    /** One line of the result. */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    private record Cell(String name, int chunk, byte[] corpus, Chunks work, List<Double> speeds) {

        double median() {
            double[] sorted = speeds.stream().mapToDouble(Double::doubleValue).sorted().toArray();
            return sorted[sorted.length / 2];
        }
    }

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private static long shown;

    private TokenBenchmark() {}

    public static void main(String[] arguments) {
        long start = System.nanoTime();
        TokenShapes shapes = TokenShapes.of(TokenRules.builtIn());
        double cold = (System.nanoTime() - start) / 1e6;
        List<Cell> cells = new ArrayList<>();
        for (int chunk : List.of(32 * 1024, 1024, 64)) {
            byte[] copy = new byte[64 * 1024];
            cells.add(
                    cell(
                            "memory copy",
                            chunk,
                            log(true, 0),
                            (bytes, offset, length) -> {
                                System.arraycopy(bytes, offset, copy, 0, length);
                                shown += copy[length - 1];
                            }));
            add(cells, shapes, chunk, "plain build log", log(false, 0));
            add(cells, shapes, chunk, "coloured build log", log(true, 0));
            add(cells, shapes, chunk, "the same, a URL a line", log(true, 1));
            add(cells, shapes, chunk, "the same, a token a line", log(true, 2));
        }
        add(cells, shapes, 32 * 1024, "base64", repeated(base64()));
        add(cells, shapes, 32 * 1024, "random bytes", random());
        for (String hostile :
                List.of(
                        "a",
                        "glpat-",
                        "glpat-x ",
                        "eyJ",
                        "eyJhbGciOiJIUzI1NiJ9.eyJ",
                        "://a:",
                        "?sig=",
                        "AKIA",
                        "ghp_",
                        "-----BEGIN PRIVATE KEY-----\n",
                        "glpat-AKIAghp_hvs.xoxb-npm_AIzaeyJsk_live_")) {
            add(cells, shapes, 32 * 1024, "nothing but " + hostile.strip(), repeated(hostile));
        }
        for (int round = -1; round < ROUNDS; round++) {
            for (Cell cell : cells) {
                double speed = megabytesPerSecond(cell);
                if (round >= 0) {
                    cell.speeds().add(speed);
                }
            }
        }
        print(cells);
        start = System.nanoTime();
        TokenShapes again = TokenShapes.of(shapes.shapes());
        System.out.printf(
                "%nprepared in %.1f ms cold with its file, %.1f ms warm; %d states (%d)%n",
                cold, (System.nanoTime() - start) / 1e6, again.automaton().states(), shown);
    }

    private static void add(
            List<Cell> cells, TokenShapes shapes, int chunk, String name, byte[] corpus) {
        TokenMasker masker = new TokenMasker(shapes, (bytes, offset, length) -> shown += length);
        cells.add(cell(name, chunk, corpus, masker::write));
    }

    private static Cell cell(String name, int chunk, byte[] corpus, Chunks work) {
        return new Cell(name, chunk, corpus, work, new ArrayList<>());
    }

    private static double megabytesPerSecond(Cell cell) {
        long bytes = 0;
        int position = 0;
        long start = THREADS.getCurrentThreadCpuTime();
        long took;
        do {
            // The clock is read every 256 KiB at most.
            for (int batch = 0; batch < 256 * 1024; batch += cell.chunk()) {
                cell.work().take(cell.corpus(), position, cell.chunk());
                position = (position + cell.chunk()) & (CORPUS_BYTES - 1);
                bytes += cell.chunk();
            }
            took = THREADS.getCurrentThreadCpuTime() - start;
        } while (took < ROUND.toNanos());
        return bytes * 1e3 / took;
    }

    private static void print(List<Cell> cells) {
        System.out.printf(
                "Java %s, %d processors, median of %d rounds, MB = 10^6 bytes%n%n",
                Runtime.version(), Runtime.getRuntime().availableProcessors(), ROUNDS);
        System.out.println("| chunk | what | MB/s | of memory copy |");
        System.out.println("|---:|---|---:|---:|");
        double copy = Double.NaN;
        for (Cell cell : cells) {
            copy = cell.name().equals("memory copy") ? cell.median() : copy;
            System.out.printf(
                    "| %d | %s | %,.0f | %.4f |%n",
                    cell.chunk(), cell.name(), cell.median(), cell.median() / copy);
        }
    }

    /**
     * A build log.
     *
     * @param more 1 for a URL, 2 for a token in each line
     */
    private static byte[] log(boolean coloured, int more) {
        Random random = new Random(2);
        StringBuilder log = new StringBuilder(CORPUS_BYTES + 4096);
        int line = 0;
        while (log.length() < CORPUS_BYTES) {
            log.append("2026-01-01T00:00:%02d.%03dZ ".formatted(line / 1000 % 60, line % 1000));
            log.append(coloured ? "\u001b[32m" : "");
            int length = 4 + random.nextInt(12);
            for (int i = 0; i < length; i++) {
                log.append(WORDS[random.nextInt(WORDS.length)]).append(' ');
            }
            log.append(coloured ? "\u001b[0m" : "");
            log.append(letters(random, 8 + random.nextInt(32), 16));
            if (more == 1) {
                log.append(" https://repo.example.org/maven2/org/example/library-1.4.2.jar?v=1");
            } else if (more == 2) {
                log.append(" token ghp_").append(letters(random, 36, 62));
            }
            log.append('\n');
            line++;
        }
        return Arrays.copyOf(log.toString().getBytes(ISO_8859_1), CORPUS_BYTES);
    }

    private static String base64() {
        Random random = new Random(3);
        return letters(random, 1 << 20, 64);
    }

    private static byte[] random() {
        byte[] bytes = new byte[CORPUS_BYTES];
        new Random(4).nextBytes(bytes);
        return bytes;
    }

    private static byte[] repeated(String text) {
        return Arrays.copyOf(
                text.repeat(CORPUS_BYTES / text.length() + 1).getBytes(ISO_8859_1), CORPUS_BYTES);
    }

    private static String letters(Random random, int length, int letters) {
        String all = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ+/";
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < length; i++) {
            text.append(all.charAt(random.nextInt(letters)));
        }
        return text.toString();
    }
}
