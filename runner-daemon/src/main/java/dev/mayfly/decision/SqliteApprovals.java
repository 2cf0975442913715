package dev.mayfly.decision;

import dev.mayfly.admission.Approvals;
import dev.mayfly.job.JobId;
import dev.mayfly.state.StateStore;
import dev.mayfly.state.Transaction;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Approvals in the state database, for all processes that share it. */
public final class SqliteApprovals implements Approvals {

    /** A fork cannot fill the disk with wishes. */
    static final int MOST_WAITING = 500;

    private final StateStore store;
    private final Duration validFor;
    private final InstantSource clock;

    /**
     * A job that waits, or has waited.
     *
     * @param wish what is approved with it
     * @param expires after which it is worth nothing, approved or not
     * @param approvedBy who approved it, or null while nobody has
     */
    public record Held(Wish wish, Instant since, Instant expires, @Nullable String approvedBy) {}

    /** What an approval did. */
    public enum Effect {
        APPROVED,
        /** Somebody has done so before. */
        ALREADY,
        /** Nothing waits under this id, or not any more. */
        UNKNOWN
    }

    /**
     * Opens them.
     *
     * @param validFor how long a wish stays, from when the job was held, and its approval with it
     */
    public SqliteApprovals(StateStore store, Duration validFor, InstantSource clock) {
        this.store = store;
        this.validFor = validFor;
        this.clock = clock;
    }

    @Override
    public Answer present(Wish wish) {
        long now = clock.millis();
        return store.write(in -> {
            forget(in, now);
            Optional<Answer> approved = use(in, wish, now);
            return approved.isPresent() ? approved.get() : await(in, wish, now);
        });
    }

    /** Those that wait or are approved and not used, the oldest first. */
    public List<Held> open() {
        long now = clock.millis();
        return store.read(in ->
                in.query(
                        "SELECT job, fingerprint, policy, reason, subject, held_at, expires_at,"
                                + " approved_by FROM approval"
                                + " WHERE used_at IS NULL AND expires_at > ? ORDER BY held_at, job",
                        row ->
                                new Held(
                                        new Wish(
                                                new JobId(row.getString(1)),
                                                row.getString(2),
                                                row.getString(3),
                                                row.getString(4),
                                                row.getString(5)),
                                        Instant.ofEpochMilli(row.getLong(6)),
                                        Instant.ofEpochMilli(row.getLong(7)),
                                        row.getString(8)),
                        now));
    }

    /**
     * Approves a job that waits: it may run once, as it is, under the policy that held it.
     *
     * @param by who
     */
    public Effect approve(JobId job, String by) {
        long now = clock.millis();
        return store.write(in -> {
            int changed =
                    in.update(
                            "UPDATE approval SET approved_at = ?, approved_by = ? WHERE job = ?"
                                    + " AND approved_at IS NULL AND expires_at > ?",
                            now,
                            by,
                            job.value(),
                            now);
            if (changed == 1) {
                return Effect.APPROVED;
            }
            return in.first(
                                    "SELECT 1 FROM approval WHERE job = ? AND expires_at > ?",
                                    row -> row.getInt(1),
                                    job.value(),
                                    now)
                            .isPresent()
                    ? Effect.ALREADY
                    : Effect.UNKNOWN;
        });
    }

    /** One statement, so that of two jobs that come at the same time one gets it. */
    private static Optional<Answer> use(Transaction in, Wish wish, long now) throws SQLException {
        return in.first(
                "UPDATE approval SET used_at = ?, used_by = ? WHERE job ="
                        + " (SELECT job FROM approval WHERE fingerprint = ? AND policy = ?"
                        + "   AND approved_at IS NOT NULL AND used_at IS NULL AND expires_at > ?"
                        + "   ORDER BY approved_at LIMIT 1)"
                        + " RETURNING job, approved_by, approved_at",
                row ->
                        new Answer.Approved(
                                new JobId(row.getString(1)),
                                row.getString(2),
                                Instant.ofEpochMilli(row.getLong(3))),
                now,
                wish.job().value(),
                wish.fingerprint(),
                wish.policy(),
                now);
    }

    private Answer await(Transaction in, Wish wish, long now) throws SQLException {
        Optional<Answer> earlier =
                in.first(
                        "SELECT job, expires_at FROM approval WHERE fingerprint = ? AND policy = ?"
                                + " AND used_at IS NULL AND expires_at > ? ORDER BY held_at LIMIT 1",
                        row ->
                                new Answer.Waiting(
                                        new JobId(row.getString(1)),
                                        Duration.ofMillis(row.getLong(2) - now)),
                        wish.fingerprint(),
                        wish.policy(),
                        now);
        if (earlier.isPresent()) {
            return earlier.get();
        }
        int waiting =
                in.first(
                                "SELECT count(*) FROM approval WHERE approved_at IS NULL",
                                row -> row.getInt(1))
                        .orElse(0);
        if (waiting >= MOST_WAITING) {
            return new Answer.Full(waiting);
        }
        in.update(
                "INSERT INTO approval"
                        + " (job, fingerprint, policy, subject, reason, held_at, expires_at)"
                        + " VALUES (?, ?, ?, ?, ?, ?, ?) ON CONFLICT (job) DO NOTHING",
                wish.job().value(),
                wish.fingerprint(),
                wish.policy(),
                wish.subject(),
                wish.reason(),
                now,
                now + validFor.toMillis());
        return new Answer.Waiting(wish.job(), validFor);
    }

    private static void forget(Transaction in, long now) throws SQLException {
        in.update("DELETE FROM approval WHERE expires_at <= ?", now);
    }
}
