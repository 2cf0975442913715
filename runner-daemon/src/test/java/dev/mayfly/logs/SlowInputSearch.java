package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Looks for inputs that are slow: changes a short unit at random, keeps what made it slower, and
 * begins again from elsewhere when nothing does any more. Each input is the unit repeated.
 */
final class SlowInputSearch {

    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();
    private static final int INPUT_BYTES = 64 * 1024;
    private static final int MOST_PIECES = 12;
    private static final int PATIENCE = 120;
    private static final int FINALISTS = 12;
    private static final int LONGEST_SHOWN = 90;

    private final SplittableRandom random = new SplittableRandom(7);
    private final List<String> pieces = new ArrayList<>();
    private final Cell.Work work;
    private final int chunk;
    private final byte[] input = new byte[INPUT_BYTES];

    /** The slowest input and its speed in MB/s. */
    record Found(int chunk, int tried, String unit, double speed) {}

    private record Candidate(String unit, long nanos) {}

    SlowInputSearch(Cell.Work work, int chunk) {
        this.work = work;
        this.chunk = chunk;
        List<SecretPattern> forms =
                BenchmarkSecrets.forms(BenchmarkSecrets.values(100), Masking.STANDARD);
        for (int i = 0; i < 300; i++) {
            byte[] form = forms.get(random.nextInt(forms.size())).bytes();
            int length =
                    switch (random.nextInt(4)) {
                        case 0 -> form.length;
                        case 1 -> form.length - 1;
                        default -> random.nextInt(1, Math.min(form.length, 14));
                    };
            int from = random.nextInt(5) == 0 ? random.nextInt(form.length - length + 1) : 0;
            pieces.add(new String(form, from, length, ISO_8859_1));
        }
        for (String token :
                List.of(
                        "glpat-",
                        "ghp_",
                        "eyJ",
                        "eyJhbGciOiJ9.eyJ",
                        "://",
                        ":",
                        "@",
                        "?sig=",
                        "&")) {
            pieces.add(token);
        }
        // As likely as the pieces of secrets.
        List<String> controls =
                List.of(
                        "\n",
                        "\r",
                        "\r\n",
                        " ",
                        "\t",
                        "\u001b",
                        "\u001b[",
                        "\u001b[m",
                        "\u001b[0;1m",
                        "\u001b]",
                        "\u001b]0;",
                        "\u0007",
                        "\u001b\\",
                        "\u001bP",
                        "\u001b(B",
                        "a",
                        "0",
                        ";",
                        "=",
                        "-",
                        "x".repeat(59),
                        "x".repeat(8),
                        "A",
                        "\u0000",
                        "\u00ff");
        for (int i = 0; i < 12; i++) {
            pieces.addAll(controls);
        }
    }

    /** Searches for so long, then measures the slowest ones again, longer. */
    Found slowest(Duration time, LogBenchmark.Effort effort) throws InterruptedException {
        long end = System.nanoTime() + time.toNanos();
        List<Candidate> best = new ArrayList<>();
        int tried = 0;
        while (System.nanoTime() < end) {
            List<String> unit = new ArrayList<>();
            Candidate current = null;
            for (int idle = 0; idle < PATIENCE && System.nanoTime() < end; idle++) {
                List<String> changed = changed(unit);
                Candidate candidate = tried(String.join("", changed));
                tried++;
                if (current == null || candidate.nanos() > current.nanos() * 1.01) {
                    current = candidate;
                    unit = changed;
                    idle = 0;
                }
            }
            if (current != null) {
                best.add(current);
            }
        }
        best.sort(Comparator.comparingLong(Candidate::nanos).reversed());
        List<Candidate> finalists = best.subList(0, Math.min(FINALISTS, best.size()));
        List<Cell> cells =
                finalists.stream()
                        .map(c -> new Cell(HostileInput.repeated(c.unit()), chunk, work))
                        .toList();
        Cell.measure(cells, effort.rounds(), effort.turn());
        int slowest = 0;
        for (int i = 1; i < cells.size(); i++) {
            slowest = cells.get(i).speed() < cells.get(slowest).speed() ? i : slowest;
        }
        return new Found(
                chunk, tried, shown(finalists.get(slowest).unit()), cells.get(slowest).speed());
    }

    private List<String> changed(List<String> unit) {
        List<String> changed = new ArrayList<>(unit);
        int changes = 1 + random.nextInt(2);
        for (int i = 0; i < changes || changed.isEmpty(); i++) {
            int at = random.nextInt(changed.size() + 1);
            boolean exists = at < changed.size();
            switch (random.nextInt(4)) {
                case 0 -> {
                    if (exists) {
                        changed.remove(at);
                    }
                }
                case 1 -> {
                    if (exists) {
                        changed.set(at, piece());
                    }
                }
                case 2 -> {
                    if (exists && changed.size() < MOST_PIECES) {
                        changed.add(at, changed.get(random.nextInt(changed.size())));
                    }
                }
                default -> {
                    if (changed.size() < MOST_PIECES) {
                        changed.add(at, piece());
                    }
                }
            }
        }
        return changed;
    }

    private String piece() {
        return pieces.get(random.nextInt(pieces.size()));
    }

    /** The least of three measurements: what disturbs them makes them longer. */
    private Candidate tried(String unit) throws InterruptedException {
        byte[] bytes = unit.getBytes(ISO_8859_1);
        for (int i = 0; i < input.length; i += bytes.length) {
            System.arraycopy(bytes, 0, input, i, Math.min(bytes.length, input.length - i));
        }
        long least = Long.MAX_VALUE;
        for (int i = 0; i < 3; i++) {
            long start = THREADS.getCurrentThreadCpuTime();
            for (int at = 0; at < input.length; at += chunk) {
                work.take(input, at, chunk);
            }
            least = Math.min(least, THREADS.getCurrentThreadCpuTime() - start);
        }
        return new Candidate(unit, least);
    }

    /** As it can stand in a table. */
    private static String shown(String unit) {
        StringBuilder shown = new StringBuilder();
        for (int i = 0; i < unit.length(); i++) {
            char c = unit.charAt(i);
            if (c == '\n') {
                shown.append("\\n");
            } else if (c == '\r') {
                shown.append("\\r");
            } else if (c < ' ' || c > '~' || c == '|' || c == '`') {
                shown.append("\\x%02x".formatted((int) c));
            } else {
                shown.append(c);
            }
        }
        return shown.length() <= LONGEST_SHOWN
                ? shown.toString()
                : shown.substring(0, LONGEST_SHOWN) + "… (" + unit.length() + " bytes)";
    }
}
