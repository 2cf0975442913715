package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.model.HostConfig;
import java.util.List;
import java.util.Map;

/** How far the packets of one container may go. */
sealed interface Networking {

    /** Nothing but a loopback device. */
    record Disabled() implements Networking {}

    /**
     * To the other containers on this network, and to the servers of names the engine knows.
     *
     * @param network its name
     */
    record Open(String network) implements Networking {}

    /**
     * To the other containers on this network and no farther, names included.
     *
     * @param network its name
     */
    record Closed(String network) implements Networking {}

    /**
     * To the other containers on this network and, through the relay among them, to what is allowed
     * on the other side.
     *
     * @param network its name
     * @param relay address of the relay, which is the name server too
     */
    record Relayed(String network, String relay) implements Networking {}

    default boolean networked() {
        return !(this instanceof Disabled);
    }

    /** Writes the choice into a container's configuration. */
    default HostConfig applied(HostConfig host) {
        return switch (this) {
            case Disabled() -> host.withNetworkMode("none");
            case Open(String network) -> withoutIpv6(host.withNetworkMode(network));
            case Closed(String network) ->
                    // The engine's own name server forwards what it does not know to these, from
                    // inside the container's network namespace: nobody listens there. Left out, it
                    // would ask the host's, even for an internal network.
                    withoutIpv6(host.withNetworkMode(network))
                            .withDns("127.0.0.1")
                            .withDnsSearch(List.of("."))
                            // It gives no answer then, and 20 seconds is long to wait for none.
                            .withDnsOptions(List.of("timeout:1", "attempts:2"));
            case Relayed(String network, String relay) ->
                    withoutIpv6(host.withNetworkMode(network))
                            .withDns(relay)
                            .withDnsSearch(List.of("."));
        };
    }

    private static HostConfig withoutIpv6(HostConfig host) {
        // A link-local address would reach whatever the host serves on its end of the bridge.
        return host.withSysctls(Map.of("net.ipv6.conf.all.disable_ipv6", "1"));
    }
}
