package dev.mayfly.execution;

import dev.mayfly.artifacts.CacheScope;
import dev.mayfly.artifacts.Selection;
import dev.mayfly.job.Artifact;
import dev.mayfly.job.CacheUse;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.metrics.JobMetrics;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.source.Exchange;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What becomes of a job's files when its commands have ended: those that it wants kept are packed
 * and handed to its source, as one stream from the workspace to the server. For use by the job's
 * thread, in its sealed sandbox.
 */
final class Keeping {

    private static final Logger LOG = LoggerFactory.getLogger(Keeping.class);

    /** Why a cache is not there; its message may say what no job may see. */
    static final String DEFECT = "a defect in Mayfly; its own log says which";

    private final JobLog log;
    private final Exchange exchange;
    private final Storage storage;
    private final CacheScope scope;
    private final WorkspaceReader reader;
    private final String directory;
    private final int mostEntries;
    private final Deadline deadline;

    Keeping(
            JobLog log,
            Exchange exchange,
            Storage storage,
            CacheScope scope,
            Workspace workspace,
            Deadline deadline) {
        this.log = log;
        this.exchange = exchange;
        this.storage = storage;
        this.scope = scope;
        this.mostEntries = storage.limits().entries();
        this.directory = workspace.directory();
        this.reader = new WorkspaceReader(workspace.sandbox(), directory, mostEntries);
        this.deadline = deadline;
    }

    /**
     * Where a job's files are.
     *
     * @param sandbox sealed
     * @param directory of the sources
     */
    record Workspace(Sandbox sandbox, String directory) {}

    /** Saves the caches. One that cannot be saved is said in the log, and costs only time. */
    void save(List<CacheUse> caches) throws InterruptedException {
        List<Selection> selections = new ArrayList<>();
        caches.forEach(one ->
                selections.add(new Selection(one.files().selection(), directory, mostEntries)));
        try {
            for (String line : reader.list(selections, limit())) {
                log.notice(line);
            }
        } catch (FaultException e) {
            log.notice("Nothing is cached: " + e.getMessage());
            return;
        }
        for (int i = 0; i < caches.size(); i++) {
            save(caches.get(i), selections.get(i));
        }
    }

    private void save(CacheUse cache, Selection selection) throws InterruptedException {
        log.notice("Creating cache " + cache.key() + "...");
        for (String line : selection.findings()) {
            log.notice(line);
        }
        if (selection.isEmpty()) {
            log.notice("No files to cache");
            return;
        }
        try {
            storage.caches()
                    .save(
                            scope,
                            cache.key(),
                            out ->
                                    reader.pack(
                                            selection,
                                            new Artifact.Packing(
                                                    Artifact.Form.ZIP, cache.files().level()),
                                            new SecretCheck(
                                                    log.watch(),
                                                    () -> log.withheld(JobMetrics.Files.CACHE)),
                                            out,
                                            limit()));
            log.notice(
                    "Created cache %s: %s of %d bytes"
                            .formatted(cache.key(), selection.count(), selection.bytes()));
        } catch (FaultException | IOException e) {
            notSaved(cache, e.getMessage());
        } catch (RuntimeException e) {
            // What is wrong with a cache never costs a job.
            LOG.error("defect while saving a cache pool={}", scope.pool(), log.masked(e));
            notSaved(cache, DEFECT);
        }
    }

    private void notSaved(CacheUse cache, @Nullable String why) throws InterruptedException {
        String what = "cache " + cache.key() + " was not saved: " + why;
        LOG.warn("pool={} project={}: {}", scope.pool(), scope.project(), log.line(what));
        log.notice(what);
    }

    /**
     * Sends the artifacts, each one even if another could not be sent.
     *
     * @throws FaultException {@code ARTIFACTS} for the first that could not
     */
    void send(List<Artifact> artifacts) throws InterruptedException {
        List<Selection> selections = new ArrayList<>();
        artifacts.forEach(
                one -> selections.add(new Selection(one.files(), directory, mostEntries)));
        for (String line : reader.list(selections, limit())) {
            log.notice(line);
        }
        FaultException first = null;
        for (int i = 0; i < artifacts.size(); i++) {
            FaultException failure = tryToSend(artifacts.get(i), selections.get(i));
            if (failure != null && artifacts.size() > 1) {
                log.notice(String.valueOf(failure.getMessage())); // of one the job's end tells
            }
            if (first == null) {
                first = failure;
            }
        }
        if (first != null) {
            throw first;
        }
    }

    private @Nullable FaultException tryToSend(Artifact artifact, Selection selection)
            throws InterruptedException {
        String type = artifact.label().type();
        log.notice("Uploading artifacts as \"" + type + "\"...");
        for (String line : selection.findings()) {
            log.notice(line);
        }
        if (selection.isEmptyAs(artifact.packing().form())) {
            log.notice("No files to upload");
            return null;
        }
        try {
            String stored =
                    exchange.send(
                            artifact,
                            out ->
                                    reader.pack(
                                            selection,
                                            artifact.packing(),
                                            new SecretCheck(
                                                    log.watch(),
                                                    () -> log.withheld(JobMetrics.Files.ARTIFACTS)),
                                            out,
                                            limit()));
            log.notice(
                    "Uploaded artifacts as \"%s\": %s of %d bytes, %s"
                            .formatted(type, selection.count(), selection.bytes(), stored));
            return null;
        } catch (FaultException e) {
            return new FaultException(
                    Fault.ARTIFACTS,
                    "artifacts \"" + type + "\" were not kept: " + e.getMessage(),
                    e);
        }
    }

    private Duration limit() {
        return deadline.atMost(Duration.ofHours(1));
    }
}
