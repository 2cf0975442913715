package dev.mayfly.sandbox.docker;

import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.Receipt;
import dev.mayfly.sandbox.IntentLog;
import dev.mayfly.sandbox.Sandbox;
import dev.mayfly.sandbox.SandboxBackend;
import dev.mayfly.sandbox.SandboxSpec;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Environments as containers, networks and volumes of one Docker engine. */
public final class DockerSandboxBackend implements SandboxBackend {

    private final DockerEngine engine;
    private final DockerSettings settings;
    private final IntentLog intents;
    private final DeliveryOwners owners = new DeliveryOwners();
    private final OpenStreams streams = new OpenStreams();
    private final ImageStore images;
    private final Inventory inventory;
    private final EngineDisk disk;
    private final Disposer disposer;

    /**
     * Composes; calls nobody.
     *
     * @param engine closed by its owner, after the last use of this object
     * @param intents where each resource's name is written before it is created
     */
    public DockerSandboxBackend(DockerEngine engine, DockerSettings settings, IntentLog intents) {
        this.engine = engine;
        this.settings = settings;
        this.intents = intents;
        images = new ImageStore(engine, Pulls.Pace.DEFAULT);
        inventory = new Inventory(engine, settings.daemon());
        disposer = new Disposer(engine, inventory, intents);
        disk = new EngineDisk(engine, settings.minFreeBytes());
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
        Labels labels = new Labels(settings.daemon(), settings.life(), spec.job(), spec.pool());
        Containers containers = new Containers(engine, labels, intents, streams);
        return new Construction(spec, images, owners, containers, disposer, settings, notices)
                .build();
    }

    @Override
    public List<Receipt.Disposal> destroy(JobId job) throws InterruptedException {
        // First: the engine hangs on a container whose attached client has stopped reading.
        streams.close(job);
        return disposer.dispose(job);
    }

    @Override
    public Set<JobId> abandoned(Set<LifeId> living) throws InterruptedException {
        return inventory.jobsOutside(living);
    }

    @Override
    public Optional<String> unhealthyBecause() {
        try {
            engine.call("answering a ping", client -> client.pingCmd().exec());
            return images.has(settings.agentImage())
                    ? disk.fullBecause()
                    : Optional.of(
                            "the agent image %s is not on the engine at %s; build it with make image"
                                    .formatted(settings.agentImage(), engine.host()));
        } catch (FaultException e) {
            return Optional.of(String.valueOf(e.getMessage()));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return Optional.of("the question was interrupted");
        }
    }
}
