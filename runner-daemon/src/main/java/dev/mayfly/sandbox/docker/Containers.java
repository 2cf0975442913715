package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.command.InspectContainerResponse;
import com.github.dockerjava.api.model.ContainerNetwork;
import com.github.dockerjava.api.model.HostConfig;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.OwnedResource.Kind;
import dev.mayfly.sandbox.IntentLog;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.jspecify.annotations.Nullable;

/** Makes the parts of one job's environment, each written down before it is made. */
final class Containers {

    private static final int TEXT_BYTES = 1 << 20;

    private final DockerEngine engine;
    private final Labels labels;
    private final IntentLog intents;
    private final OpenStreams streams;
    private final boolean withoutLimits;

    /**
     * Makes nothing yet.
     *
     * @param withoutLimits whether a container may be used that the engine cannot hold to its
     *     limits
     */
    Containers(
            DockerEngine engine,
            Labels labels,
            IntentLog intents,
            OpenStreams streams,
            boolean withoutLimits) {
        this.withoutLimits = withoutLimits;
        this.engine = engine;
        this.labels = labels;
        this.intents = intents;
        this.streams = streams;
    }

    /** Makes an empty volume; the first container that mounts it may fill it. */
    void createVolume(Role role) throws InterruptedException {
        String name = role.nameFor(labels.job());
        intend(Kind.VOLUME, name);
        engine.make(
                "creating volume " + name,
                client ->
                        client.createVolumeCmd().withName(name).withLabels(labels.of(role)).exec());
    }

    /**
     * Makes a network of the job's own.
     *
     * @param closed whether nothing outside it can be reached, the host included
     */
    void createNetwork(Role role, boolean closed) throws InterruptedException {
        String name = role.nameFor(labels.job());
        intend(Kind.NETWORK, name);
        // An internal network alone still reaches every port of the host, through the address that
        // the host has on the bridge: so it gets none.
        Map<String, String> options =
                closed ? Map.of("com.docker.network.bridge.inhibit_ipv4", "true") : Map.of();
        try {
            engine.make(
                    "creating network " + name,
                    client ->
                            client.createNetworkCmd()
                                    .withName(name)
                                    .withDriver("bridge")
                                    .withInternal(closed)
                                    .withEnableIpv6(false)
                                    .withCheckDuplicate(true)
                                    .withOptions(options)
                                    .withLabels(labels.of(role))
                                    .exec());
        } catch (FaultException e) {
            throw new FaultException(
                    Fault.ENGINE,
                    e.getMessage()
                            + "; if it ran out of address pools: lower the slots, remove unused"
                            + " networks, or give it more and smaller ones with"
                            + " default-address-pools in /etc/docker/daemon.json",
                    e);
        }
    }

    /** Makes a container without starting it. */
    void create(ContainerRecipe recipe, Role role) throws InterruptedException {
        intend(Kind.CONTAINER, recipe.name());
        engine.make(
                "creating container " + recipe.name(),
                client ->
                        recipe.request(client, labels.of(role), engine.bounds().lifetime()).exec());
        if (!withoutLimits) {
            requireLimits(recipe);
        }
    }

    /** An engine that cannot limit something leaves it out, and not each says so. */
    private void requireLimits(ContainerRecipe recipe) throws InterruptedException {
        HostConfig asked = recipe.hostConfig();
        HostConfig got =
                engine.call(
                                "inspecting container " + recipe.name(),
                                client -> client.inspectContainerCmd(recipe.name()).exec())
                        .getHostConfig();
        List<String> missing = new ArrayList<>();
        if (got == null || !Objects.equals(got.getMemory(), asked.getMemory())) {
            missing.add("memory");
        }
        if (got == null || !Objects.equals(got.getPidsLimit(), asked.getPidsLimit())) {
            missing.add("processes");
        }
        if (got == null || !(isSet(got.getNanoCPUs()) || isSet(got.getCpuQuota()))) {
            missing.add("processors");
        }
        if (!missing.isEmpty()) {
            throw new FaultException(
                    Fault.ENGINE,
                    "the engine at %s has left out the limits of %s; use one that has them, or set allow_no_limits: true for the engine"
                            .formatted(engine.host(), String.join(", ", missing)));
        }
    }

    private static boolean isSet(@Nullable Long limit) {
        return limit != null && limit > 0;
    }

    /** Starts a container and waits for its agent. */
    AgentSession start(String container) throws InterruptedException {
        AgentStream stream =
                streams.opened(
                        labels.job(),
                        AgentStream.attach(engine, container, engine.bounds().call()));
        engine.call(
                "starting container " + container,
                client -> client.startContainerCmd(container).exec());
        return new AgentSession(container, stream, stream.hello());
    }

    /** The address of a running container on a network. */
    String address(String container, String network) throws InterruptedException {
        InspectContainerResponse inspected =
                engine.call(
                        "inspecting container " + container,
                        client -> client.inspectContainerCmd(container).exec());
        return Optional.ofNullable(inspected.getNetworkSettings().getNetworks().get(network))
                .map(ContainerNetwork::getIpAddress)
                .filter(address -> !address.isEmpty())
                .orElseThrow(() ->
                        new FaultException(
                                Fault.ENGINE,
                                "container %s has no address on network %s; look at the"
                                                .formatted(container, network)
                                        + " engine's log"));
    }

    /**
     * A small text file in a container that need not run.
     *
     * @return its first {@value #TEXT_BYTES} bytes, or empty if there is no such file
     */
    Optional<String> textIn(String container, String path) throws InterruptedException {
        return engine.find(
                "reading %s in container %s".formatted(path, container),
                client -> {
                    try (TarArchiveInputStream archive =
                            new TarArchiveInputStream(
                                    client.copyArchiveFromContainerCmd(container, path).exec())) {
                        archive.getNextEntry();
                        return new String(archive.readNBytes(TEXT_BYTES), StandardCharsets.UTF_8);
                    } catch (IOException e) {
                        throw new UncheckedIOException(e);
                    }
                });
    }

    /** Whether a container, which need not run, has a file or directory of its image's there. */
    boolean has(String container, String path) throws InterruptedException {
        return textIn(container, path).isPresent();
    }

    /** Whether the kernel killed something in the container for its memory. */
    boolean ranOutOfMemory(String container) throws InterruptedException {
        return engine.find(
                        "inspecting container " + container,
                        client -> client.inspectContainerCmd(container).exec())
                .map(found -> Boolean.TRUE.equals(found.getState().getOOMKilled()))
                .orElse(false);
    }

    /** Whether a container runs. */
    boolean isRunning(String container) throws InterruptedException {
        return engine.find(
                        "inspecting container " + container,
                        client -> client.inspectContainerCmd(container).exec())
                .map(found -> Boolean.TRUE.equals(found.getState().getRunning()))
                .orElse(false);
    }

    /** Makes a container that runs one command instead of an agent, and starts it. */
    void start(ContainerRecipe recipe, Role role, List<String> command, Duration lifetime)
            throws InterruptedException {
        intend(Kind.CONTAINER, recipe.name());
        engine.make(
                "creating container " + recipe.name(),
                client ->
                        recipe.request(client, labels.of(role), lifetime)
                                .withEntrypoint(command)
                                .withCmd(List.of())
                                .withStdinOpen(false)
                                .withStdInOnce(false)
                                .exec());
        engine.call(
                "starting container " + recipe.name(),
                client -> client.startContainerCmd(recipe.name()).exec());
    }

    /** Waits until a container has ended. */
    void awaitEnd(String container, Duration limit) throws InterruptedException {
        engine.call(
                "waiting for the end of container " + container,
                limit,
                client -> client.waitContainerCmd(container).start().awaitStatusCode());
    }

    /**
     * Where a container keeps on the engine's disk what its image did not bring.
     *
     * @param volumes names of the volumes it mounts
     * @param layer directory of its writable layer, on the engine's host, or null if the engine
     *     does not name one
     */
    record Holding(Set<String> volumes, @Nullable String layer) {}

    /** Where a container keeps what it writes; empty if there is no such container. */
    Optional<Holding> holding(String container) throws InterruptedException {
        return engine.find(
                        "inspecting container " + container,
                        client -> client.inspectContainerCmd(container).exec())
                .map(Containers::holding);
    }

    private static Holding holding(InspectContainerResponse inspected) {
        Set<String> volumes = new LinkedHashSet<>();
        for (InspectContainerResponse.Mount mount :
                Objects.requireNonNullElse(
                        inspected.getMounts(), List.<InspectContainerResponse.Mount>of())) {
            if (mount.getName() != null) {
                volumes.add(mount.getName());
            }
        }
        return new Holding(volumes, upper(inspected.getRawValues().get("GraphDriver")));
    }

    /** Only storage drivers that stack layers have one, and the library leaves it out. */
    private static @Nullable String upper(@Nullable Object driver) {
        return driver instanceof Map<?, ?> words
                        && words.get("Data") instanceof Map<?, ?> data
                        && data.get("UpperDir") instanceof String directory
                ? directory
                : null;
    }

    private void intend(Kind kind, String name) {
        intents.intend(labels.job(), new OwnedResource(kind, name));
    }
}
