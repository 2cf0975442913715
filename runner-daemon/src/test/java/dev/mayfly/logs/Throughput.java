package dev.mayfly.logs;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * The masker and the whole pipeline at numbers of secrets, forms and sizes of writes, with a log
 * that has escape sequences and one that has none, beside what they are compared with.
 */
final class Throughput {

    private static final int KIBIBYTE = 1024;
    private static final List<Integer> CHUNKS = List.of(32 * KIBIBYTE, KIBIBYTE, 64);
    private static final List<Integer> SECRETS = List.of(1, 10, 100, 1000);

    private final List<Cell> cells = new ArrayList<>();
    private final List<Table> tables = new ArrayList<>();

    private record Table(boolean coloured, int chunk, Cell memoryCopy, List<Row> rows) {}

    private record Row(
            int secrets,
            boolean allForms,
            Cell masker,
            Cell pipeline,
            Cell withTokens,
            Cell ahoCorasick,
            @Nullable Cell replaceChain) {}

    /** The same automata for all chunks and both logs. */
    private record Contestants(
            int secrets,
            boolean allForms,
            Cell.Work masker,
            Cell.Work pipeline,
            Cell.Work withTokens,
            Cell.Work ahoCorasick,
            Cell.@Nullable Work replaceChain) {}

    Throughput(byte[] coloured, byte[] plain) throws InterruptedException {
        List<Contestants> contestants = new ArrayList<>();
        for (int secrets : SECRETS) {
            contestants.add(contestants(secrets, false));
            contestants.add(contestants(secrets, true));
        }
        for (int chunk : CHUNKS) {
            tables.add(table(true, coloured, chunk, contestants));
            tables.add(table(false, plain, chunk, contestants));
        }
    }

    private static Contestants contestants(int secrets, boolean allForms)
            throws InterruptedException {
        List<String> values = BenchmarkSecrets.values(secrets);
        Masking with = BenchmarkChain.WITH_TOKEN_SHAPES;
        Masking masking = allForms ? Masking.STANDARD : BenchmarkChain.exact(TokenShapes.none());
        Masking andTokens = allForms ? with : BenchmarkChain.exact(with.tokens());
        List<SecretPattern> patterns = BenchmarkSecrets.forms(values, masking);
        return new Contestants(
                secrets,
                allForms,
                BenchmarkChain.masker(SecretPatterns.none().with(patterns)),
                BenchmarkChain.pipeline(values, masking),
                BenchmarkChain.pipeline(values, andTokens),
                BenchmarkChain.ahoCorasick(patterns),
                BenchmarkChain.canBeReplaced(patterns)
                        ? BenchmarkChain.replaceChain(patterns)
                        : null);
    }

    private Table table(boolean coloured, byte[] log, int chunk, List<Contestants> contestants) {
        Cell copy = cell(log, chunk, BenchmarkChain.memoryCopy());
        List<Row> rows = new ArrayList<>();
        for (Contestants of : contestants) {
            Cell.Work chain = of.replaceChain();
            rows.add(
                    new Row(
                            of.secrets(),
                            of.allForms(),
                            cell(log, chunk, of.masker()),
                            cell(log, chunk, of.pipeline()),
                            cell(log, chunk, of.withTokens()),
                            cell(log, chunk, of.ahoCorasick()),
                            chain == null ? null : cell(log, chunk, chain)));
        }
        return new Table(coloured, chunk, copy, rows);
    }

    private Cell cell(byte[] log, int chunk, Cell.Work work) {
        Cell cell = new Cell(log, chunk, work);
        cells.add(cell);
        return cell;
    }

    void measure(LogBenchmark.Effort effort) throws InterruptedException {
        Cell.measure(cells, effort.rounds(), effort.turn());
    }

    void print(PrintStream out) {
        out.println("### Throughput, MB/s\n");
        for (Table table : tables) {
            double copy = table.memoryCopy().speed();
            out.printf(
                    "Chunks of %s, log %s escape sequences; memory copy: %,.0f MB/s.%n%n",
                    size(table.chunk()), table.coloured() ? "with" : "without", copy);
            out.println(
                    "| secrets | masker | pipeline | with token shapes | sparse Aho-Corasick | replace"
                            + " chain | pipeline of memory copy | of Aho-Corasick | with token shapes of"
                            + " without |");
            out.println("|---|---:|---:|---:|---:|---:|---:|---:|---:|");
            for (Row row : table.rows()) {
                double pipeline = row.pipeline().speed();
                Cell chain = row.replaceChain();
                out.printf(
                        "| %,d, %s | %,.0f | %,.0f | %,.0f | %,.0f | %s | %.1f %% | %.1f x | %.0f %% |%n",
                        row.secrets(),
                        row.allForms() ? "all forms" : "exact",
                        row.masker().speed(),
                        pipeline,
                        row.withTokens().speed(),
                        row.ahoCorasick().speed(),
                        chain == null ? "-" : "%,.0f".formatted(chain.speed()),
                        100 * pipeline / copy,
                        pipeline / row.ahoCorasick().speed(),
                        100 * row.withTokens().speed() / pipeline);
            }
            out.println();
        }
    }

    /** Memory copy of the log in large chunks, which other figures are compared with. */
    double memoryCopy() {
        return tables.getFirst().memoryCopy().speed();
    }

    /** Those of the log with escape sequences, the slower one; without token shapes. */
    void check(Floors floors) {
        Map<Integer, Map<Integer, Row>> byChunk = new HashMap<>();
        for (Table table : tables) {
            if (table.coloured()) {
                Map<Integer, Row> rows = new HashMap<>();
                table.rows().stream().filter(Row::allForms).forEach(r -> rows.put(r.secrets(), r));
                byChunk.put(table.chunk(), rows);
            }
        }
        Row large = row(byChunk, 32 * KIBIBYTE, 100);
        Row middle = row(byChunk, KIBIBYTE, 100);
        Row small = row(byChunk, 64, 100);
        double speed = large.pipeline().speed();
        floors.atLeast(
                "pipeline, 100 secrets, all forms, 32 KiB, of memory copy",
                5,
                100 * speed / memoryCopy(),
                " %");
        floors.atLeast(
                "the same, of the sparse Aho-Corasick",
                5,
                speed / large.ahoCorasick().speed(),
                " x");
        floors.atLeast(
                "the same in chunks of 1 KiB",
                4,
                middle.pipeline().speed() / middle.ahoCorasick().speed(),
                " x");
        floors.atLeast(
                "1,000 secrets, of the speed with 100",
                65,
                100 * row(byChunk, 32 * KIBIBYTE, 1000).pipeline().speed() / speed,
                " %");
        floors.atLeast(
                "pipeline, 100 secrets, all forms, 64 B", 250, small.pipeline().speed(), " MB/s");
        floors.atLeast(
                "the same, of memory copy",
                1.5,
                100 * small.pipeline().speed() / memoryCopy(),
                " %");
    }

    private static Row row(Map<Integer, Map<Integer, Row>> byChunk, int chunk, int secrets) {
        Row row = byChunk.getOrDefault(chunk, Map.of()).get(secrets);
        if (row == null) {
            throw new IllegalStateException("not measured: " + secrets + " in chunks of " + chunk);
        }
        return row;
    }

    private static String size(int bytes) {
        return bytes < KIBIBYTE ? bytes + " B" : bytes / KIBIBYTE + " KiB";
    }
}
