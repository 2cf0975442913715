package dev.mayfly.egress;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Arrays;

/**
 * Addresses that begin with the same bits.
 *
 * @param base the first of them
 * @param prefix how many bits they share
 */
public record AddressBlock(InetAddress base, int prefix) {

    public AddressBlock {
        int bits = base.getAddress().length * Byte.SIZE;
        if (prefix < 0 || prefix > bits) {
            throw new IllegalArgumentException("a prefix has 0 to %d bits".formatted(bits));
        }
        if (!Arrays.equals(masked(base.getAddress(), prefix), base.getAddress())) {
            throw new IllegalArgumentException(
                    "bits behind the prefix are set: the block begins at "
                            + text(InetAddresses.of(masked(base.getAddress(), prefix))));
        }
    }

    /**
     * Reads {@code 192.0.2.0/24}, or a single address.
     *
     * @throws IllegalArgumentException if it is none
     */
    public static AddressBlock parse(String text) {
        int slash = text.indexOf('/');
        InetAddress base = InetAddresses.literal(slash < 0 ? text : text.substring(0, slash));
        int bits = base.getAddress().length * Byte.SIZE;
        if (slash < 0) {
            return new AddressBlock(base, bits);
        }
        String prefix = text.substring(slash + 1);
        if (!prefix.matches("[0-9]{1,3}")) {
            throw new IllegalArgumentException("a prefix is a number of bits");
        }
        return new AddressBlock(base, Integer.parseInt(prefix));
    }

    /** The block of this size that the address is in. */
    static AddressBlock around(InetAddress address, int prefix) {
        return new AddressBlock(InetAddresses.of(masked(address.getAddress(), prefix)), prefix);
    }

    /** Whether the address is one of them. */
    public boolean contains(InetAddress address) {
        byte[] bytes = address.getAddress();
        return bytes.length == base.getAddress().length
                && Arrays.equals(masked(bytes, prefix), base.getAddress());
    }

    /** Whether all of the other block's addresses are in this one. */
    boolean covers(AddressBlock other) {
        return other.prefix >= prefix && contains(other.base);
    }

    private static byte[] masked(byte[] bytes, int prefix) {
        byte[] masked = bytes.clone();
        for (int i = 0; i < masked.length; i++) {
            int keep = Math.clamp(prefix - (long) i * Byte.SIZE, 0, Byte.SIZE);
            masked[i] &= (byte) (0xff << (Byte.SIZE - keep));
        }
        return masked;
    }

    /** As people write an address. */
    static String text(InetAddress address) {
        String text = address.getHostAddress();
        if (!(address instanceof Inet6Address)) {
            return text;
        }
        int zone = text.indexOf('%');
        return (zone < 0 ? text : text.substring(0, zone))
                .replaceFirst("(^|:)(0(:|$)){2,}", "::")
                .replace(":::", "::");
    }

    @Override
    public String toString() {
        int bits = base.getAddress().length * Byte.SIZE;
        return prefix == bits ? text(base) : text(base) + "/" + prefix;
    }
}
