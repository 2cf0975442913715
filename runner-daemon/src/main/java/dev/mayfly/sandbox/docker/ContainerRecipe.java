package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.command.CreateContainerCmd;
import com.github.dockerjava.api.model.HealthCheck;
import com.github.dockerjava.api.model.HostConfig;
import java.time.Duration;
import java.util.List;
import java.util.Map;

/**
 * Everything the engine is told about one container. Nothing in it belongs to the job but its
 * labels: variables, secrets and commands go over the attached stream.
 *
 * @param name of the container
 * @param imageId which bytes to run
 * @param agent the path of the agent in it
 * @param user as in the image's USER; empty for the image's own
 * @param place how others see it on the network
 * @param hostConfig limits and hardening
 */
record ContainerRecipe(
        String name,
        String imageId,
        String agent,
        String user,
        Place place,
        HostConfig hostConfig) {

    /**
     * Rare enough to cost nothing: the health check exists because auditors look for one, the
     * daemon itself hears from the stream when a container dies.
     */
    private static final Duration HEALTH_INTERVAL = Duration.ofHours(1);

    private static final Duration HEALTH_LIMIT = Duration.ofSeconds(10);

    /**
     * How others see a container.
     *
     * @param hostName its own name for itself
     * @param aliases names under which containers on the same network find it
     * @param networked whether it has a network at all
     */
    record Place(String hostName, List<String> aliases, boolean networked) {
        Place {
            aliases = List.copyOf(aliases);
        }
    }

    /**
     * The request that creates it.
     *
     * @param lifetime after which the agent ends everything in the container
     */
    CreateContainerCmd request(DockerClient client, Map<String, String> labels, Duration lifetime) {
        CreateContainerCmd request =
                client.createContainerCmd(imageId)
                        .withName(name)
                        .withHostName(place.hostName())
                        .withLabels(labels)
                        .withEntrypoint(agent)
                        .withCmd("--deadline", Long.toString(lifetime.toSeconds()))
                        .withAttachStdin(true)
                        .withAttachStdout(true)
                        .withAttachStderr(true)
                        // The engine closes the agent's input when the attached client goes away.
                        .withStdinOpen(true)
                        .withStdInOnce(true)
                        .withTty(false)
                        .withHealthcheck(
                                new HealthCheck()
                                        .withTest(List.of("CMD", agent, "--health"))
                                        .withInterval(HEALTH_INTERVAL.toNanos())
                                        .withTimeout(HEALTH_LIMIT.toNanos())
                                        .withRetries(1))
                        .withHostConfig(hostConfig);
        if (!user.isEmpty()) {
            request = request.withUser(user);
        }
        if (!place.networked()) {
            // Half the time of network mode none, and nothing but a loopback device either.
            request = request.withNetworkDisabled(true);
        }
        if (!place.aliases().isEmpty()) {
            request = request.withAliases(place.aliases());
        }
        return request;
    }
}
