package dev.mayfly.teardown;

import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.UsedImage;
import dev.mayfly.state.StateStore;
import java.util.List;

/** The journal in the state database. */
public final class SqliteJournal implements Journal {

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
                        row ->
                                new OwnedResource(
                                        OwnedResource.Kind.valueOf(row.getString(1)),
                                        row.getString(2)),
                        job.value()));
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
