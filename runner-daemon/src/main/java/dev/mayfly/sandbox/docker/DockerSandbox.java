package dev.mayfly.sandbox.docker;

import dev.mayfly.job.Cancellation;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.Places;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxSpec;
import dev.mayfly.sandbox.Step;
import dev.mayfly.sandbox.StepEnd;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The containers of one job, through the agents in them. */
final class DockerSandbox implements Sandbox {

    /** Where the image has no home that can be used. The agent image has it, so the volume does. */
    private static final String HOME = Places.WORKSPACE + "/home";

    private final SandboxSpec spec;
    private final ContainerRecipes recipes;
    private final Containers containers;
    private final Disposer disposer;
    private final Duration grace;
    private final AgentSession job;
    private final WayOut wayOut;
    private final DiskWatch watch;
    private @Nullable AgentSession helper;
    private boolean isSealed;

    DockerSandbox(
            SandboxSpec spec,
            ContainerRecipes recipes,
            Containers containers,
            Disposer disposer,
            Duration grace,
            AgentSession job,
            @Nullable AgentSession helper,
            WayOut wayOut,
            DiskWatch watch) {
        this.wayOut = wayOut;
        this.watch = watch;
        this.spec = spec;
        this.recipes = recipes;
        this.containers = containers;
        this.disposer = disposer;
        this.grace = grace;
        this.job = job;
        this.helper = helper;
    }

    @Override
    public StepEnd run(Step step, Output output, Duration limit, Cancellation cancellation)
            throws InterruptedException {
        AgentSession session =
                switch (step.place()) {
                    case JOB -> requireJob(step);
                    case HELPER -> requireHelper(step);
                };
        try {
            StepRun run = new StepRun(isSealed ? step : wayOut.told(step), session, grace);
            run.prepare(preparation(step), entrypoint(step), isAtHome(step) ? HOME : null);
            return run.run(output, limit, cancellation);
        } catch (StepRun.ContainerGone e) {
            return endWithContainer(step, session, e);
        }
    }

    /** The job's author says how to enter the job's image, and nothing about the helper's. */
    private List<String> entrypoint(Step step) {
        return switch (step.place()) {
            case JOB -> Objects.requireNonNullElse(spec.image().entrypoint(), List.of());
            case HELPER -> List.of();
        };
    }

    private AgentSession requireJob(Step step) {
        if (isSealed) {
            throw new FaultException(
                    Fault.INTERNAL,
                    "step %s asks for the container of job %s, which has been ended"
                            .formatted(step.name(), spec.job()));
        }
        return job;
    }

    private AgentSession requireHelper(Step step) {
        if (helper == null) {
            throw new FaultException(
                    Fault.INTERNAL,
                    "step %s asks for the helper of job %s, which has none or has ended it"
                            .formatted(step.name(), spec.job()));
        }
        return helper;
    }

    private List<byte[]> preparation(Step step) {
        List<byte[]> frames = new ArrayList<>();
        if (isSealed) {
            frames.add(AgentFrames.user(job.hello().uid(), job.hello().gid()));
            frames.add(AgentFrames.variable("HOME", "/tmp"));
            frames.add(AgentFrames.workingDirectory("/"));
            return frames;
        }
        if (step.place() == Step.Place.HELPER) {
            frames.addAll(handOver(job.hello()));
        } else {
            frames.add(AgentFrames.maskingChannel());
        }
        if (!step.environment().containsKey("HOME") && !isAtHome(step)) {
            frames.add(AgentFrames.variable("HOME", HOME));
        }
        frames.add(AgentFrames.workingDirectory(spec.directory()));
        return frames;
    }

    /**
     * Whether the step finds its home itself: in the job's image, whose user may have one with
     * settings and tools in it, unless the job names another. Not on a read-only root file system:
     * some shells tell root that it may write there.
     */
    private boolean isAtHome(Step step) {
        return !isSealed
                && !spec.hardening().readOnlyRoot()
                && step.place() == Step.Place.JOB
                && step.program() instanceof Step.Program.Shell
                && !step.environment().containsKey("HOME");
    }

    /** Makes the next step of a helper the job's user's, and the workspace too. */
    static List<byte[]> handOver(AgentMessage.Hello owner) {
        return List.of(
                AgentFrames.user(owner.uid(), owner.gid()),
                AgentFrames.handOver(Places.WORKSPACE),
                AgentFrames.handOver(HOME));
    }

    private StepEnd endWithContainer(Step step, AgentSession session, StepRun.ContainerGone gone)
            throws InterruptedException {
        Outcome ended = ended().orElse(null);
        if (ended instanceof Outcome.OutOfDisk(String excess)) {
            return new StepEnd.OutOfDisk(excess);
        }
        if (ended instanceof Outcome.Faulted(Fault fault, String detail)) {
            throw new FaultException(fault, detail, gone);
        }
        if (containers.ranOutOfMemory(session.container())) {
            return new StepEnd.OutOfMemory();
        }
        throw new FaultException(
                Fault.ENGINE,
                "container %s went away while step %s ran: %s; look at the logs of the engine and the"
                                .formatted(session.container(), step.name(), gone.getMessage())
                        + " kernel",
                gone);
    }

    @Override
    public Optional<Outcome> ended() {
        return watch.ended();
    }

    @Override
    public void endCheckout() throws InterruptedException {
        AgentSession ended = helper;
        helper = null;
        if (ended != null) {
            ended.stream().close();
            if (wayOut.endedWithCheckout()) {
                disposer.requireGone(spec.job(), Role.RELAY);
            }
            disposer.requireGone(spec.job(), Role.HELPER, Role.CHECKOUT);
        }
    }

    @Override
    public void seal() throws InterruptedException {
        if (isSealed) {
            return;
        }
        endCheckout();
        if (spec.services().isEmpty()) {
            watch.close(); // nothing is left that writes
        }
        job.stream().close();
        disposer.requireGone(spec.job(), Role.JOB);
        isSealed = true;
        ContainerRecipe reader = recipes.reader();
        containers.create(reader, Role.READER);
        helper = containers.start(reader.name());
    }
}
