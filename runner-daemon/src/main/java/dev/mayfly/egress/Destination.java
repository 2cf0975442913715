package dev.mayfly.egress;

import java.util.regex.Pattern;

/**
 * Where a connection is to go.
 *
 * @param host in its one form
 * @param port 1 to 65535
 */
public record Destination(Host host, int port) {

    private static final Pattern PORT = Pattern.compile("[0-9]{1,5}");
    private static final int MAX_PORT = 65_535;

    public Destination {
        if (port < 1 || port > MAX_PORT) {
            throw new IllegalArgumentException("a port is 1 to 65535");
        }
    }

    /**
     * Reads {@code host:port}, or a host alone.
     *
     * @param usual the port where none is written; 0 if one must be
     * @throws IllegalArgumentException if it is none; what has a user in front of the host is none
     */
    public static Destination parse(String authority, int usual) {
        if (authority.indexOf('@') >= 0) {
            throw new IllegalArgumentException("a user stands before the host");
        }
        int end = authority.startsWith("[") ? authority.indexOf(']') + 1 : authority.indexOf(':');
        if (end < 0) {
            end = authority.length();
        }
        Host host = Host.parse(authority.substring(0, end));
        String rest = authority.substring(end);
        if (rest.isEmpty()) {
            return new Destination(host, usual);
        }
        String port = rest.substring(1);
        if (rest.charAt(0) != ':' || !PORT.matcher(port).matches()) {
            throw new IllegalArgumentException("a port is 1 to 65535");
        }
        return new Destination(host, Integer.parseInt(port));
    }

    @Override
    public String toString() {
        String text = host.toString();
        return (text.indexOf(':') >= 0 ? "[" + text + "]" : text) + ":" + port;
    }
}
