package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.ConflictException;
import com.github.dockerjava.api.exception.DockerException;
import com.github.dockerjava.api.exception.NotFoundException;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.OwnedResource.Kind;
import dev.mayfly.job.Receipt.Disposal;
import dev.mayfly.sandbox.IntentLog;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Removes what exists of a job and looks again. Needs nothing but the engine's labels and the
 * journal's names. Safe to repeat, also by another process at the same time.
 */
final class Disposer {

    private static final Logger LOG = LoggerFactory.getLogger(Disposer.class);

    /** Something may still be ending when it is first tried: an endpoint, a mount. */
    private static final int ROUNDS = 5;

    private static final Duration PAUSE = Duration.ofMillis(200);

    private final DockerEngine engine;
    private final Inventory inventory;
    private final IntentLog intents;

    Disposer(DockerEngine engine, Inventory inventory, IntentLog intents) {
        this.engine = engine;
        this.inventory = inventory;
        this.intents = intents;
    }

    /** Everything of the job. One entry for each thing that was found or ever intended. */
    List<Disposal> dispose(JobId job) throws InterruptedException {
        Set<OwnedResource> known = new LinkedHashSet<>();
        for (OwnedResource resource : intents.intended(job)) {
            if (resource.kind() != Kind.LEASE) {
                known.add(resource);
            }
        }
        for (int round = 1; ; round++) {
            // Also in later rounds: a create that was under way may have come true meanwhile.
            known.addAll(inventory.of(job));
            List<Disposal> disposals = removed(job, known);
            boolean clean = disposals.stream().allMatch(Disposal::verified);
            if (clean && known.containsAll(inventory.of(job))) {
                return disposals;
            }
            if (round == ROUNDS) {
                LOG.warn("job={} disposals={} not everything could be removed", job, disposals);
                return disposals;
            }
            Thread.sleep(PAUSE.multipliedBy(round));
        }
    }

    /**
     * Removes single parts of a job.
     *
     * @throws FaultException {@code ENGINE} if one is still there afterwards
     */
    void requireGone(JobId job, Role... roles) throws InterruptedException {
        requireGone(
                job,
                Stream.of(roles)
                        .map(role ->
                                new OwnedResource(
                                        role == Role.CHECKOUT ? Kind.NETWORK : Kind.CONTAINER,
                                        role.nameFor(job)))
                        .toList());
    }

    /**
     * Removes a container of a job.
     *
     * @throws FaultException {@code ENGINE} if it is still there afterwards
     */
    void requireGone(JobId job, ContainerRecipe container) throws InterruptedException {
        requireGone(job, List.of(new OwnedResource(Kind.CONTAINER, container.name())));
    }

    private void requireGone(JobId job, List<OwnedResource> parts) throws InterruptedException {
        for (int round = 1; ; round++) {
            Optional<Disposal> left =
                    removed(job, parts).stream().filter(part -> !part.verified()).findFirst();
            if (left.isEmpty()) {
                return;
            }
            if (round == ROUNDS) {
                throw new FaultException(
                        Fault.ENGINE,
                        "%s could not be removed: %s; look at the engine's log"
                                .formatted(left.get().resource().name(), left.get().evidence()));
            }
            Thread.sleep(PAUSE.multipliedBy(round));
        }
    }

    private List<Disposal> removed(JobId job, Collection<OwnedResource> resources)
            throws InterruptedException {
        Map<OwnedResource, String> refusals = new ConcurrentHashMap<>();
        // A network in use and a volume in use cannot be removed, so containers go first.
        removeAtOnce(job, ofKind(resources, Kind.CONTAINER), refusals);
        for (Kind kind : List.of(Kind.NETWORK, Kind.VOLUME)) {
            for (OwnedResource resource : ofKind(resources, kind)) {
                remove(job, resource, refusals);
            }
        }
        List<Disposal> disposals = new ArrayList<>();
        for (OwnedResource resource : resources) {
            disposals.add(verify(job, resource, refusals.get(resource)));
        }
        return disposals;
    }

    private static List<OwnedResource> ofKind(Collection<OwnedResource> resources, Kind kind) {
        return resources.stream().filter(resource -> resource.kind() == kind).toList();
    }

    private void removeAtOnce(
            JobId job, List<OwnedResource> containers, Map<OwnedResource, String> refusals)
            throws InterruptedException {
        List<Thread> removals = new ArrayList<>();
        for (OwnedResource container : containers) {
            removals.add(
                    Thread.ofVirtual()
                            .name("remove-" + container.name())
                            .start(() -> {
                                try {
                                    remove(job, container, refusals);
                                } catch (InterruptedException e) {
                                    Thread.currentThread().interrupt();
                                }
                            }));
        }
        try {
            for (Thread removal : removals) {
                removal.join();
            }
        } finally {
            removals.forEach(Thread::interrupt);
        }
    }

    /** Tries; whether it is gone is for {@link #verify} to say. */
    private void remove(JobId job, OwnedResource resource, Map<OwnedResource, String> refusals)
            throws InterruptedException {
        try {
            if (inventory.find(resource).filter(found -> found.belongsTo(job)).isEmpty()) {
                return;
            }
            switch (resource.kind()) {
                case CONTAINER -> removeContainer(resource.name());
                case NETWORK -> removeNetwork(resource.name());
                case VOLUME -> removeVolume(resource.name());
                case LEASE -> {}
            }
        } catch (FaultException e) {
            refusals.put(resource, String.valueOf(e.getMessage()));
        }
    }

    private void removeContainer(String name) throws InterruptedException {
        engine.find(
                "removing container " + name,
                client -> {
                    try {
                        // Anonymous volumes of the image go with it.
                        client.removeContainerCmd(name)
                                .withForce(true)
                                .withRemoveVolumes(true)
                                .exec();
                    } catch (ConflictException e) {
                        // Somebody else removes it already.
                        LOG.debug("container={} is being removed by another", name, e);
                    }
                    return name;
                });
    }

    private void removeNetwork(String name) throws InterruptedException {
        engine.find(
                "removing network " + name,
                client -> {
                    // What is left of a container the engine lost would keep its network for ever.
                    Map<String, ?> endpoints =
                            client.inspectNetworkCmd().withNetworkId(name).exec().getContainers();
                    for (String container :
                            endpoints == null ? Set.<String>of() : endpoints.keySet()) {
                        disconnect(client, name, container);
                    }
                    client.removeNetworkCmd(name).exec();
                    return name;
                });
    }

    private static void disconnect(DockerClient client, String network, String container) {
        try {
            client.disconnectFromNetworkCmd()
                    .withNetworkId(network)
                    .withContainerId(container)
                    .withForce(true)
                    .exec();
        } catch (NotFoundException e) {
            LOG.debug("network={} container={} had left", network, container, e);
        } catch (DockerException e) {
            LOG.warn("network={} container={} could not be disconnected", network, container, e);
        }
    }

    private void removeVolume(String name) throws InterruptedException {
        engine.find(
                "removing volume " + name,
                client -> {
                    client.removeVolumeCmd(name).exec();
                    return name;
                });
    }

    private Disposal verify(JobId job, OwnedResource resource, @Nullable String refusal)
            throws InterruptedException {
        String question = Inventory.question(resource);
        try {
            Optional<Inventory.Found> found = inventory.find(resource);
            if (found.isEmpty()) {
                return new Disposal(resource, true, question + " answered 404");
            }
            if (!found.get().belongsTo(job)) {
                String whose = question + " answered 200: the name belongs to somebody else";
                return new Disposal(resource, true, whose);
            }
            String left = question + " answered 200: it is still there";
            return new Disposal(resource, false, refusal == null ? left : left + "; " + refusal);
        } catch (FaultException e) {
            return new Disposal(resource, false, question + " failed: " + e.getMessage());
        }
    }
}
