package dev.mayfly.egress;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The head of a request of HTTP/1 (RFC 9112), to a proxy or to a server.
 *
 * @param method as written
 * @param target as written
 * @param version as written
 * @param fields the lines between the first and the empty one, each {@code name: value}
 */
record RequestHead(String method, String target, String version, List<String> fields) {

    static final int LONGEST_BYTES = 32 * 1024;

    private static final Pattern LINE =
            Pattern.compile("([A-Za-z][A-Za-z_-]{0,31}) ([\\x21-\\x7e]+) (HTTP/1\\.[01])");
    private static final Pattern FIELD =
            Pattern.compile("([!#$%&'*+.^_`|~0-9A-Za-z-]+):([\\t\\x20-\\x7e\\x80-\\xff]*)");
    private static final Pattern ABSOLUTE =
            Pattern.compile("(?i)http://([^/?#]*)([/?][^#]*)?(?:#.*)?");
    private static final int HTTP = 80;

    RequestHead {
        fields = List.copyOf(fields);
    }

    /** Where the head ends, behind its empty line; -1 while it does not. */
    static int end(byte[] bytes, int length) {
        for (int i = 3; i < length; i++) {
            if (bytes[i] == '\n'
                    && bytes[i - 1] == '\r'
                    && bytes[i - 2] == '\n'
                    && bytes[i - 3] == '\r') {
                return i + 1;
            }
        }
        return -1;
    }

    /**
     * Reads a whole head.
     *
     * @throws IllegalArgumentException if it is none that everybody would read alike
     */
    static RequestHead parse(byte[] bytes, int end) {
        String[] lines = new String(bytes, 0, end, StandardCharsets.ISO_8859_1).split("\r\n", -1);
        Matcher first = LINE.matcher(lines[0]);
        if (!first.matches()) {
            throw new IllegalArgumentException("it begins with no line of HTTP/1");
        }
        List<String> fields = new ArrayList<>();
        for (int i = 1; i < lines.length - 2; i++) {
            if (!FIELD.matcher(lines[i]).matches()) {
                throw new IllegalArgumentException("a line of its head is no field");
            }
            fields.add(lines[i]);
        }
        return new RequestHead(first.group(1), first.group(2), first.group(3), fields);
    }

    boolean isConnect() {
        return method.equals("CONNECT");
    }

    /** Where a request to a proxy is to go. */
    Destination asked() {
        if (isConnect()) {
            return Destination.parse(target, 0);
        }
        Matcher absolute = ABSOLUTE.matcher(target);
        if (!absolute.matches()) {
            throw new IllegalArgumentException(
                    "this is a proxy: it takes CONNECT host:port, and addresses that begin with"
                            + " http://");
        }
        return Destination.parse(absolute.group(1), HTTP);
    }

    /** The same as it is written. */
    String authority() {
        Matcher absolute = ABSOLUTE.matcher(target);
        return absolute.matches() ? absolute.group(1) : target;
    }

    /** The field Host as it is written. */
    String saidHost() {
        return fields.stream()
                .filter(field -> name(field).equals("host"))
                .map(RequestHead::value)
                .findFirst()
                .orElse("");
    }

    /** The one host that a request to a server is for. */
    Destination host(int port) {
        List<String> hosts = fields.stream().filter(field -> name(field).equals("host")).toList();
        if (hosts.size() != 1) {
            throw new IllegalArgumentException("it has not one field Host");
        }
        return new Destination(Destination.parse(value(hosts.getFirst()), port).host(), port);
    }

    /**
     * The request as the server is to have it: for this one host, and the last on its connection,
     * so that no other request can follow it to another name there.
     */
    byte[] toServer(Destination to) {
        boolean upgrade =
                fields.stream().anyMatch(field -> name(field).equals("upgrade"))
                        && fields.stream()
                                .filter(field -> name(field).equals("connection"))
                                .anyMatch(
                                        f -> value(f).toLowerCase(Locale.ROOT).contains("upgrade"));
        Matcher absolute = ABSOLUTE.matcher(target);
        String path = target;
        if (absolute.matches()) {
            path = absolute.group(2) == null ? "/" : absolute.group(2);
            path = path.startsWith("?") ? "/" + path : path;
        }
        StringBuilder head =
                new StringBuilder("%s %s %s\r\n".formatted(method, path, version))
                        .append("Host: ")
                        .append(to.port() == HTTP ? authority(to) : to.toString())
                        .append("\r\n");
        for (String field : fields) {
            String name = name(field);
            boolean ours =
                    name.equals("host")
                            || name.startsWith("proxy-")
                            || name.equals("keep-alive")
                            || (name.equals("connection") && !upgrade);
            if (!ours) {
                head.append(field).append("\r\n");
            }
        }
        head.append(upgrade ? "\r\n" : "Connection: close\r\n\r\n");
        return head.toString().getBytes(StandardCharsets.ISO_8859_1);
    }

    private static String authority(Destination to) {
        String text = to.toString();
        return text.substring(0, text.lastIndexOf(':'));
    }

    private static String name(String field) {
        return field.substring(0, field.indexOf(':')).toLowerCase(Locale.ROOT);
    }

    private static String value(String field) {
        return field.substring(field.indexOf(':') + 1).strip();
    }
}
