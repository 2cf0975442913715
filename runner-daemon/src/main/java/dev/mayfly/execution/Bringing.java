package dev.mayfly.execution;

import dev.mayfly.artifacts.CacheScope;
import dev.mayfly.artifacts.CacheStore;
import dev.mayfly.artifacts.ReceivedArchive;
import dev.mayfly.job.CacheUse;
import dev.mayfly.job.Cancellation;
import dev.mayfly.job.Dependency;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobId;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.Step;
import dev.mayfly.sandbox.StepEnd;
import dev.mayfly.source.Exchange;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a job is brought before its script: archives of earlier jobs, unpacked into its source
 * directory by the helper, as the job's user. For use by the job's thread.
 */
final class Bringing {

    private static final Logger LOG = LoggerFactory.getLogger(Bringing.class);

    private static final Duration LIMIT = Duration.ofHours(1);

    /** Between two attempts to restore a cache. */
    private static final Duration PAUSE = Duration.ofSeconds(1);

    /**
     * Nothing is written through a link: each directory on the way to a file is in the stream, and
     * takes the place of a link of its name; so does each file.
     */
    private static final String UNPACK =
            "exec tar --extract --no-same-owner --preserve-permissions --no-overwrite-dir --file=-";

    private final JobLog log;
    private final Exchange exchange;
    private final Sandbox sandbox;
    private final Storage storage;
    private final JobId job;
    private final Cancellation cancellation;

    Bringing(
            JobLog log,
            Exchange exchange,
            Sandbox sandbox,
            Storage storage,
            JobId job,
            Cancellation cancellation) {
        this.log = log;
        this.exchange = exchange;
        this.sandbox = sandbox;
        this.storage = storage;
        this.job = job;
        this.cancellation = cancellation;
    }

    /**
     * Fetches and unpacks what earlier jobs have kept.
     *
     * @throws FaultException {@code ARTIFACTS} naming the job whose artifacts cannot be had
     */
    void dependencies(List<Dependency> dependencies) throws InterruptedException {
        for (Dependency dependency : dependencies) {
            log.notice(
                    "Downloading artifacts for %s (%s)..."
                            .formatted(dependency.name(), dependency.id()));
            try (FileChannel spooled = spool()) {
                exchange.fetch(dependency, spooled, storage.archiveBytes());
                unpack(spooled);
            } catch (IOException e) {
                throw notSpooled(e);
            } catch (FaultException e) {
                throw new FaultException(
                        e.fault(),
                        "artifacts of job %s (%s): %s"
                                .formatted(dependency.name(), dependency.id(), e.getMessage()),
                        e);
            }
        }
    }

    /** A file that is gone when it is closed, or this process is. */
    private FileChannel spool() {
        try {
            return FileChannel.open(
                    storage.spool().resolve(job + "-archive.spool"),
                    Set.of(
                            StandardOpenOption.CREATE_NEW,
                            StandardOpenOption.READ,
                            StandardOpenOption.WRITE,
                            StandardOpenOption.DELETE_ON_CLOSE),
                    PosixFilePermissions.asFileAttribute(
                            PosixFilePermissions.fromString("rw-------")));
        } catch (IOException e) {
            throw notSpooled(e);
        }
    }

    private FaultException notSpooled(IOException e) {
        return new FaultException(
                Fault.ARTIFACTS,
                "an archive could not be kept in %s (%s): make room there"
                        .formatted(storage.spool(), e.getMessage()),
                e);
    }

    /**
     * Looks for caches. One that cannot be had is said in the log, and costs only time.
     *
     * @param attempts how often each is tried
     */
    void caches(List<CacheUse> caches, CacheScope scope, int attempts) throws InterruptedException {
        for (CacheUse cache : caches) {
            int left = cache.direction().pulls() ? attempts : 0;
            while (left > 0 && !isRestored(cache, scope)) {
                left--;
                if (left > 0) {
                    log.notice("Trying again, attempts left: " + left);
                    Thread.sleep(PAUSE);
                }
            }
        }
    }

    /** Whether there is nothing more to do for it: it is in the workspace, or nowhere. */
    private boolean isRestored(CacheUse cache, CacheScope scope) throws InterruptedException {
        List<String> keys = new ArrayList<>(List.of(cache.key()));
        keys.addAll(cache.fallbackKeys());
        log.notice("Checking cache for " + String.join(", ", keys) + "...");
        try {
            Optional<CacheStore.Found> found = storage.caches().find(scope, keys);
            if (found.isEmpty()) {
                log.notice("No cache is there yet");
                return true;
            }
            try (CacheStore.Found one = found.get()) {
                unpack(one.archive());
                log.notice("Restored cache " + one.key());
                return true;
            }
        } catch (FaultException | IOException e) {
            notRestored(cache, scope, e.getMessage());
            return false;
        } catch (RuntimeException e) {
            // A defect of a store costs a cache, as anything else that is wrong with it.
            LOG.error("defect while restoring a cache job={}", job, log.masked(e));
            notRestored(cache, scope, Keeping.DEFECT);
            return false;
        }
    }

    private void notRestored(CacheUse cache, CacheScope scope, @Nullable String why)
            throws InterruptedException {
        String what = "cache " + cache.key() + " was not restored: " + why;
        LOG.warn("pool={} project={}: {}", scope.pool(), scope.project(), log.line(what));
        log.notice(what);
    }

    private void unpack(FileChannel file) throws InterruptedException {
        try (ReceivedArchive archive = ReceivedArchive.open(file, storage.limits())) {
            if (archive.has(".git")) {
                // gitlab-runner's words, since people search for them.
                log.notice("Part of .git directory is on the list of files to extract");
                log.notice("This may introduce unexpected problems");
            }
            Step step =
                    new Step(
                            "unpack",
                            Step.Place.HELPER,
                            new Step.Program.Shell(List.of(UNPACK)),
                            Map.of("LC_ALL", "C"),
                            List.of(),
                            archive::tar);
            StepEnd end =
                    sandbox.run(step, log.output(LIMIT, cancellation), LIMIT, new Cancellation());
            if (!(end instanceof StepEnd.Exited(int code) && code == 0)) {
                throw new FaultException(
                        Fault.ARTIFACTS,
                        "they could not be unpacked into the workspace; the lines above say why");
            }
            log.notice("Unpacked %d files and directories".formatted(archive.size()));
        }
    }
}
