package dev.mayfly.teardown;

import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.UsedImage;
import dev.mayfly.sandbox.EngineName;
import dev.mayfly.sandbox.IntentLog;
import dev.mayfly.sandbox.Whereabouts;
import dev.mayfly.state.StateStore;
import java.nio.file.Path;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The journal in the state database. It remembers on which engine each thing is. */
public final class SqliteJournal implements Journal, Whereabouts {

    private final StateStore store;

    public SqliteJournal(StateStore store) {
        this.store = store;
    }

    @Override
    public void begin(JobId job, LifeId life) {
        store.write(in ->
                in.update(
                        "INSERT INTO journal_job (job, life) VALUES (?, ?)"
                                + " ON CONFLICT (job) DO NOTHING",
                        job.value(),
                        life.value()));
    }

    /**
     * {@inheritDoc}
     *
     * @throws dev.mayfly.state.StateException also when the job was not begun
     */
    @Override
    public void intend(JobId job, OwnedResource resource) {
        store.write(in ->
                in.update(
                        "INSERT INTO journal_resource (job, kind, name) VALUES (?, ?, ?)"
                                + " ON CONFLICT (job, kind, name) DO NOTHING",
                        job.value(),
                        resource.kind().name(),
                        resource.name()));
    }

    @Override
    public List<OwnedResource> intended(JobId job) {
        return store.read(in ->
                in.query(
                        "SELECT kind, name FROM journal_resource WHERE job = ? ORDER BY seq",
                        SqliteJournal::resource,
                        job.value()));
    }

    /**
     * An engine as this journal knows it.
     *
     * @param name where it is reached
     * @param credentials directory or file by which it is reached, or null
     */
    public record KnownEngine(EngineName name, @Nullable Path credentials) {}

    /** The part of the journal that is about one engine. */
    public IntentLog on(KnownEngine engine) {
        return new IntentLog() {
            @Override
            public void intend(JobId job, OwnedResource resource) {
                intendOn(engine, job, resource);
            }

            @Override
            public List<OwnedResource> intended(JobId job) {
                return intendedOn(engine.name(), job);
            }
        };
    }

    private void intendOn(KnownEngine engine, JobId job, OwnedResource resource) {
        store.write(in -> {
            in.update(
                    "INSERT INTO journal_engine (name, credentials) VALUES (?, ?)"
                            + " ON CONFLICT (name) DO UPDATE SET credentials = excluded.credentials",
                    engine.name().value(),
                    engine.credentials() == null ? null : engine.credentials().toString());
            return in.update(
                    "INSERT INTO journal_resource (job, kind, name, engine) VALUES (?, ?, ?, ?)"
                            + " ON CONFLICT (job, kind, name) DO NOTHING",
                    job.value(),
                    resource.kind().name(),
                    resource.name(),
                    engine.name().value());
        });
    }

    private List<OwnedResource> intendedOn(EngineName engine, JobId job) {
        return store.read(in ->
                in.query(
                        "SELECT kind, name FROM journal_resource WHERE job = ? AND engine = ?"
                                + " ORDER BY seq",
                        SqliteJournal::resource,
                        job.value(),
                        engine.value()));
    }

    /** On which engines something of a job that was begun may be. */
    @Override
    public Optional<Set<EngineName>> of(JobId job) {
        return store.read(in ->
                in.first(
                                        "SELECT 1 FROM journal_job WHERE job = ?",
                                        row -> row.getInt(1),
                                        job.value())
                                .isEmpty()
                        ? Optional.empty()
                        : Optional.of(
                                new LinkedHashSet<>(
                                        in.query(
                                                "SELECT DISTINCT engine FROM journal_resource"
                                                        + " WHERE job = ? AND engine IS NOT NULL",
                                                row -> new EngineName(row.getString(1)),
                                                job.value()))));
    }

    /** The engines on which something may be left. */
    public List<KnownEngine> engines() {
        return store.read(in ->
                in.query(
                        "SELECT DISTINCT r.engine, e.credentials FROM journal_resource r"
                                + " LEFT JOIN journal_engine e ON e.name = r.engine"
                                + " WHERE r.engine IS NOT NULL ORDER BY r.engine",
                        row -> {
                            String credentials = row.getString(2);
                            return new KnownEngine(
                                    new EngineName(row.getString(1)),
                                    credentials == null ? null : Path.of(credentials));
                        }));
    }

    /** Says on which engine everything was made of which that is not written. */
    public void locate(EngineName engine) {
        store.write(in ->
                in.update(
                        "UPDATE journal_resource SET engine = ?"
                                + " WHERE engine IS NULL AND kind <> 'LEASE'",
                        engine.value()));
    }

    /**
     * Forgets what may be left on an engine that is gone for good.
     *
     * @return what nobody will look for any more, by job
     */
    public List<LostResource> writeOff(EngineName engine) {
        return store.write(in ->
                in.query(
                        "DELETE FROM journal_resource WHERE engine = ? RETURNING job, kind, name",
                        row ->
                                new LostResource(
                                        new JobId(row.getString(1)),
                                        new OwnedResource(
                                                OwnedResource.Kind.valueOf(row.getString(2)),
                                                row.getString(3))),
                        engine.value()));
    }

    /**
     * Something that nobody can say is gone.
     *
     * @param job whose it was
     * @param resource what it was
     */
    public record LostResource(JobId job, OwnedResource resource) {}

    private static OwnedResource resource(ResultSet row) throws SQLException {
        return new OwnedResource(OwnedResource.Kind.valueOf(row.getString(1)), row.getString(2));
    }

    @Override
    public void used(JobId job, UsedImage image) {
        store.write(in ->
                in.update(
                        "INSERT INTO journal_image (job, reference, identity) VALUES (?, ?, ?)"
                                + " ON CONFLICT (job, reference, identity) DO NOTHING",
                        job.value(),
                        image.reference(),
                        image.identity()));
    }

    @Override
    public List<UsedImage> images(JobId job) {
        return store.read(in ->
                in.query(
                        "SELECT reference, identity FROM journal_image WHERE job = ? ORDER BY seq",
                        row -> new UsedImage(row.getString(1), row.getString(2)),
                        job.value()));
    }

    @Override
    public void close(Receipt receipt) {
        if (receipt.clean()) {
            store.write(in ->
                    in.update("DELETE FROM journal_job WHERE job = ?", receipt.job().value()));
        }
    }

    @Override
    public List<OpenJob> open() {
        return store.read(in ->
                in.query(
                        "SELECT job, life FROM journal_job ORDER BY job",
                        row ->
                                new OpenJob(
                                        new JobId(row.getString(1)),
                                        new LifeId(row.getString(2)))));
    }
}
