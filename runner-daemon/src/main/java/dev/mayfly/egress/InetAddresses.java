package dev.mayfly.egress;

import java.net.InetAddress;
import java.net.UnknownHostException;

/** Addresses without any name server. */
final class InetAddresses {

    private InetAddresses() {}

    static InetAddress of(byte[] bytes) {
        try {
            return InetAddress.getByAddress(bytes);
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("an address has 4 or 16 bytes", e);
        }
    }

    /** In the one form that everybody reads alike. */
    static InetAddress literal(String text) {
        return InetAddress.ofLiteral(text);
    }
}
