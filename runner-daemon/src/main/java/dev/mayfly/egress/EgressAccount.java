package dev.mayfly.egress;

import dev.mayfly.egress.Connection.Verdict;
import dev.mayfly.sandbox.Outlet.Origin;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** Everything that a job has connected to, or wanted to. Safe for use by many threads. */
final class EgressAccount {

    /**
     * Destinations that are told apart, of those that were reached and of the others; a job can
     * invent as many as it likes.
     */
    static final int MOST_ROWS = 100;

    /**
     * Of what was refused or failed, what one job can write into the audit trail and Mayfly's own
     * log. What was reached is always written: nobody can hide it behind a flood of refusals.
     */
    static final int MOST_RECORDS = 2000;

    private static final int MOST_NEWS = 20;
    private static final int LONGEST_TEXT = 90;
    private static final String OTHERS = "(others)";
    private static final String AFTERWARDS = "(after the end of the log)";

    private final Gateway.Traveller traveller;
    private final EgressRecords records;
    private final KnownDestinations known;
    private final Gateway.Log log;

    private final Object lock = new Object();
    private final Map<Key, Row> reached = new LinkedHashMap<>();
    private final Map<Key, Row> missed = new LinkedHashMap<>();
    private final Set<Passage> open = new HashSet<>();
    private final Set<String> seen = new HashSet<>();
    private int recorded;
    private boolean logEnded;
    private int newsTold;

    EgressAccount(
            Gateway.Traveller traveller,
            EgressRecords records,
            KnownDestinations known,
            Gateway.Log log) {
        this.traveller = traveller;
        this.records = records;
        this.known = known;
        this.log = log;
    }

    private record Key(String destination, Verdict verdict, String because) {

        static Key of(Connection one) {
            return new Key(cut(one.destination()), one.verdict(), cut(one.because()));
        }
    }

    private static final class Row {
        private final Set<String> from = new HashSet<>();
        private String address = "-";
        private long count;
        private long up;
        private long down;
        private boolean firstSeen;

        void add(Connection one) {
            from.add(one.origin().name());
            if (one.address() != null) {
                address = one.address();
            }
            count++;
            up += one.traffic().upBytes();
            down += one.traffic().downBytes();
            firstSeen |= one.firstSeen();
        }

        Row copy() {
            Row copy = new Row();
            copy.from.addAll(from);
            copy.address = address;
            copy.count = count;
            copy.up = up;
            copy.down = down;
            copy.firstSeen = firstSeen;
            return copy;
        }
    }

    /** Whether no job of the project was there before this one. */
    boolean isNew(String destination) {
        synchronized (lock) {
            if (seen.size() >= MOST_ROWS || !seen.add(destination)) {
                return false;
            }
        }
        return known.isNew(traveller.project(), destination);
    }

    void opened(Passage passage) {
        synchronized (lock) {
            open.add(passage);
        }
    }

    void close() {
        List<Passage> left;
        synchronized (lock) {
            left = List.copyOf(open);
        }
        left.forEach(Passage::end);
        int uncounted;
        synchronized (lock) {
            uncounted = recorded - MOST_RECORDS;
            recorded = Math.min(recorded, MOST_RECORDS);
        }
        if (uncounted > 0) {
            records.record(
                    traveller.job(),
                    traveller.pool(),
                    new Connection(
                            new Origin(Origin.Part.JOB, "job"),
                            OTHERS,
                            null,
                            Verdict.REFUSED,
                            uncounted + " more that were refused or failed",
                            Connection.Traffic.NONE,
                            false));
        }
    }

    void closed(Passage passage) {
        synchronized (lock) {
            open.remove(passage);
        }
        add(passage.connection());
    }

    /**
     * What is written down of a destination: a job can put a secret into any name it likes.
     *
     * @param said as the job wrote it, in which a secret is still recognized
     */
    String shown(String destination, String said) {
        synchronized (lock) {
            if (logEnded) {
                return AFTERWARDS;
            }
        }
        String masked = log.masked(said);
        return masked.equals(said) ? log.masked(destination) : masked;
    }

    void failed(Origin origin, String destination, String reason) {
        add(
                new Connection(
                        origin,
                        destination,
                        null,
                        Verdict.FAILED,
                        reason,
                        Connection.Traffic.NONE,
                        false));
    }

    /**
     * Something is refused.
     *
     * @param cure for the log, or empty
     * @param name whether only a name was asked for
     */
    void refused(
            Origin origin,
            String destination,
            @Nullable String address,
            String reason,
            String cure,
            boolean name) {
        String what = cut(destination) + (name ? " (name)" : "");
        boolean first;
        synchronized (lock) {
            first =
                    newsTold < MOST_NEWS
                            && !missed.containsKey(
                                    new Key(cut(what), Verdict.REFUSED, cut(reason)));
            newsTold += first ? 1 : 0;
        }
        add(
                new Connection(
                        origin,
                        what,
                        address,
                        Verdict.REFUSED,
                        reason,
                        Connection.Traffic.NONE,
                        false));
        if (first) {
            log.soon(
                    "network: %s refused: %s%s"
                            .formatted(what, reason, cure.isEmpty() ? "" : "; " + cure));
        }
    }

    private void add(Connection connection) {
        boolean record;
        synchronized (lock) {
            boolean wasReached = connection.verdict().reached();
            row(wasReached ? reached : missed, connection).add(connection);
            record = wasReached || recorded++ < MOST_RECORDS;
        }
        if (record) {
            records.record(traveller.job(), traveller.pool(), connection);
        }
    }

    private static Row row(Map<Key, Row> rows, Connection of) {
        Key key = Key.of(of);
        if (!rows.containsKey(key) && rows.size() >= MOST_ROWS) {
            key = new Key(OTHERS, of.verdict(), "");
        }
        return rows.computeIfAbsent(key, _ -> new Row());
    }

    private static String cut(String text) {
        return text.length() > LONGEST_TEXT ? text.substring(0, LONGEST_TEXT) + "..." : text;
    }

    /** From now on nobody knows the job's secrets: what comes is written down without its name. */
    void logEnds() {
        synchronized (lock) {
            logEnded = true;
        }
    }

    /** The table of it all; no line for a job that has connected to nothing. */
    List<String> lines(boolean auditOnly) {
        Map<Key, Row> all = new LinkedHashMap<>();
        int left;
        synchronized (lock) {
            reached.forEach((key, row) -> all.put(key, row.copy()));
            for (Passage passage : open) {
                Connection now = passage.connection();
                row(all, now).add(now);
            }
            missed.forEach((key, row) -> all.put(key, row.copy()));
            left = recorded - MOST_RECORDS;
        }
        if (all.isEmpty()) {
            return List.of();
        }
        List<List<String>> table = new ArrayList<>();
        table.add(List.of("destination", "from", "address", "times", "sent", "received", ""));
        all.forEach((key, row) -> table.add(cells(key, row)));
        List<String> lines = new ArrayList<>();
        lines.add(
                "network: where this job has connected to"
                        + (auditOnly ? " (only recorded, nothing of the list is enforced)" : ""));
        lines.addAll(aligned(table));
        if (left > 0) {
            lines.add("  the last %d that were refused or failed are counted only".formatted(left));
        }
        return lines;
    }

    private static List<String> cells(Key key, Row row) {
        boolean carried = key.verdict().reached();
        String because = key.because().isEmpty() ? "" : ": " + key.because();
        String verdict =
                switch (key.verdict()) {
                    case ALLOWED -> "allowed" + because;
                    case REFUSED -> "REFUSED" + because;
                    case WOULD_REFUSE -> "would be REFUSED" + because;
                    case FAILED -> "failed" + because;
                };
        return List.of(
                key.destination(),
                row.from.stream().sorted().collect(Collectors.joining(", ")),
                row.address,
                Long.toString(row.count),
                carried ? bytes(row.up) : "-",
                carried ? bytes(row.down) : "-",
                verdict + (row.firstSeen ? " (NEW for this project)" : ""));
    }

    private static List<String> aligned(List<List<String>> table) {
        int columns = table.getFirst().size();
        int[] widths = new int[columns];
        for (List<String> cells : table) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], cells.get(i).length());
            }
        }
        return table.stream()
                .map(cells -> {
                    StringBuilder line = new StringBuilder(" ");
                    for (int i = 0; i < columns; i++) {
                        String cell = cells.get(i);
                        line.append(' ')
                                .append(cell)
                                .append(" ".repeat(widths[i] - cell.length()))
                                .append(' ');
                    }
                    return line.toString().stripTrailing();
                })
                .toList();
    }

    private static String bytes(long count) {
        if (count < 1000) {
            return count + " B";
        }
        String[] units = {"kB", "MB", "GB", "TB"};
        double value = count;
        int unit = -1;
        while (value >= 999.95 && unit < units.length - 1) {
            value /= 1000;
            unit++;
        }
        return String.format(Locale.ROOT, "%.1f %s", value, units[unit]);
    }
}
