package dev.mayfly.images;

import dev.mayfly.job.ImageReference;
import dev.mayfly.job.PoolName;
import dev.mayfly.sandbox.ImageRecords;
import dev.mayfly.state.StateStore;
import dev.mayfly.state.Transaction;
import java.sql.SQLException;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The records of one engine in the state database, for all processes that share it.
 *
 * <p>A row of {@code image_pull} is a name under which somebody has pulled: what is there under
 * another was given that name by the operator. It counts the pulls that have begun and not ended:
 * while there is one in a repository, an image of it that has no holder may be what it has just
 * brought. One that a crash has ended stays counted, since nobody knows what it brought.
 */
public final class SqliteImageRecords implements ImageRecords {

    /** Beyond, what is not on the engine any more is forgotten. */
    static final int CROWD = 10_000;

    /** Of one project's commits in one pool; beyond, those that nobody asked for the longest go. */
    static final int MOST_PINS = 10_000;

    /** Of all together. */
    static final int MOST_PINS_OF_ALL = 100_000;

    /** Stands for everybody, in the place of a pool. */
    private static final String EVERYBODY = "";

    private final StateStore store;
    private final String engine;
    private final InstantSource clock;

    /**
     * Describes the records; the database is not asked yet.
     *
     * @param engine tells it from others
     */
    public SqliteImageRecords(StateStore store, String engine, InstantSource clock) {
        this.store = store;
        this.engine = engine;
        this.clock = clock;
    }

    private static String key(ImageReference image) {
        return image.digest() == null
                ? image.canonical()
                : image.repository() + "@" + image.digest();
    }

    @Override
    public void begins(ImageReference image) {
        store.write(in ->
                in.update(
                        "INSERT INTO image_pull (engine, name, repository, begun, brought, at)"
                                + " VALUES (?, ?, ?, 1, 0, ?) ON CONFLICT (engine, name)"
                                + " DO UPDATE SET begun = begun + 1, at = excluded.at",
                        engine,
                        key(image),
                        image.repository(),
                        clock.millis()));
    }

    @Override
    public void failed(ImageReference image) {
        store.write(in -> {
            in.update(
                    "UPDATE image_pull SET begun = begun - 1, at = ?"
                            + " WHERE engine = ? AND name = ? AND begun > 0",
                    clock.millis(),
                    engine,
                    key(image));
            return in.update(
                    "DELETE FROM image_pull WHERE engine = ? AND name = ? AND begun = 0"
                            + " AND brought = 0",
                    engine,
                    key(image));
        });
    }

    @Override
    public void brought(ImageReference image, String id, Holder holder, boolean operators) {
        store.write(in -> {
            boolean everybodys = operators && holders(in, id).isEmpty();
            in.update(
                    "UPDATE image_pull SET begun = begun - 1, brought = 1, at = ?"
                            + " WHERE engine = ? AND name = ? AND begun > 0",
                    clock.millis(),
                    engine,
                    key(image));
            return in.update(
                    "INSERT INTO image_holder (engine, image, pool, project, at)"
                            + " VALUES (?, ?, ?, ?, ?) ON CONFLICT (engine, image, pool, project)"
                            + " DO UPDATE SET at = excluded.at",
                    engine,
                    id,
                    everybodys ? EVERYBODY : holder.pool().value(),
                    everybodys ? "" : holder.project(),
                    clock.millis());
        });
    }

    /** A holder as it is kept. */
    private record Kept(String pool, String project) {}

    private List<Kept> holders(Transaction in, String id) throws SQLException {
        return in.query(
                "SELECT pool, project FROM image_holder WHERE engine = ? AND image = ?",
                row -> new Kept(row.getString(1), row.getString(2)),
                engine,
                id);
    }

    @Override
    public boolean operators(ImageReference image, String id) {
        return store.read(in -> operators(in, image, holders(in, id)));
    }

    private boolean operators(Transaction in, ImageReference image, List<Kept> holders)
            throws SQLException {
        if (holders.contains(new Kept(EVERYBODY, ""))) {
            return true;
        }
        // Each image of a repository has a name by its digest, so that such names say nothing.
        boolean namedByOperator =
                image.digest() == null
                        && in.first(
                                        "SELECT 1 FROM image_pull WHERE engine = ? AND name = ?",
                                        row -> row.getInt(1),
                                        engine,
                                        key(image))
                                .isEmpty();
        return namedByOperator
                || (holders.isEmpty()
                        && in.first(
                                        "SELECT 1 FROM image_pull WHERE engine = ?"
                                                + " AND repository = ? AND begun > 0",
                                        row -> row.getInt(1),
                                        engine,
                                        image.repository())
                                .isEmpty());
    }

    @Override
    public boolean usable(ImageReference image, String id, Holder asking) {
        return store.read(in -> {
            List<Kept> holders = holders(in, id);
            String pool = asking.pool().value();
            return holders.contains(new Kept(pool, ""))
                    || holders.contains(new Kept(pool, asking.project()))
                    || operators(in, image, holders);
        });
    }

    @Override
    public boolean crowded() {
        return store.read(in ->
                in.first(
                                "SELECT (SELECT count(*) FROM image_pull)"
                                        + " + (SELECT count(*) FROM image_holder)",
                                row -> row.getInt(1))
                        .orElse(0))
                > CROWD;
    }

    @Override
    public void keep(Set<String> ids, Set<String> names, long asOf) {
        store.write(in -> {
            for (String id : gone(in, "SELECT DISTINCT image FROM image_holder", asOf, ids)) {
                in.update(
                        "DELETE FROM image_holder WHERE engine = ? AND image = ? AND at < ?",
                        engine,
                        id,
                        asOf);
            }
            for (String name : gone(in, "SELECT name FROM image_pull", asOf, names)) {
                in.update(
                        "DELETE FROM image_pull WHERE engine = ? AND name = ? AND at < ?"
                                + " AND begun = 0",
                        engine,
                        name,
                        asOf);
            }
            return 0;
        });
    }

    private List<String> gone(Transaction in, String select, long asOf, Set<String> there)
            throws SQLException {
        return in
                .query(
                        select + " WHERE engine = ? AND at < ?",
                        row -> row.getString(1),
                        engine,
                        asOf)
                .stream()
                .filter(one -> !there.contains(one))
                .toList();
    }

    @Override
    public Optional<String> pin(PoolName pool, String run, ImageReference image) {
        return store.write(in ->
                in.first(
                        "UPDATE image_pin SET at = ? WHERE pool = ? AND run = ? AND name = ?"
                                + " RETURNING identity",
                        row -> row.getString(1),
                        clock.millis(),
                        pool.value(),
                        run,
                        image.canonical()));
    }

    @Override
    public String pin(PoolName pool, String run, ImageReference image, String identity) {
        return store.write(in -> {
            int added =
                    in.update(
                            "INSERT INTO image_pin (pool, run, project, name, identity, at)"
                                    + " VALUES (?, ?, ?, ?, ?, ?)"
                                    + " ON CONFLICT (pool, run, name) DO NOTHING",
                            pool.value(),
                            run,
                            project(run),
                            image.canonical(),
                            identity,
                            clock.millis());
            if (added > 0) {
                forgetOldest(in, pool.value(), project(run));
            }
            return in.first(
                            "SELECT identity FROM image_pin"
                                    + " WHERE pool = ? AND run = ? AND name = ?",
                            row -> row.getString(1),
                            pool.value(),
                            run,
                            image.canonical())
                    .orElse(identity);
        });
    }

    /** A run is a project and a commit. */
    private static String project(String run) {
        return run.substring(0, Math.max(0, run.lastIndexOf(' ')));
    }

    private static void forgetOldest(Transaction in, String pool, String project)
            throws SQLException {
        in.update(
                "DELETE FROM image_pin WHERE pool = ? AND project = ? AND seq NOT IN (SELECT seq"
                        + " FROM image_pin WHERE pool = ? AND project = ?"
                        + " ORDER BY at DESC, seq DESC LIMIT ?)",
                pool,
                project,
                pool,
                project,
                MOST_PINS);
        in.update(
                "DELETE FROM image_pin WHERE seq <= (SELECT max(seq) FROM image_pin) - ?",
                MOST_PINS_OF_ALL);
    }
}
