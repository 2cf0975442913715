package dev.mayfly.egress;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;

/**
 * What the jobs of a pool may reach.
 *
 * @param mode what is reached without a rule
 * @param rules what else is
 * @param auditOnly whether what is refused is only recorded as refused
 * @param connections how many a job may have at once
 */
public record EgressPolicy(Mode mode, List<EgressRule> rules, boolean auditOnly, int connections) {

    /** What no rule is needed for. */
    public enum Mode {
        /** Nothing. */
        ALLOW,
        /** Everything but what is private, the host or other jobs. */
        OPEN
    }

    private static final Set<Integer> USUAL_PORTS = EgressRule.USUAL_PORTS;

    public EgressPolicy {
        rules = List.copyOf(rules);
    }

    /** Ports on which connections to names are taken from programs that know of no proxy. */
    Set<Integer> ports() {
        Set<Integer> ports = new TreeSet<>(USUAL_PORTS);
        rules.stream().filter(rule -> rule.name() != null).forEach(r -> ports.addAll(r.ports()));
        return ports;
    }

    /**
     * The name that is meant by whoever connects to a port and does not say more: the only one that
     * the port is listed for.
     */
    Optional<Host.Name> onlyNameOf(int port) {
        if (USUAL_PORTS.contains(port) || mode == Mode.OPEN) {
            return Optional.empty();
        }
        List<EgressRule> those =
                rules.stream()
                        .filter(rule -> rule.name() != null)
                        .filter(rule -> rule.ports().isEmpty() || rule.ports().contains(port))
                        .toList();
        Set<String> names =
                those.stream()
                        .map(rule -> String.valueOf(rule.onlyName()))
                        .collect(Collectors.toSet());
        return names.size() == 1 && those.getFirst().onlyName() != null
                ? Optional.of(new Host.Name(names.iterator().next()))
                : Optional.empty();
    }

    /** Whether a name may be asked for at all, on whatever port it is wanted. */
    Ruling ofName(Host.Name name) {
        Optional<EgressRule> rule = rules.stream().filter(r -> r.isNamed(name)).findFirst();
        if (rule.isPresent()) {
            return new Ruling.Allowed(rule.get().text());
        }
        // Names without a dot are those of services, or mistakes: nobody outside is asked for them.
        return mode == Mode.OPEN && name.value().indexOf('.') >= 0
                ? new Ruling.Allowed("mode: open")
                : unlisted(name.value());
    }

    /** Whether a host may be connected to, before anybody is asked for its addresses. */
    Ruling of(Destination to) {
        return switch (to.host()) {
            case Host.Name name -> {
                Optional<EgressRule> rule =
                        rules.stream().filter(r -> r.names(name, to.port())).findFirst();
                if (rule.isPresent()) {
                    yield new Ruling.Allowed(rule.get().text());
                }
                yield mode == Mode.OPEN && name.value().indexOf('.') >= 0
                        ? new Ruling.Allowed("mode: open")
                        : unlisted(to.toString());
            }
            case Host.Address(InetAddress address) -> {
                Optional<SpecialAddresses.Kind> never =
                        SpecialAddresses.of(address).filter(kind -> !kind.listable());
                if (never.isPresent()) {
                    yield never(address, never.get());
                }
                Optional<EgressRule> rule = listed(address, to.port());
                if (rule.isPresent()) {
                    yield new Ruling.Allowed(rule.get().text());
                }
                yield mode == Mode.OPEN
                        ? new Ruling.Allowed("mode: open")
                        : unlisted(to.toString());
            }
        };
    }

    private static Ruling.Refused never(InetAddress address, SpecialAddresses.Kind kind) {
        return new Ruling.Refused(
                "%s is %s, which no job reaches".formatted(AddressBlock.text(address), kind.what()),
                "there is no way to allow it",
                true);
    }

    private static Ruling.Refused unlisted(String what) {
        return new Ruling.Refused(
                "no rule allows it", "add \"%s\" to egress.allow".formatted(what), false);
    }

    /** The rule that names this address, if one does. */
    Optional<EgressRule> listed(InetAddress address, int port) {
        return rules.stream().filter(rule -> rule.addresses(address, port)).findFirst();
    }

    /**
     * Whether an address may be connected to, whatever name led to it.
     *
     * @param before what was ruled of the destination
     * @param own this host's addresses
     */
    Ruling of(Ruling before, InetAddress address, int port, HostAddresses own) {
        Optional<SpecialAddresses.Kind> kind = own.kind(address);
        if (kind.isEmpty()) {
            kind = SpecialAddresses.of(address);
        }
        if (kind.isEmpty()) {
            return before;
        }
        if (!kind.get().listable()) {
            return never(address, kind.get());
        }
        return listed(address, port).isPresent()
                ? before
                : new Ruling.Refused(
                        "%s is %s and not listed itself"
                                .formatted(AddressBlock.text(address), kind.get().what()),
                        "add \"%s\" to egress.allow too, if it is meant"
                                .formatted(new Destination(new Host.Address(address), port)),
                        false);
    }
}
