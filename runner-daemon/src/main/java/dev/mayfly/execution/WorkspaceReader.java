package dev.mayfly.execution;

import dev.mayfly.artifacts.ContentCheck;
import dev.mayfly.artifacts.Listing;
import dev.mayfly.artifacts.NameList;
import dev.mayfly.artifacts.Packing;
import dev.mayfly.artifacts.Selection;
import dev.mayfly.job.Artifact;
import dev.mayfly.job.Cancellation;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.Step;
import dev.mayfly.sandbox.StepEnd;
import java.io.IOException;
import java.io.InputStream;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads what a job has left in its source directory. Every process of the job is gone by then, so
 * that what is listed is what is read; and what reads has nothing of the job's but its files, so
 * that these, git's configuration among them, can mislead nobody into more than themselves.
 */
final class WorkspaceReader {

    /** Git reads nothing but the repository's own configuration, and starts no program for it. */
    private static final Map<String, String> GIT =
            Map.of(
                    "GIT_CONFIG_GLOBAL", "/dev/null",
                    "GIT_CONFIG_SYSTEM", "/dev/null",
                    "GIT_OPTIONAL_LOCKS", "0",
                    "GIT_TERMINAL_PROMPT", "0");

    private final Sandbox sandbox;
    private final String directory;
    private final int mostEntries;

    /**
     * Prepares.
     *
     * @param sandbox sealed
     * @param directory of the sources
     * @param mostEntries how many files git may name
     */
    WorkspaceReader(Sandbox sandbox, String directory, int mostEntries) {
        this.sandbox = sandbox;
        this.directory = directory;
        this.mostEntries = mostEntries;
    }

    /** Takes what a step prints. */
    private interface Taker {
        void take(byte[] bytes, int offset, int length) throws IOException;
    }

    /**
     * Offers everything in the directory to these.
     *
     * @return what could not be read, in lines for the job's log
     */
    List<String> list(List<Selection> selections, Duration limit) throws InterruptedException {
        if (selections.stream().anyMatch(Selection::wantsUntracked)) {
            NameList names = new NameList(mostEntries);
            // Where there is no repository, nothing is untracked.
            run(
                    "untracked",
                    "cd \"$MAYFLY_DIRECTORY\" && exec git -c core.fsmonitor=false"
                            + " -c safe.directory='*' ls-files --others -z 2>/dev/null",
                    null,
                    names::take,
                    limit);
            selections.forEach(selection -> selection.untracked(names.names()));
        }
        Listing listing = new Listing(selections);
        StepEnd end =
                run(
                        "list",
                        "exec find \"$MAYFLY_DIRECTORY\" -mindepth 1 '(' -readable -printf "
                                + Listing.READABLE
                                + " -o -printf "
                                + Listing.UNREADABLE
                                + " ')' -printf '"
                                + Listing.FIND_FORMAT
                                + "' 2>/dev/null",
                        null,
                        listing::take,
                        limit);
        if (!(end instanceof StepEnd.Exited(int code)) || code > 1) {
            throw unread(end);
        }
        long nameless = listing.end();
        return nameless == 0
                ? List.of()
                : List.of("%d files are left out: their names are not UTF-8".formatted(nameless));
    }

    /**
     * Packs what was selected.
     *
     * @throws IOException of {@code out}
     */
    void pack(
            Selection selected,
            Artifact.Packing how,
            ContentCheck check,
            OutputStream out,
            Duration limit)
            throws IOException, InterruptedException {
        Packing packing = new Packing(selected, how, check, out);
        packing.start();
        try {
            StepEnd end =
                    run(
                            "read",
                            "cd \"$MAYFLY_DIRECTORY\" && exec xargs --null --no-run-if-empty cat --"
                                    + " 2>/dev/null",
                            packing::names,
                            (bytes, offset, length) -> {
                                try {
                                    packing.take(bytes, offset, length);
                                } catch (IOException e) {
                                    throw new Broken(e);
                                }
                            },
                            limit);
            if (!(end instanceof StepEnd.Exited(int code) && code == 0)) {
                throw unread(end);
            }
        } catch (Broken e) {
            throw e.why;
        }
        packing.finish();
    }

    private static final class Broken extends RuntimeException {
        private static final long serialVersionUID = 1L;
        private final IOException why;

        Broken(IOException why) {
            super(why);
            this.why = why;
        }
    }

    /** Ends the step at the first failure, and then throws it. */
    private StepEnd run(
            String name,
            String line,
            @Nullable Supplier<InputStream> stdin,
            Taker taker,
            Duration limit)
            throws InterruptedException {
        Map<String, String> environment = new HashMap<>(GIT);
        environment.put("MAYFLY_DIRECTORY", directory);
        environment.put("LC_ALL", "C");
        Step step =
                new Step(
                        name,
                        Step.Place.HELPER,
                        new Step.Program.Shell(List.of(line)),
                        environment,
                        List.of(),
                        stdin);
        Guarded guarded = new Guarded(taker);
        StepEnd end = sandbox.run(step, guarded, limit, guarded.enough);
        RuntimeException failure = guarded.failure;
        if (failure != null) {
            throw failure;
        }
        return end;
    }

    /** Takes output until that fails once. */
    private static final class Guarded implements Sandbox.Output {
        private final Taker taker;
        private final Cancellation enough = new Cancellation();
        private @Nullable RuntimeException failure;

        Guarded(Taker taker) {
            this.taker = taker;
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws InterruptedException {
            if (failure != null) {
                return;
            }
            try {
                taker.take(bytes, offset, length);
            } catch (Broken e) {
                if (e.why instanceof InterruptedIOException) {
                    Thread.interrupted();
                    throw new InterruptedException(e.why.getMessage());
                }
                fail(e);
            } catch (RuntimeException e) {
                fail(e);
            } catch (IOException e) {
                fail(new Broken(e));
            }
        }

        private void fail(RuntimeException why) {
            failure = why;
            enough.request("its output is of no use");
        }
    }

    private static FaultException unread(StepEnd end) {
        return new FaultException(
                Fault.ARTIFACTS,
                "the workspace could not be read: "
                        + switch (end) {
                            case StepEnd.Exited(int code) ->
                                    "a file in it cannot be, by the job's user (" + code + ")";
                            case StepEnd.OutOfMemory() -> "its reader ran out of memory";
                            case StepEnd.OutOfDisk(String excess) -> excess;
                            case StepEnd.TimedOut() -> "there was no time left";
                            case StepEnd.Cancelled() -> "it was cancelled";
                        });
    }
}
