package dev.mayfly.logs;

import java.io.PrintStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** Hostile inputs, each with a hundred secrets in all forms, and what a search found to be slow. */
final class WorstCases {

    private static final int LARGE = 32 * 1024;
    private static final int SMALL = 64;

    private final List<Cell> cells = new ArrayList<>();
    private final List<Row> rows = new ArrayList<>();
    private final Cell memoryCopy;
    private final List<SlowInputSearch.Found> found = new ArrayList<>();

    private record Row(String name, Cell masker, Cell pipeline, Cell maskerSmall, Cell small) {}

    private record Contestants(Cell.Work masker, Cell.Work pipeline) {}

    WorstCases(byte[] log) throws InterruptedException {
        memoryCopy = cell(log, LARGE, BenchmarkChain.memoryCopy());
        Map<List<String>, Contestants> bySecrets = new HashMap<>();
        for (HostileInput input : HostileInput.all()) {
            Contestants of = bySecrets.get(input.secrets());
            if (of == null) {
                of = contestants(input.secrets());
                bySecrets.put(input.secrets(), of);
            }
            rows.add(
                    new Row(
                            input.name(),
                            cell(input.text(), LARGE, of.masker()),
                            cell(input.text(), LARGE, of.pipeline()),
                            cell(input.text(), SMALL, of.masker()),
                            cell(input.text(), SMALL, of.pipeline())));
        }
    }

    private static Contestants contestants(List<String> secrets) throws InterruptedException {
        List<SecretPattern> forms = BenchmarkSecrets.forms(secrets, Masking.STANDARD);
        return new Contestants(
                BenchmarkChain.masker(SecretPatterns.none().with(forms)),
                BenchmarkChain.pipeline(secrets, BenchmarkChain.WITH_TOKEN_SHAPES));
    }

    private Cell cell(byte[] log, int chunk, Cell.Work work) {
        Cell cell = new Cell(log, chunk, work);
        cells.add(cell);
        return cell;
    }

    void measure(LogBenchmark.Effort effort) throws InterruptedException {
        Cell.measure(cells, effort.rounds(), effort.turn().dividedBy(2));
        for (int chunk : List.of(LARGE, SMALL)) {
            Cell.Work pipeline =
                    BenchmarkChain.pipeline(
                            BenchmarkSecrets.values(100), BenchmarkChain.WITH_TOKEN_SHAPES);
            SlowInputSearch search = new SlowInputSearch(pipeline, chunk);
            found.add(search.slowest(effort.search().dividedBy(2), effort));
        }
    }

    void print(PrintStream out) {
        double copy = memoryCopy.speed();
        out.printf(
                "### Worst cases, MB/s%n%nA hundred secrets in all forms; the pipeline with token"
                        + " shapes. Memory copy: %,.0f MB/s, so the floor, 1/300 of it, is %.0f.%n%n",
                copy, copy / 300);
        out.println(
                "| input | masker, 32 KiB | pipeline, 32 KiB | masker, 64 B | pipeline, 64 B |"
                        + " slowest of memory copy |");
        out.println("|---|---:|---:|---:|---:|---:|");
        for (Row row : rows) {
            out.printf(
                    "| %s | %,.0f | %,.0f | %,.0f | %,.0f | 1/%.0f |%n",
                    row.name(),
                    row.masker().speed(),
                    row.pipeline().speed(),
                    row.maskerSmall().speed(),
                    row.small().speed(),
                    copy / slowest(row));
        }
        out.println(
                "\nThe slowest units that a search found (hill climbing over repeated units, made of"
                        + " pieces of secrets, of token shapes, of escapes and of single bytes):\n");
        out.println("| chunks | inputs tried | unit | pipeline | of memory copy |");
        out.println("|---:|---:|---|---:|---:|");
        for (SlowInputSearch.Found slow : found) {
            out.printf(
                    "| %d B | %,d | `%s` | %,.0f | 1/%.0f |%n",
                    slow.chunk(), slow.tried(), slow.unit(), slow.speed(), copy / slow.speed());
        }
        out.println();
    }

    private static double slowest(Row row) {
        return Math.min(
                Math.min(row.masker().speed(), row.pipeline().speed()),
                Math.min(row.maskerSmall().speed(), row.small().speed()));
    }

    void check(Floors floors) {
        double copy = memoryCopy.speed();
        Row worst = rows.getFirst();
        for (Row row : rows) {
            worst = slowest(row) < slowest(worst) ? row : worst;
        }
        floors.atMost(
                "memory copy is faster than the worst case (" + worst.name() + ")",
                300,
                copy / slowest(worst),
                " x");
        for (SlowInputSearch.Found slow : found) {
            floors.atMost(
                    "memory copy is faster than the slowest input found, chunks of "
                            + slow.chunk()
                            + " B",
                    300,
                    copy / slow.speed(),
                    " x");
        }
    }
}
