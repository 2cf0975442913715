package dev.mayfly.egress;

import java.net.InetAddress;
import java.net.InterfaceAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * The addresses of the host that connections are made from, and those of the containers on it. Safe
 * for use by many threads.
 */
final class HostAddresses {

    /** Interfaces come and go with jobs, and asking for them takes a millisecond. */
    private static final long FRESH_NANOS = 2_000_000_000L;

    private static final Path INTERFACES = Path.of("/sys/class/net");

    private final Object lock = new Object();
    private List<SpecialAddresses.Kind> kinds = List.of();
    private long askedAt;
    private boolean asked;

    /** What an address is on this host, or empty. */
    Optional<SpecialAddresses.Kind> kind(InetAddress address) {
        return kinds().stream().filter(kind -> kind.block().contains(address)).findFirst();
    }

    private List<SpecialAddresses.Kind> kinds() {
        synchronized (lock) {
            if (!asked || System.nanoTime() - askedAt > FRESH_NANOS) {
                kinds = current();
                askedAt = System.nanoTime();
                asked = true;
            }
            return kinds;
        }
    }

    private static List<SpecialAddresses.Kind> current() {
        List<SpecialAddresses.Kind> own = new ArrayList<>();
        List<SpecialAddresses.Kind> containers = new ArrayList<>();
        try {
            for (NetworkInterface one : Collections.list(NetworkInterface.getNetworkInterfaces())) {
                boolean bridge = Files.exists(INTERFACES.resolve(one.getName()).resolve("bridge"));
                for (InterfaceAddress bound : one.getInterfaceAddresses()) {
                    add(own, containers, bound, bridge);
                }
            }
        } catch (SocketException e) {
            // Without knowing them nothing private is reached: they are refused as any other is.
            throw new IllegalStateException("this host's addresses cannot be read", e);
        }
        own.addAll(containers);
        return List.copyOf(own);
    }

    private static void add(
            List<SpecialAddresses.Kind> own,
            List<SpecialAddresses.Kind> containers,
            InterfaceAddress bound,
            boolean bridge) {
        InetAddress address = InetAddresses.of(bound.getAddress().getAddress());
        int bits = address.getAddress().length * Byte.SIZE;
        if (!address.isLoopbackAddress() && !address.isLinkLocalAddress()) {
            own.add(
                    new SpecialAddresses.Kind(
                            AddressBlock.around(address, bits), "an address of this host", true));
            int prefix = bound.getNetworkPrefixLength();
            if (bridge && prefix > 0 && prefix < bits) {
                containers.add(
                        new SpecialAddresses.Kind(
                                AddressBlock.around(address, prefix),
                                "a container on this host",
                                false));
            }
        }
    }
}
