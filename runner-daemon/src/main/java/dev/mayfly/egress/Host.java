package dev.mayfly.egress;

import java.net.IDN;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * A host in the one form in which it is compared: whatever a program can write for the same host is
 * the same here, and what no two programs would read alike is none.
 */
public sealed interface Host {

    /**
     * A name: lower case, ASCII, without a dot at its end.
     *
     * @param value labels with dots between them
     */
    record Name(String value) implements Host {
        @Override
        public String toString() {
            return value;
        }
    }

    /**
     * A literal address. One of IPv4 that is written as one of IPv6 is one of IPv4.
     *
     * @param value without a name
     */
    record Address(InetAddress value) implements Host {
        @Override
        public String toString() {
            return AddressBlock.text(value);
        }
    }

    /**
     * Reads a host without a port, as it stands in an address of the web, in a TLS greeting or in a
     * question to a name server.
     *
     * @throws IllegalArgumentException if it is none, with a reason that repeats none of it
     */
    static Host parse(String text) {
        if (text.isEmpty() || text.length() > HostText.LONGEST) {
            throw new IllegalArgumentException("a host has 1 to 253 characters");
        }
        if (text.startsWith("[") && text.endsWith("]")) {
            return HostText.ipv6(text.substring(1, text.length() - 1));
        }
        if (text.indexOf(':') >= 0) {
            return HostText.ipv6(text);
        }
        String ascii = HostText.ascii(text);
        String name = ascii.endsWith(".") ? ascii.substring(0, ascii.length() - 1) : ascii;
        // As the URL standard has it: a last label that is a number makes it an address, or
        // nothing.
        String last = name.substring(name.lastIndexOf('.') + 1);
        if (HostText.NUMBER.matcher(last).matches()) {
            return HostText.ipv4(name);
        }
        if (!HostText.NAME.matcher(name).matches() || name.length() > HostText.LONGEST) {
            throw new IllegalArgumentException("it is no name of a host");
        }
        return new Name(name);
    }
}

/** How hosts are written. */
final class HostText {

    static final int LONGEST = 253;
    static final Pattern NUMBER = Pattern.compile("[0-9]+|0x[0-9a-f]*");

    private static final String LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?";
    static final Pattern NAME = Pattern.compile(LABEL + "(?:\\." + LABEL + ")*");
    private static final Pattern IPV6 = Pattern.compile("[0-9a-fA-F:.]{2,45}");
    private static final int MOST_PARTS = 4;

    private HostText() {}

    /** Lower case; names in other scripts, full-width digits and dots in their ASCII form. */
    static String ascii(String text) {
        boolean plain = text.chars().allMatch(c -> c > ' ' && c < 0x7f);
        if (plain) {
            return text.toLowerCase(Locale.ROOT);
        }
        try {
            String ascii = IDN.toASCII(text).toLowerCase(Locale.ROOT);
            if (ascii.chars().allMatch(c -> c > ' ' && c < 0x7f)) {
                return ascii;
            }
        } catch (IllegalArgumentException | IndexOutOfBoundsException e) {
            throw new IllegalArgumentException("it is no name in any script", e);
        }
        throw new IllegalArgumentException("it is no name in any script");
    }

    static Host.Address ipv6(String text) {
        // Neither a zone nor anything else that is no part of the address itself.
        if (!IPV6.matcher(text).matches() || text.indexOf(':') < 0) {
            throw new IllegalArgumentException("it is no address of IPv6");
        }
        return new Host.Address(InetAddress.ofLiteral(text));
    }

    /** In all the ways that inet_aton of the C library reads it. */
    static Host.Address ipv4(String text) {
        String[] parts = text.split("\\.", -1);
        if (parts.length > MOST_PARTS) {
            throw new IllegalArgumentException("it is no address of IPv4");
        }
        long address = 0;
        for (int i = 0; i < parts.length; i++) {
            int bits = i < parts.length - 1 ? Byte.SIZE : Byte.SIZE * (MOST_PARTS - i);
            long part = number(parts[i]);
            if (part >= 1L << bits) {
                throw new IllegalArgumentException("it is no address of IPv4");
            }
            address = (address << bits) | part;
        }
        try {
            return new Host.Address(
                    InetAddress.getByAddress(
                            new byte[] {
                                (byte) (address >> 24),
                                (byte) (address >> 16),
                                (byte) (address >> 8),
                                (byte) address
                            }));
        } catch (UnknownHostException e) {
            throw new IllegalArgumentException("it is no address of IPv4", e);
        }
    }

    private static long number(String part) {
        try {
            if (part.startsWith("0x")) {
                return part.length() == 2 ? 0 : Long.parseLong(part.substring(2), 16);
            }
            if (part.isEmpty() || !part.chars().allMatch(c -> c >= '0' && c <= '9')) {
                throw new IllegalArgumentException("it is no address of IPv4");
            }
            return part.length() > 1 && part.startsWith("0")
                    ? Long.parseLong(part, 8)
                    : Long.parseLong(part);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException("it is no address of IPv4", e);
        }
    }
}
