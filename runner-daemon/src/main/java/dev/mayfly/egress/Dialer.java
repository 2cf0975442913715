package dev.mayfly.egress;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.Socket;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Connects to where the policy lets a job. Safe for use by many threads. */
final class Dialer {

    private static final int MOST_ADDRESSES = 6;
    private static final Duration LIMIT = Duration.ofSeconds(10);

    private final EgressPolicy policy;
    private final Resolver resolver;
    private final HostAddresses own;

    Dialer(EgressPolicy policy, Resolver resolver, HostAddresses own) {
        this.policy = policy;
        this.resolver = resolver;
        this.own = own;
    }

    /** What came of it. */
    sealed interface Dialed {

        /**
         * A connection.
         *
         * @param address the very one that was checked
         * @param ruling that allowed it, or that only would have refused it
         */
        record Open(Socket socket, InetAddress address, Ruling ruling) implements Dialed {}

        /**
         * The policy is against it.
         *
         * @param address that it is against, or null where it is against the name
         */
        record Refused(Ruling.Refused why, @Nullable InetAddress address) implements Dialed {}

        /**
         * Nobody answered.
         *
         * @param reason in words
         */
        record Failed(String reason, String rule) implements Dialed {}
    }

    /**
     * Connects.
     *
     * @param first what is ruled of the destination by its name
     * @param trusted whether the operator himself named it, so that it may be private
     */
    Dialed dial(Destination to, Ruling first, boolean trusted) throws InterruptedException {
        if (first instanceof Ruling.Refused refused && stands(refused)) {
            return new Dialed.Refused(refused, null);
        }
        List<InetAddress> addresses;
        try {
            addresses =
                    switch (to.host()) {
                        case Host.Address(InetAddress address) -> List.of(address);
                        case Host.Name name -> resolver.addresses(name);
                    };
        } catch (IOException e) {
            return new Dialed.Failed(String.valueOf(e.getMessage()), words(first));
        }
        Dialed last = new Dialed.Failed("the name has no address", words(first));
        boolean tried = false;
        for (InetAddress address : addresses.stream().limit(MOST_ADDRESSES).toList()) {
            Ruling ruling = policy.of(first, address, to.port(), own);
            if (ruling instanceof Ruling.Refused refused
                    && (stands(refused) || leadsHere(address, to.port()))
                    && !(trusted && !refused.always())) {
                last = tried ? last : new Dialed.Refused(refused, address);
                continue;
            }
            tried = true;
            try {
                return new Dialed.Open(
                        connected(address, to.port()), address, trusted ? first : ruling);
            } catch (IOException e) {
                last =
                        new Dialed.Failed(
                                "%s: %s".formatted(AddressBlock.text(address), e.getMessage()),
                                words(first));
            }
        }
        return last;
    }

    /** Also a pool that only records must not lead its jobs to this host. */
    private boolean leadsHere(InetAddress address, int port) {
        return own.kind(address).isPresent() && policy.listed(address, port).isEmpty();
    }

    private boolean stands(Ruling.Refused refused) {
        return refused.always() || !policy.auditOnly();
    }

    private static String words(Ruling ruling) {
        return switch (ruling) {
            case Ruling.Allowed(String rule) -> rule;
            case Ruling.Refused(String reason, String _, boolean _) -> reason;
        };
    }

    private static Socket connected(InetAddress address, int port) throws IOException {
        // What this process is told of proxies is not meant for jobs.
        Socket socket = new Socket(Proxy.NO_PROXY);
        try {
            socket.connect(new InetSocketAddress(address, port), (int) LIMIT.toMillis());
            socket.setTcpNoDelay(true);
            return socket;
        } catch (IOException | RuntimeException e) {
            socket.close();
            throw e;
        }
    }
}
