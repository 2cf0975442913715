package dev.mayfly.sandbox.docker;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.Outcome;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.sandbox.Barrier;
import dev.mayfly.sandbox.ImageRecords;
import dev.mayfly.sandbox.IntentLog;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxBackend;
import dev.mayfly.sandbox.SandboxSpec;
import java.nio.file.Path;
import java.time.InstantSource;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/** Environments as containers, networks and volumes of one Docker engine. */
public final class DockerSandboxBackend implements SandboxBackend {

    private final DockerEngine engine;
    private final DockerSettings settings;
    private final IntentLog intents;
    private final DeliveryOwners owners = new DeliveryOwners();
    private final DeliveryOwners unsettable = new DeliveryOwners(TmpfsOptions.FEW);
    private final OpenStreams streams = new OpenStreams();
    private final ImageStore images;
    private final Inventory inventory;
    private final EngineDisk disk;
    private final DiskWatches watches;
    private final Disposer disposer;
    private final EngineFitness fitness;

    /**
     * Composes; calls nobody.
     *
     * @param engine closed by its owner, after the last use of this object
     * @param intents where each resource's name is written before it is created
     * @param records by whose pulls images came to this engine
     */
    public DockerSandboxBackend(
            DockerEngine engine, DockerSettings settings, IntentLog intents, ImageRecords records) {
        this(engine, settings, intents, records, Map.of());
    }

    /**
     * Composes; calls nobody.
     *
     * @param engine closed by its owner, after the last use of this object
     * @param intents where each resource's name is written before it is created
     * @param records by whose pulls images came to this engine
     * @param barriers what the engine must have for the jobs of each pool; nothing for others
     */
    public DockerSandboxBackend(
            DockerEngine engine,
            DockerSettings settings,
            IntentLog intents,
            ImageRecords records,
            Map<PoolName, Barrier> barriers) {
        this.engine = engine;
        this.settings = settings;
        this.intents = intents;
        images = new ImageStore(engine, Pulls.Pace.DEFAULT, records, InstantSource.system());
        inventory = new Inventory(engine, settings.daemon());
        disposer = new Disposer(engine, inventory, intents);
        disk = new EngineDisk(engine, settings.minFreeBytes());
        watches = new DiskWatches(disk, streams);
        fitness = new EngineFitness(engine, settings.withoutLimits(), barriers);
    }

    /** What this process holds open. */
    OpenStreams streams() {
        return streams;
    }

    /**
     * Where the engine's data is on this host. Asks nobody: empty until that was needed, and where
     * it is not looked at.
     */
    public Optional<Path> data() {
        return disk.place();
    }

    @Override
    public Sandbox create(SandboxSpec spec, Notices notices) throws InterruptedException {
        boolean podman = engine.isPodman();
        if (podman && spec.outlet() != null && !spec.services().isEmpty()) {
            // With a resolver of its own a container does not ask the one that knows them.
            throw new FaultException(
                    Fault.SERVICE,
                    "Podman gives services no names where egress is filtered; run jobs with services"
                            + " in a pool without egress, or one whose engine is Docker");
        }
        DeliveryOwners ofEngine = podman ? unsettable : owners;
        Labels labels = new Labels(settings.daemon(), settings.life(), spec.job(), spec.pool());
        Containers containers =
                new Containers(engine, labels, intents, streams, settings.withoutLimits());
        try {
            return new Construction(
                            spec,
                            images,
                            ofEngine,
                            containers,
                            disposer,
                            watches,
                            settings,
                            notices)
                    .build();
        } catch (FaultException e) {
            // Before the job's first step only a service can have written that much.
            throw switch (watches.ended(spec.job()).orElse(null)) {
                case Outcome.OutOfDisk(String excess) ->
                        new FaultException(Fault.SERVICE, excess, e);
                case Outcome.Faulted(Fault fault, String detail) ->
                        new FaultException(fault, detail, e);
                case null, default -> e;
            };
        }
    }

    @Override
    public List<Receipt.Disposal> destroy(JobId job) throws InterruptedException {
        watches.close(job);
        // Before the rest: the engine hangs on a container whose attached client has stopped
        // reading.
        streams.close(job);
        // Each of many calls would wait for an engine that is not there.
        engine.call("answering a ping", client -> client.pingCmd().exec());
        return disposer.dispose(job);
    }

    @Override
    public Leftovers abandoned(Set<LifeId> living) throws InterruptedException {
        return new Leftovers(inventory.jobsOutside(living), List.of());
    }

    /**
     * Why the engine cannot run a pool's jobs as it should, whoever starts it: what it lacks.
     *
     * @return empty when it lacks nothing
     * @throws FaultException {@code ENGINE} when it does not answer
     */
    public Optional<String> unfitBecause(PoolName pool) throws InterruptedException {
        return fitness.lack(pool);
    }

    @Override
    public Optional<String> unhealthyBecause(PoolName pool) throws InterruptedException {
        try {
            engine.call("answering a ping", client -> client.pingCmd().exec());
            if (!EngineImages.has(engine, settings.agentImage())) {
                return Optional.of(
                        "the agent image %s is not on the engine at %s; build it with make image"
                                .formatted(settings.agentImage(), engine.host()));
            }
            Optional<String> lack = fitness.lack(pool);
            return lack.isPresent() ? lack : disk.fullBecause();
        } catch (FaultException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        }
    }
}
