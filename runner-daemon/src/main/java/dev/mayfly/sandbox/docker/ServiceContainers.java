package dev.mayfly.sandbox.docker;

import dev.mayfly.sandbox.SandboxBackend.Notices;
import java.time.Duration;
import java.util.List;

/**
 * The running services of one job.
 *
 * @param services in the order of the job
 */
record ServiceContainers(List<ServiceContainer> services) {

    /** How long a service without a known port is watched for an early end. */
    private static final Duration SETTLING = Duration.ofMillis(300);

    /** One attempt of a connection, in seconds; between attempts the service is looked at. */
    private static final int ATTEMPT_SECONDS = 1;

    ServiceContainers {
        services = List.copyOf(services);
    }

    /**
     * Waits until each service accepts connections on the lowest TCP port of its image, or has
     * ended, which a notice tells.
     *
     * @param from the container to connect from
     * @param network the network they share
     * @param limit of waiting for all of them; afterwards a notice tells, and the job starts
     * @throws dev.mayfly.job.FaultException {@code SERVICE} if one could not be started
     */
    void awaitReady(
            AgentSession from,
            String network,
            Containers containers,
            Duration limit,
            Notices notices)
            throws InterruptedException {
        long deadline = System.nanoTime() + limit.toNanos();
        for (ServiceContainer service : services) {
            Integer port = service.port();
            if (port == null) {
                if (service.endedWithin(SETTLING)) {
                    service.hasEnded(notices);
                }
                continue;
            }
            // A container that has ended has no address any more.
            if (service.hasEnded(notices)) {
                continue;
            }
            String address = containers.address(service.container(), network);
            boolean ready = false;
            boolean ended = false;
            while (!ready && !ended && System.nanoTime() - deadline < 0) {
                ready = accepts(from, address, port);
                ended = service.hasEnded(notices);
            }
            if (ended) {
                continue;
            }
            notices.notice(
                    ready
                            ? "service %s accepts connections on port %d"
                                    .formatted(service.alias(), port)
                            : "service %s did not accept a connection on port %d within %d s; the job starts all the same"
                                    .formatted(service.alias(), port, limit.toSeconds()));
        }
        for (ServiceContainer service : services) {
            service.hasEnded(notices);
        }
    }

    private static boolean accepts(AgentSession from, String address, int port)
            throws InterruptedException {
        from.stream().send(AgentFrames.tryConnection(address, port, ATTEMPT_SECONDS));
        return from.stream().tried();
    }
}
