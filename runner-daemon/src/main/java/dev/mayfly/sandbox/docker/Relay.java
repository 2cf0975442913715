package dev.mayfly.sandbox.docker;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.sandbox.Outlet;
import dev.mayfly.sandbox.Outlet.Origin;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The container through which the others on a network without a way out reach an {@link Outlet}.
 * Its agent carries bytes; whatever they mean is understood on this side.
 */
final class Relay {

    private static final Logger LOG = LoggerFactory.getLogger(Relay.class);

    private static final int NAME_SERVER_PORT = 53;

    /** In no relation to anything: a relay is silent while nobody connects. */
    private static final Duration LISTENING = Duration.ofHours(1);

    private static final int PEER_BYTES = 6;
    private static final int ACCEPTED_BYTES = AgentFrames.RELAY_ID_BYTES + 2 + 4;

    private final AgentSession session;
    private final Inet4Address address;
    private final Outlet outlet;
    private final Map<InetAddress, Origin> origins = new ConcurrentHashMap<>();

    /** By their ids; of the thread that reads the stream only. */
    private final Map<Integer, RelayLine> lines = new HashMap<>();

    private Relay(AgentSession session, Inet4Address address, Outlet outlet) {
        this.session = session;
        this.address = address;
        this.outlet = outlet;
    }

    /**
     * Makes a container's agent a relay.
     *
     * @param session of a container that has just been started
     * @param address that it has for the containers beside it
     */
    static Relay open(AgentSession session, String address, Outlet outlet)
            throws InterruptedException {
        Relay relay = new Relay(session, ipv4(address), outlet);
        TreeSet<Integer> ports = new TreeSet<>(outlet.ports());
        ports.add(Outlet.PROXY_PORT);
        session.stream().send(AgentFrames.relay(outlet.connections(), ports, NAME_SERVER_PORT));
        session.stream().requireRelaying();
        Thread.ofVirtual().name("relay-" + session.container()).start(relay::carry);
        return relay;
    }

    private static Inet4Address ipv4(String text) {
        try {
            if (InetAddress.ofLiteral(text) instanceof Inet4Address v4) {
                return v4;
            }
        } catch (IllegalArgumentException e) {
            throw new FaultException(
                    Fault.ENGINE, "the engine says that a container has the address " + text, e);
        }
        throw new FaultException(
                Fault.ENGINE,
                "the relay has the address %s, and only one of IPv4 will do".formatted(text));
    }

    /** Where containers beside it ask for names. */
    String address() {
        return address.getHostAddress();
    }

    /** Says who has an address. What comes from any other is not served. */
    void know(String container, Origin origin) {
        origins.put(ipv4(container), origin);
    }

    /**
     * The variables by which programs find the proxy.
     *
     * @param own what the step has, in which exceptions from the proxy may be
     * @param direct names that are reached without it
     */
    static Map<String, String> variables(
            String proxy, Map<String, String> own, Collection<String> direct) {
        TreeSet<String> exceptions = new TreeSet<>(direct);
        exceptions.addAll(List.of("localhost", "127.0.0.1", "::1"));
        for (String name : List.of("no_proxy", "NO_PROXY")) {
            Arrays.stream(own.getOrDefault(name, "").split("[,\\s]+"))
                    .filter(one -> !one.isEmpty())
                    .forEach(exceptions::add);
        }
        Map<String, String> variables = new LinkedHashMap<>();
        for (String name : List.of("http_proxy", "https_proxy")) {
            variables.put(name, proxy);
            variables.put(name.toUpperCase(Locale.ROOT), proxy);
        }
        variables.put("no_proxy", String.join(",", exceptions));
        variables.put("NO_PROXY", String.join(",", exceptions));
        return variables;
    }

    /** The proxy's address, as programs want it. */
    String proxy() {
        return "http://%s:%d".formatted(address(), Outlet.PROXY_PORT);
    }

    /** Ends every connection and the container. */
    void close() {
        session.stream().close();
    }

    private void carry() {
        String end = "it was interrupted";
        try {
            while (true) {
                AgentMessage message =
                        session.stream().receive(System.nanoTime() + LISTENING.toNanos());
                if (message instanceof AgentMessage.Gone(String why)) {
                    end = why;
                    return;
                }
                if (message != null) {
                    take(message);
                }
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IllegalArgumentException e) {
            end = "it does not keep to the protocol: " + e.getMessage();
            LOG.warn("container={} {}", session.container(), end);
        } finally {
            LOG.debug("container={} relays no more: {}", session.container(), end);
            session.stream().close();
            lines.values().forEach(RelayLine::left);
        }
    }

    private void take(AgentMessage message) throws InterruptedException {
        if (!(message instanceof AgentMessage.Relayed(char type, byte[] payload))) {
            throw new IllegalArgumentException("a relay says " + message);
        }
        if (type == 'q') {
            question(payload);
            return;
        }
        int id = id(payload);
        if (type == 'a') {
            accept(id, payload);
            return;
        }
        RelayLine line = lines.get(id);
        if (line == null) {
            throw new IllegalArgumentException("a frame for no connection");
        }
        switch (type) {
            case 'd' -> line.arrive(payload);
            case 'e' -> line.inputEnded();
            case 'w' -> line.credited(number(payload));
            case 'x' -> {
                lines.remove(id);
                line.left();
                line.close();
            }
            default -> throw new IllegalArgumentException("a frame of type " + type);
        }
    }

    private void question(byte[] payload) throws InterruptedException {
        if (payload.length < PEER_BYTES) {
            throw new IllegalArgumentException("a question from nowhere");
        }
        Origin origin = origins.get(peer(payload, 0));
        if (origin == null) {
            return;
        }
        Optional<byte[]> answer =
                outlet.answer(
                        origin, Arrays.copyOfRange(payload, PEER_BYTES, payload.length), address);
        if (answer.isPresent()) {
            // Lost like any datagram where the relay does not take it at once.
            session.stream()
                    .sendInput(
                            AgentFrames.relayAnswer(payload, PEER_BYTES, answer.get()),
                            System.nanoTime());
        }
    }

    private void accept(int id, byte[] payload) {
        if (payload.length != ACCEPTED_BYTES || lines.containsKey(id)) {
            throw new IllegalArgumentException("an unexpected connection");
        }
        RelayLine line = new RelayLine(id, session.stream());
        lines.put(id, line);
        int port = ((payload[2] & 0xff) << 8) | (payload[3] & 0xff);
        Origin origin = origins.get(peer(payload, AgentFrames.RELAY_ID_BYTES + 2));
        if (origin == null) {
            line.close();
            return;
        }
        Thread.ofVirtual()
                .name("egress-%s-%d".formatted(session.container(), id))
                .start(() -> serve(origin, port, line));
    }

    private void serve(Origin origin, int port, RelayLine line) {
        try (line) {
            outlet.serve(origin, port, line);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (RuntimeException e) {
            LOG.error("defect in serving a connection container={}", session.container(), e);
        }
    }

    private static int id(byte[] payload) {
        if (payload.length < AgentFrames.RELAY_ID_BYTES) {
            throw new IllegalArgumentException("a frame without the number of a connection");
        }
        return ((payload[0] & 0xff) << 8) | (payload[1] & 0xff);
    }

    private static int number(byte[] payload) {
        if (payload.length != AgentFrames.RELAY_ID_BYTES + Integer.BYTES) {
            throw new IllegalArgumentException("a frame without a number");
        }
        return ByteBuffer.wrap(payload).getInt(AgentFrames.RELAY_ID_BYTES);
    }

    private static InetAddress peer(byte[] payload, int at) {
        try {
            return InetAddress.getByAddress(Arrays.copyOfRange(payload, at, at + 4));
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("no address", e);
        }
    }
}
