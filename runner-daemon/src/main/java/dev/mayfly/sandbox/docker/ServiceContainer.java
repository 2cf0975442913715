package dev.mayfly.sandbox.docker;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.sandbox.SandboxBackend.Notices;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A running service. Its output is always read, since a stream that nobody reads would block the
 * engine; the last of it is kept to explain a failure.
 */
final class ServiceContainer {

    private static final int TAIL_BYTES = 64 * 1024;
    private static final int TAIL_LINES = 20;

    /** No step of a service waits for its reader that long: the container's lifetime is shorter. */
    private static final Duration PATIENCE = Duration.ofHours(1);

    private final ServiceSpec spec;
    private final Map<String, String> variables;
    private final EngineImage image;
    private final AgentSession session;
    private final Tail tail = new Tail(TAIL_BYTES);
    private final CountDownLatch over = new CountDownLatch(1);
    private volatile @Nullable AgentMessage end;
    private boolean told;

    private ServiceContainer(
            ServiceSpec spec,
            Map<String, String> variables,
            EngineImage image,
            AgentSession session) {
        this.spec = spec;
        this.variables = variables;
        this.image = image;
        this.session = session;
    }

    /**
     * Starts the service's program in its container, as the image says or as the job does.
     *
     * @param variables the service's, and what is added to them
     */
    static ServiceContainer run(
            ServiceSpec spec,
            Map<String, String> variables,
            EngineImage image,
            AgentSession session)
            throws InterruptedException {
        ServiceContainer service = new ServiceContainer(spec, variables, image, session);
        service.sendStep();
        Thread.ofVirtual().name("service-" + session.container()).start(service::drain);
        return service;
    }

    private void sendStep() throws InterruptedException {
        List<String> asked = spec.image().entrypoint();
        List<String> entrypoint = asked == null ? image.entrypoint() : asked;
        // As the engine does it: the image's CMD belongs to the image's ENTRYPOINT.
        List<String> command =
                spec.command().isEmpty() && asked == null ? image.command() : spec.command();
        if (entrypoint.isEmpty() && command.isEmpty()) {
            throw new FaultException(
                    Fault.SERVICE,
                    "service %s: image %s leaves nothing to run; give the service a command"
                            .formatted(spec.alias(), spec.image().reference()));
        }
        AgentStream stream = session.stream();
        for (var variable : variables.entrySet()) {
            stream.send(AgentFrames.variable(variable.getKey(), variable.getValue()));
        }
        for (String argument : entrypoint) {
            stream.send(AgentFrames.argument(argument));
        }
        for (String argument : command) {
            stream.send(AgentFrames.argument(argument));
        }
        stream.send(AgentFrames.endOfInput());
        stream.send(AgentFrames.run());
    }

    private void drain() {
        try {
            while (true) {
                switch (session.stream().receive(System.nanoTime() + PATIENCE.toNanos())) {
                    case null -> {}
                    case AgentMessage.Output(byte[] array, int offset, int length) ->
                            tail.add(array, offset, length);
                    case AgentMessage message -> {
                        if (end == null) {
                            end = message;
                            over.countDown();
                        }
                        if (message instanceof AgentMessage.Gone) {
                            return;
                        }
                    }
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    String container() {
        return session.container();
    }

    String alias() {
        return spec.alias();
    }

    /** The port on which the service is expected to accept connections, or null if unknown. */
    @Nullable Integer port() {
        return image.tcpPorts().isEmpty() ? null : image.tcpPorts().getFirst();
    }

    /** Whether the service has ended by then. */
    boolean endedWithin(Duration limit) throws InterruptedException {
        return over.await(limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    /**
     * Whether the service has ended, which is said once, with its last lines: the job goes on,
     * since some services only prepare something, and a job that needs one that failed shows that
     * best.
     *
     * @throws FaultException {@code SERVICE} if it never began
     */
    boolean hasEnded(Notices notices) throws InterruptedException {
        AgentMessage last = end;
        if (last == null) {
            return false;
        }
        if (last instanceof AgentMessage.Trouble(String text)) {
            throw new FaultException(
                    Fault.SERVICE,
                    "service %s (image %s) could not be started: %s; check its command and its entrypoint"
                            .formatted(spec.alias(), spec.image().reference(), text));
        }
        if (!told) {
            told = true;
            tellEnd(last, notices);
        }
        return true;
    }

    private void tellEnd(AgentMessage last, Notices notices) throws InterruptedException {
        String how =
                switch (last) {
                    case AgentMessage.Ended(int code, long oom, long _) when oom > 0 ->
                            "ran out of memory and ended with code " + code;
                    case AgentMessage.Ended(int code, long _, long _) -> "ended with code " + code;
                    case AgentMessage.Gone(String why) -> "is gone: " + why;
                    case AgentMessage other -> "confused its agent: " + other;
                };
        notices.notice(
                "WARNING: service %s (image %s) %s before the job began; the job starts all the same"
                        .formatted(spec.alias(), spec.image().reference(), how));
        List<String> lines = new String(tail.content(), StandardCharsets.UTF_8).lines().toList();
        for (String line : lines.subList(Math.max(0, lines.size() - TAIL_LINES), lines.size())) {
            notices.notice("service %s: %s".formatted(spec.alias(), line));
        }
    }

    /** The last bytes of an endless text. */
    static final class Tail {
        private final byte[] ring;
        private long written;

        Tail(int bytes) {
            ring = new byte[bytes];
        }

        synchronized void add(byte[] bytes, int offset, int length) {
            int from = Math.max(0, length - ring.length);
            written += from;
            for (int i = from; i < length; i++) {
                ring[(int) (written++ % ring.length)] = bytes[offset + i];
            }
        }

        synchronized byte[] content() {
            int length = (int) Math.min(written, ring.length);
            byte[] content = new byte[length];
            for (int i = 0; i < length; i++) {
                content[i] = ring[(int) ((written - length + i) % ring.length)];
            }
            return content;
        }
    }
}
