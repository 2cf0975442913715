package dev.mayfly.egress;

import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.regex.Pattern;

/** Addresses without any name server. */
final class InetAddresses {

    private static final Pattern FOUR_NUMBERS =
            Pattern.compile("(?:0|[1-9][0-9]{0,2})(?:\\.(?:0|[1-9][0-9]{0,2})){3}");

    private InetAddresses() {}

    static InetAddress of(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("an address has 4 or 16 bytes", e);
        }
    }

    /**
     * In the one form that everybody reads alike.
     *
     * @throws IllegalArgumentException if it is in another, or none
     */
    static InetAddress literal(String text) {
        if (text.indexOf(':') < 0 && !FOUR_NUMBERS.matcher(text).matches()) {
            throw new IllegalArgumentException("an address of IPv4 has four decimal numbers");
        }
        return InetAddress.ofLiteral(text);
    }
}
