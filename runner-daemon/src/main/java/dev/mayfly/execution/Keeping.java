package dev.mayfly.execution;

import dev.mayfly.artifacts.Selection;
import dev.mayfly.job.Artifact;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.source.Exchange;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What becomes of a job's files when its commands have ended: those that it wants kept are packed
 * and handed to its source, as one stream from the workspace to the server. For use by the job's
 * thread, in its sealed sandbox.
 */
final class Keeping {

    private final JobLog log;
    private final Exchange exchange;
    private final WorkspaceReader reader;
    private final String directory;
    private final int mostEntries;
    private final Deadline deadline;

    Keeping(
            JobLog log,
            Exchange exchange,
            Sandbox sandbox,
            String directory,
            int mostEntries,
            Deadline deadline) {
        this.log = log;
        this.exchange = exchange;
        this.reader = new WorkspaceReader(sandbox, directory, mostEntries);
        this.directory = directory;
        this.mostEntries = mostEntries;
        this.deadline = deadline;
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
        if (selection.isEmpty()) {
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
                                            new SecretCheck(log.watch()),
                                            out,
                                            limit()));
            log.notice(
                    "Uploaded artifacts as \"%s\": %s of %d bytes, %s"
                            .formatted(type, selection.count(), selection.bytes(), stored));
            return null;
        } catch (FaultException e) {
            String what = "artifacts \"" + type + "\" were not kept: " + e.getMessage();
            log.notice(what);
            return new FaultException(Fault.ARTIFACTS, what, e);
        }
    }

    private Duration limit() {
        return deadline.atMost(Duration.ofHours(1));
    }
}
