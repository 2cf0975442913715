package dev.mayfly.source.local;

import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.source.Backlog;
import dev.mayfly.state.Transaction;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The queue's statements. Each is called inside a transaction. */
final class JobTable {

    private static final String JOB =
            """
            SELECT id, source, name, pool, phase, submitted_at, claimed_at, started_at, ended_at,
                   released_at, cancel_reason, outcome, receipt
            FROM local_job
            """;

    private JobTable() {}

    /** A stored job with what runs it. */
    record Stored(JobId id, String spec, Instant submitted) {}

    /** A job that a life has taken and of which no clean receipt is known. */
    record Unreleased(JobId id, LifeId life) {}

    static int queued(Transaction in, String source) throws SQLException {
        return in.first(
                        "SELECT count(*) FROM local_job WHERE phase = 'QUEUED' AND source = ?",
                        row -> row.getInt(1),
                        source)
                .orElse(0);
    }

    /** What waits for a pool, apart from what a process keeps for itself. */
    static Backlog backlog(Transaction in, String source, PoolName pool, Instant now)
            throws SQLException {
        return in.first(
                        """
                        SELECT count(*), coalesce(min(submitted_at), ?1) FROM local_job
                        WHERE phase = 'QUEUED' AND source = ?2 AND pool = ?3 AND reserved_for IS NULL
                        """,
                        row ->
                                new Backlog(
                                        row.getInt(1),
                                        Duration.ofMillis(
                                                Math.max(0, now.toEpochMilli() - row.getLong(2)))),
                        now.toEpochMilli(),
                        source,
                        pool.value())
                .orElseThrow();
    }

    static void insert(Transaction in, LocalJob job, String spec, @Nullable LifeId reservedFor)
            throws SQLException {
        in.update(
                """
                INSERT INTO local_job
                  (id, source, name, pool, spec, phase, reserved_for, submitted_at)
                VALUES (?, ?, ?, ?, ?, 'QUEUED', ?, ?)
                """,
                job.id().value(),
                job.source(),
                job.name(),
                job.pool().value(),
                spec,
                reservedFor == null ? null : reservedFor.value(),
                job.state().times().submitted().toEpochMilli());
    }

    /** Marks the oldest waiting job as taken. */
    static Optional<Stored> claim(
            Transaction in,
            String source,
            PoolName pool,
            LifeId life,
            @Nullable LifeId reservedFor,
            Instant now)
            throws SQLException {
        return in.first(
                """
                UPDATE local_job SET phase = 'CLAIMED', life = ?, claimed_at = ?
                WHERE seq = (
                  SELECT seq FROM local_job
                  WHERE phase = 'QUEUED' AND source = ? AND pool = ? AND reserved_for IS ?
                  ORDER BY seq LIMIT 1)
                RETURNING id, spec, submitted_at
                """,
                JobTable::stored,
                life.value(),
                now.toEpochMilli(),
                source,
                pool.value(),
                reservedFor == null ? null : reservedFor.value());
    }

    static void phase(Transaction in, JobId job, JobPhase phase, Instant now) throws SQLException {
        in.update(
                """
                UPDATE local_job SET phase = ?1,
                  started_at = CASE WHEN ?1 = 'RUNNING' THEN coalesce(started_at, ?2)
                               ELSE started_at END
                WHERE id = ?3 AND phase <> 'FINISHED'
                """,
                phase.name(),
                now.toEpochMilli(),
                job.value());
    }

    /** The first outcome counts. */
    static boolean end(Transaction in, JobId job, Outcome outcome, JobPhase phase, Instant now)
            throws SQLException {
        return in.update(
                        """
                        UPDATE local_job SET outcome = ?, ended_at = ?, phase = ?
                        WHERE id = ? AND outcome IS NULL
                        """,
                        JobJson.text(JobJson.outcome(outcome)),
                        now.toEpochMilli(),
                        phase.name(),
                        job.value())
                > 0;
    }

    /** A clean receipt is the last: destroying nothing again proves less than the first time. */
    static void release(Transaction in, Receipt receipt) throws SQLException {
        in.update(
                """
                UPDATE local_job SET receipt = ?, released_at = ?, phase = ?
                WHERE id = ? AND NOT (phase = 'FINISHED' AND receipt IS NOT NULL)
                """,
                JobJson.text(JobJson.receipt(receipt)),
                receipt.at().toEpochMilli(),
                (receipt.clean() ? JobPhase.FINISHED : JobPhase.QUARANTINED).name(),
                receipt.job().value());
    }

    /** Ends the job if it waits, otherwise notes the wish if it runs. */
    static Optional<CancelEffect> cancel(Transaction in, JobId job, String reason, Instant now)
            throws SQLException {
        Optional<LocalJob> found = job(in, job);
        if (found.isEmpty()) {
            return Optional.empty();
        }
        JobState state = found.get().state();
        if (state.ended()) {
            return Optional.of(CancelEffect.TOO_LATE);
        }
        in.update(
                "UPDATE local_job SET cancel_reason = coalesce(cancel_reason, ?) WHERE id = ?",
                reason,
                job.value());
        if (state.phase() == JobPhase.QUEUED) {
            end(in, job, new Outcome.Cancelled(reason), JobPhase.FINISHED, now);
            return Optional.of(CancelEffect.ENDED);
        }
        return Optional.of(CancelEffect.REQUESTED);
    }

    /** Running jobs of a life that somebody wants to end, with the reason. */
    static List<Wish> wishes(Transaction in, LifeId life) throws SQLException {
        return in.query(
                """
                SELECT id, cancel_reason FROM local_job
                WHERE phase <> 'FINISHED' AND life = ? AND cancel_reason IS NOT NULL
                  AND outcome IS NULL
                """,
                row -> new Wish(new JobId(row.getString(1)), row.getString(2)),
                life.value());
    }

    /** Somebody wants a job to end. */
    record Wish(JobId job, String reason) {}

    static List<Unreleased> unreleased(Transaction in) throws SQLException {
        return in.query(
                """
                SELECT id, life FROM local_job
                WHERE phase <> 'FINISHED' AND life IS NOT NULL ORDER BY seq
                """,
                row -> new Unreleased(new JobId(row.getString(1)), new LifeId(row.getString(2))));
    }

    /** Waiting jobs that only one life may take. */
    static List<Unreleased> reserved(Transaction in) throws SQLException {
        return in.query(
                """
                SELECT id, reserved_for FROM local_job
                WHERE phase = 'QUEUED' AND reserved_for IS NOT NULL ORDER BY seq
                """,
                row -> new Unreleased(new JobId(row.getString(1)), new LifeId(row.getString(2))));
    }

    static List<Stored> waiting(Transaction in, String source) throws SQLException {
        return in.query(
                """
                SELECT id, spec, submitted_at FROM local_job
                WHERE phase = 'QUEUED' AND source = ? AND reserved_for IS NULL ORDER BY seq
                """,
                JobTable::stored,
                source);
    }

    static Optional<LocalJob> job(Transaction in, JobId job) throws SQLException {
        return in.first(JOB + " WHERE id = ?", JobTable::localJob, job.value());
    }

    static Optional<String> spec(Transaction in, JobId job) throws SQLException {
        return in.first(
                "SELECT spec FROM local_job WHERE id = ?", row -> row.getString(1), job.value());
    }

    static List<LocalJob> list(Transaction in, JobQuery query) throws SQLException {
        String state =
                switch (query.state()) {
                    case ANY -> "1 = 1";
                    case QUEUED -> "phase = 'QUEUED'";
                    case RUNNING -> "phase <> 'QUEUED' AND outcome IS NULL";
                    case ENDED -> "outcome IS NOT NULL";
                };
        return in.query(
                JOB
                        + " WHERE "
                        + state
                        + """
                         AND (?1 IS NULL OR seq < (SELECT seq FROM local_job WHERE id = ?1))
                        ORDER BY seq DESC LIMIT ?2
                        """,
                JobTable::localJob,
                query.after() == null ? null : query.after().value(),
                query.limit());
    }

    /** Jobs that are over in every respect and were so before the given time. */
    static List<JobId> finishedBefore(Transaction in, Instant time, int limit) throws SQLException {
        return in.query(
                """
                SELECT id FROM local_job
                WHERE ended_at < ?1 AND phase = 'FINISHED' AND coalesce(released_at, 0) < ?1
                ORDER BY ended_at LIMIT ?2
                """,
                row -> new JobId(row.getString(1)),
                time.toEpochMilli(),
                limit);
    }

    static void forget(Transaction in, JobId job) throws SQLException {
        in.update("DELETE FROM local_job WHERE id = ? AND phase = 'FINISHED'", job.value());
    }

    private static Stored stored(ResultSet row) throws SQLException {
        return new Stored(
                new JobId(row.getString(1)),
                row.getString(2),
                Instant.ofEpochMilli(row.getLong(3)));
    }

    private static LocalJob localJob(ResultSet row) throws SQLException {
        String outcome = row.getString("outcome");
        String receipt = row.getString("receipt");
        return new LocalJob(
                new JobId(row.getString("id")),
                row.getString("source"),
                row.getString("name"),
                new PoolName(row.getString("pool")),
                new JobState(
                        JobPhase.valueOf(row.getString("phase")),
                        new JobTimes(
                                Instant.ofEpochMilli(row.getLong("submitted_at")),
                                instant(row, "claimed_at"),
                                instant(row, "started_at"),
                                instant(row, "ended_at"),
                                instant(row, "released_at")),
                        row.getString("cancel_reason"),
                        outcome == null ? null : JobJson.outcome(JobJson.tree(outcome)),
                        receipt == null ? null : JobJson.receipt(JobJson.tree(receipt))));
    }

    private static @Nullable Instant instant(ResultSet row, String column) throws SQLException {
        long millis = row.getLong(column);
        return row.wasNull() ? null : Instant.ofEpochMilli(millis);
    }
}
