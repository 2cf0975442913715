package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.InspectVolumeResponse;
import com.github.dockerjava.api.model.Container;
import com.github.dockerjava.api.model.ContainerMount;
import com.github.dockerjava.api.model.Network;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LifeId;
import dev.mayfly.job.OwnedResource;
import dev.mayfly.job.OwnedResource.Kind;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** What exists in the engine and carries this daemon's labels. */
final class Inventory {

    private final DockerEngine engine;
    private final String daemon;

    Inventory(DockerEngine engine, String daemon) {
        this.engine = engine;
        this.daemon = daemon;
    }

    /**
     * A thing in the engine.
     *
     * @param kind what it is
     * @param labels as they were written when it was made
     * @param daemon the daemon that asks
     */
    record Found(Kind kind, Map<String, String> labels, String daemon) {

        /**
         * Whether it may be removed with the job. Volumes that the engine made for an image's
         * VOLUME have no labels and are known by the container that mounts them.
         */
        boolean belongsTo(JobId job) {
            return Labels.areOf(labels, daemon, job)
                    || (kind == Kind.VOLUME && !labels.containsKey(Labels.DAEMON));
        }
    }

    /** All there is of one job. */
    Set<OwnedResource> of(JobId job) throws InterruptedException {
        return resources(Labels.ofJob(daemon, job));
    }

    /** The jobs of this daemon of which something exists, unless its life is among these. */
    Set<JobId> jobsOutside(Set<LifeId> living) throws InterruptedException {
        Set<JobId> jobs = new HashSet<>();
        for (Map<String, String> labels : labelSets()) {
            boolean lives =
                    living.stream().anyMatch(l -> l.value().equals(labels.get(Labels.LIFE)));
            if (!lives) {
                Labels.job(labels).ifPresent(jobs::add);
            }
        }
        return jobs;
    }

    private Set<OwnedResource> resources(Map<String, String> labels) throws InterruptedException {
        return engine.call(
                "listing what has the labels " + labels,
                client -> {
                    Set<OwnedResource> found = new HashSet<>();
                    for (Container container : containers(client, labels)) {
                        found.add(new OwnedResource(Kind.CONTAINER, name(container)));
                        for (ContainerMount mount : container.getMounts()) {
                            if (mount.getName() != null) {
                                found.add(new OwnedResource(Kind.VOLUME, mount.getName()));
                            }
                        }
                    }
                    for (Network network : networks(client, labels)) {
                        found.add(new OwnedResource(Kind.NETWORK, network.getName()));
                    }
                    for (InspectVolumeResponse volume : volumes(client, labels)) {
                        found.add(new OwnedResource(Kind.VOLUME, volume.getName()));
                    }
                    return found;
                });
    }

    private List<Map<String, String>> labelSets() throws InterruptedException {
        Map<String, String> ours = Map.of(Labels.DAEMON, daemon);
        return engine.call(
                "listing what has the labels " + ours,
                client -> {
                    List<Map<String, String>> found = new ArrayList<>();
                    containers(client, ours).forEach(c -> found.add(orEmpty(c.getLabels())));
                    networks(client, ours).forEach(n -> found.add(orEmpty(n.getLabels())));
                    volumes(client, ours).forEach(v -> found.add(orEmpty(v.getLabels())));
                    return found;
                });
    }

    /** A container has its image's labels too, whoever makes it; names are given by makers only. */
    private static List<Container> containers(DockerClient client, Map<String, String> labels) {
        return client.listContainersCmd().withShowAll(true).withLabelFilter(labels).exec().stream()
                .filter(c ->
                        Labels.job(c.getLabels())
                                .filter(job -> Role.isName(job, name(c)))
                                .isPresent())
                .toList();
    }

    private static List<Network> networks(DockerClient client, Map<String, String> labels) {
        return client.listNetworksCmd().withFilter("label", words(labels)).exec();
    }

    private static List<InspectVolumeResponse> volumes(
            DockerClient client, Map<String, String> labels) {
        return Objects.requireNonNullElse(
                client.listVolumesCmd().withFilter("label", words(labels)).exec().getVolumes(),
                List.of());
    }

    private static List<String> words(Map<String, String> labels) {
        return labels.entrySet().stream().map(l -> l.getKey() + "=" + l.getValue()).toList();
    }

    private static String name(Container container) {
        String[] names = container.getNames();
        return names == null || names.length == 0
                ? container.getId()
                : names[0].replaceFirst("^/", "");
    }

    /** The thing of that name, whoever made it. */
    Optional<Found> find(OwnedResource resource) throws InterruptedException {
        String name = resource.name();
        return engine.find(
                "inspecting " + name,
                client ->
                        new Found(
                                resource.kind(),
                                switch (resource.kind()) {
                                    case CONTAINER ->
                                            orEmpty(
                                                    client.inspectContainerCmd(name)
                                                            .exec()
                                                            .getConfig()
                                                            .getLabels());
                                    case NETWORK ->
                                            orEmpty(
                                                    client.inspectNetworkCmd()
                                                            .withNetworkId(name)
                                                            .exec()
                                                            .getLabels());
                                    case VOLUME ->
                                            orEmpty(
                                                    client.inspectVolumeCmd(name)
                                                            .exec()
                                                            .getLabels());
                                    case LEASE ->
                                            throw new IllegalArgumentException(
                                                    "a lease is not in the engine: " + name);
                                },
                                daemon));
    }

    /** What {@link #find} asks, for people. */
    static String question(OwnedResource resource) {
        return switch (resource.kind()) {
            case CONTAINER -> "GET /containers/%s/json".formatted(resource.name());
            case NETWORK -> "GET /networks/%s".formatted(resource.name());
            case VOLUME -> "GET /volumes/%s".formatted(resource.name());
            case LEASE -> throw new IllegalArgumentException("a lease is not in the engine");
        };
    }

    private static Map<String, String> orEmpty(@Nullable Map<String, String> labels) {
        return labels == null ? Map.of() : labels;
    }
}
