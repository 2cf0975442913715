package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.model.BindOptions;
import com.github.dockerjava.api.model.BindPropagation;
import com.github.dockerjava.api.model.Mount;
import com.github.dockerjava.api.model.MountType;
import dev.mayfly.job.Cancellation;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobId;
import dev.mayfly.sandbox.Step;
import dev.mayfly.sandbox.StepEnd;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Measures what the containers of one job hold on the engine's disk: from a container of its own,
 * which is made when it is first needed and sees the job's volumes and writable layers from
 * outside. Works wherever the engine is. Used by one thread.
 */
final class DiskGauge {

    private static final Logger LOG = LoggerFactory.getLogger(DiskGauge.class);

    private static final String PLACE = "/held/";
    private static final int OUTPUT_BYTES = 4096;

    /**
     * Bytes, files, blocks and their size of the file system; a file may go while it is looked at.
     */
    private static final Pattern ANSWER = Pattern.compile("(\\d+)\n(\\d+)\n(\\d+) (\\d+)\n");

    private static final String QUESTION =
            """
            du --one-file-system --block-size=1 --total --summarize "$@" 2>/dev/null | tail -n 1 | cut -f 1
            du --one-file-system --inodes --total --summarize "$@" 2>/dev/null | tail -n 1 | cut -f 1
            stat --file-system --format '%f %S' "$1"
            """;

    private static final String RESULT = "/result";

    /** Not those on a tmpfs: they are memory. */
    private static final String NAMELESS =
"""
            find -L /proc/[0-9]*/fd -maxdepth 1 -type f -links 0 -printf '%D %i %b %p\\n' 2>/dev/null |
                sort -u -k 1,2 >/open
            sort -u -k 1,1 /open | while read -r device inode blocks path; do
                case $(stat -L -f -c %T "$path" 2>/dev/null) in
                    tmpfs | ramfs | hugetlbfs) ;;
                    *) echo "$device" ;;
                esac
            done >/devices
            awk 'NR == FNR { disk[$1] = 1; next } $1 in disk { blocks += $3 } END { printf "%d", blocks * 512 }' \\
                /devices /open >/answer
            mv /answer /result
""";

    private final ContainerRecipes recipes;
    private final Containers containers;
    private final List<String> watched;
    private final Set<String> unwatched;
    private final Disposer disposer;
    private final JobId job;
    private int places;
    private Duration took = Duration.ZERO;
    private @Nullable AgentSession session;

    /**
     * Prepares; nothing exists yet.
     *
     * @param job whose it is
     * @param watched names of the containers whose volumes and layers count
     * @param unwatched names of volumes that do not count: nobody can write to them
     */
    DiskGauge(
            ContainerRecipes recipes,
            Containers containers,
            Disposer disposer,
            JobId job,
            List<String> watched,
            Set<String> unwatched) {
        this.recipes = recipes;
        this.containers = containers;
        this.disposer = disposer;
        this.job = job;
        this.watched = List.copyOf(watched);
        this.unwatched = Set.copyOf(unwatched);
    }

    /**
     * Measures.
     *
     * @param limit of walking through all there is
     * @throws FaultException {@code ENGINE} if it cannot be done, or not in that time
     */
    DiskUse measure(Duration limit) throws InterruptedException {
        boolean measured = false;
        try {
            AgentSession open = session == null ? open() : session;
            session = open;
            long begin = System.nanoTime();
            DiskUse use = measure(open, limit);
            took = Duration.ofNanos(System.nanoTime() - begin);
            measured = true;
            return use;
        } finally {
            if (!measured) {
                forget();
            }
        }
    }

    /** How long the last measurement took, without what had to be made for it. */
    Duration took() {
        return took;
    }

    /** Another one is made for the next time. */
    private void forget() throws InterruptedException {
        if (session != null) {
            session.stream().close();
            session = null;
        }
        if (!Thread.currentThread().isInterrupted()) {
            disposer.requireGone(job, Role.GAUGE);
        }
    }

    private DiskUse measure(AgentSession open, Duration limit) throws InterruptedException {
        List<String> command = new ArrayList<>(List.of("/bin/sh", "-c", QUESTION, "sh"));
        IntStream.range(0, places).forEach(place -> command.add(PLACE + place));
        Step step =
                new Step(
                        "gauge",
                        Step.Place.HELPER,
                        new Step.Program.Command(command),
                        Map.of("LC_ALL", "C"),
                        List.of(),
                        null);
        StepRun run = new StepRun(step, open, Duration.ofSeconds(1));
        ByteArrayOutputStream output = new ByteArrayOutputStream();
        StepEnd end;
        try {
            run.prepare(List.of(), List.of(), null);
            end =
                    run.run(
                            (bytes, offset, length) ->
                                    output.write(
                                            bytes,
                                            offset,
                                            Math.min(length, OUTPUT_BYTES - output.size())),
                            limit,
                            new Cancellation());
        } catch (StepRun.ContainerGone e) {
            throw failed("its container went away: " + e.getMessage());
        }
        Matcher answer = ANSWER.matcher(output.toString(StandardCharsets.UTF_8));
        return switch (end) {
            case StepEnd.Exited(int code) when code == 0 && answer.matches() ->
                    new DiskUse(
                            Long.parseLong(answer.group(1)),
                            Long.parseLong(answer.group(2)),
                            Long.parseLong(answer.group(3)) * Long.parseLong(answer.group(4)));
            case StepEnd.TimedOut() ->
                    throw failed("it took longer than " + limit.toSeconds() + " s");
            case StepEnd other -> throw failed("it ended with " + other);
        };
    }

    private static FaultException failed(String why) {
        return new FaultException(
                Fault.ENGINE, "the use of the disk could not be measured: " + why);
    }

    private AgentSession open() throws InterruptedException {
        Set<String> volumes = new LinkedHashSet<>();
        Set<String> layers = new LinkedHashSet<>();
        for (String container : watched) {
            Containers.Holding holding = containers.holding(container).orElse(null);
            if (holding == null) {
                continue; // the script's is removed when it has ended, before files are kept
            }
            volumes.addAll(holding.volumes());
            if (holding.layer() == null) {
                LOG.debug(
                        "the engine does not say where a writable layer is container={}",
                        container);
            } else {
                layers.add(holding.layer());
            }
        }
        volumes.removeAll(unwatched);
        List<Mount> held = new ArrayList<>();
        for (String volume : volumes) {
            held.add(mount(MountType.VOLUME, volume, held.size()));
        }
        for (String layer : layers) {
            held.add(
                    mount(MountType.BIND, layer, held.size())
                            .withBindOptions(
                                    new BindOptions().withPropagation(BindPropagation.R_SLAVE)));
        }
        places = held.size();
        containers.create(recipes.gauge(held), Role.GAUGE);
        return containers.start(Role.GAUGE.nameFor(job));
    }

    /**
     * What files hold that have no name any more, and that a process still has open: no walk finds
     * these.
     *
     * @throws FaultException {@code ENGINE} if it cannot be said
     */
    long namelessBytes(Duration limit) throws InterruptedException {
        long bytes = 0;
        for (String container : watched) {
            if (containers.isRunning(container)) {
                bytes += namelessBytes(container, limit);
            }
        }
        return bytes;
    }

    private long namelessBytes(String container, Duration limit) throws InterruptedException {
        ContainerRecipe inspector = recipes.inspector(container);
        try {
            if (!isStarted(inspector, limit)) {
                return 0;
            }
            containers.awaitEnd(inspector.name(), limit);
            return containers
                    .textIn(inspector.name(), RESULT)
                    .map(String::strip)
                    .filter(text -> text.matches("[0-9]{1,18}"))
                    .map(Long::parseLong)
                    .orElseThrow(() -> failed("what looks for open files was ended"));
        } finally {
            if (!Thread.currentThread().isInterrupted()) {
                disposer.requireGone(job, Role.INSPECTOR);
            }
        }
    }

    /** Sandboxes with a kernel of their own let nobody else's container join their processes. */
    private boolean isStarted(ContainerRecipe inspector, Duration limit)
            throws InterruptedException {
        try {
            containers.start(inspector, Role.INSPECTOR, List.of("/bin/sh", "-c", NAMELESS), limit);
            return true;
        } catch (FaultException e) {
            LOG.warn("job={} open files without a name cannot be looked for", job, e);
            return false;
        }
    }

    private static Mount mount(MountType type, String source, int place) {
        return new Mount()
                .withType(type)
                .withSource(source)
                .withTarget(PLACE + place)
                .withReadOnly(true);
    }
}
