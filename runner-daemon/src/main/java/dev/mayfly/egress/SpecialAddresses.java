package dev.mayfly.egress;

import java.net.InetAddress;
import java.util.List;
import java.util.Optional;

/**
 * Addresses that are not simply somewhere in the internet (the special-purpose registries of IANA,
 * and where clouds tell a machine its secrets).
 */
final class SpecialAddresses {

    /**
     * A kind of address.
     *
     * @param block which addresses
     * @param what it is, in words
     * @param listable whether a rule that names it makes it reachable
     */
    record Kind(AddressBlock block, String what, boolean listable) {}

    private static final AddressBlock GLOBAL_IPV6 = AddressBlock.parse("2000::/3");

    /** The more special before what they are part of. */
    private static final List<Kind> KINDS =
            List.of(
                    never("100.100.100.200", "a cloud's metadata service"),
                    never("192.0.0.192", "a cloud's metadata service"),
                    never("168.63.129.16", "a cloud's metadata service"),
                    never("fd00:ec2::254", "a cloud's metadata service"),
                    never("fd20:ce::254", "a cloud's metadata service"),
                    never("0.0.0.0/8", "this host"),
                    never("127.0.0.0/8", "loopback"),
                    never("169.254.0.0/16", "link-local, where clouds have their metadata"),
                    never("224.0.0.0/4", "multicast"),
                    never("240.0.0.0/4", "reserved or broadcast"),
                    never("::/128", "this host"),
                    never("::1/128", "loopback"),
                    never("fe80::/10", "link-local"),
                    never("ff00::/8", "multicast"),
                    listable("10.0.0.0/8", "private"),
                    listable("172.16.0.0/12", "private"),
                    listable("192.168.0.0/16", "private"),
                    listable("100.64.0.0/10", "private to a provider"),
                    listable("192.0.0.0/24", "special"),
                    listable("192.0.2.0/24", "for documentation"),
                    listable("192.88.99.0/24", "a way into IPv6"),
                    listable("198.18.0.0/15", "for benchmarks"),
                    listable("198.51.100.0/24", "for documentation"),
                    listable("203.0.113.0/24", "for documentation"),
                    listable("::/96", "IPv4 inside IPv6"),
                    listable("64:ff9b::/96", "IPv4 behind a translator"),
                    listable("64:ff9b:1::/48", "IPv4 behind a translator"),
                    listable("100::/64", "nowhere"),
                    listable("2001::/23", "a tunnel, or special"),
                    listable("2001:db8::/32", "for documentation"),
                    listable("2002::/16", "IPv4 inside IPv6"),
                    listable("3fff::/20", "for documentation"),
                    listable("fc00::/7", "private"),
                    listable("fec0::/10", "private"));

    private SpecialAddresses() {}

    private static Kind never(String block, String what) {
        return new Kind(AddressBlock.parse(block), what, false);
    }

    private static Kind listable(String block, String what) {
        return new Kind(AddressBlock.parse(block), what, true);
    }

    /** What is special about an address, or empty. */
    static Optional<Kind> of(InetAddress address) {
        Optional<Kind> kind =
                KINDS.stream().filter(one -> one.block().contains(address)).findFirst();
        boolean elsewhere =
                kind.isEmpty()
                        && address.getAddress().length > Integer.BYTES
                        && !GLOBAL_IPV6.contains(address);
        return elsewhere
                ? Optional.of(new Kind(AddressBlock.around(address, 3), "not assigned", true))
                : kind;
    }

    /** What of a block no rule makes reachable, if all of it is that. */
    static Optional<Kind> neverListable(AddressBlock block) {
        return KINDS.stream()
                .filter(kind -> !kind.listable() && kind.block().covers(block))
                .findFirst();
    }
}
