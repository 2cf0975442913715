package dev.mayfly.egress;

import java.net.InetAddress;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * One line of what a pool's jobs may reach.
 *
 * @param text as the configuration has it
 * @param name a name, or {@code *.} and the name that others end with; or null for addresses
 * @param block addresses, or null for names
 * @param ports which; empty for all
 */
public record EgressRule(
        String text, @Nullable String name, @Nullable AddressBlock block, Set<Integer> ports) {

    /** Of a rule that names none: the web's. */
    static final Set<Integer> USUAL_PORTS = Set.of(80, 443);

    private static final Pattern FORM =
            Pattern.compile(
                    "\\[(?<bracketed>[^\\]]+)\\](?::(?<port>[0-9]{1,5}|\\*))?"
                            + "|(?<plain>[^:\\[\\]]+)(?::(?<other>[0-9]{1,5}|\\*))?"
                            + "|(?<bare>[0-9a-fA-F:.]*:[0-9a-fA-F:./]*)");
    private static final String WILDCARD = "*.";

    public EgressRule {
        ports = Set.copyOf(ports);
    }

    /**
     * Reads a rule: {@code example.org}, {@code *.example.org:8443}, {@code example.org:*}, {@code
     * 192.0.2.0/24:5432}, {@code [2001:db8::/32]:443}.
     *
     * @throws IllegalArgumentException if it is none, with the reason and what to write
     */
    public static EgressRule parse(String text) {
        Matcher form = FORM.matcher(text);
        if (!form.matches()) {
            throw new IllegalArgumentException(
                    "write a name, *.name or addresses like 192.0.2.0/24, and :port behind it if it"
                            + " is not for 80 and 443");
        }
        String plain = form.group("plain");
        String port = plain != null ? form.group("other") : form.group("port");
        Set<Integer> ports = ports(port);
        if (plain == null) {
            String block =
                    form.group("bracketed") != null ? form.group("bracketed") : form.group("bare");
            return ofAddresses(text, block, ports);
        }
        boolean addresses = plain.indexOf('/') >= 0 || plain.matches("[0-9.]+");
        return addresses ? ofAddresses(text, plain, ports) : ofNames(text, plain, ports);
    }

    private static Set<Integer> ports(@Nullable String port) {
        if (port == null) {
            return USUAL_PORTS;
        }
        if (port.equals("*")) {
            return Set.of();
        }
        int number = Integer.parseInt(port);
        if (number < 1 || number > 65_535) {
            throw new IllegalArgumentException("a port is 1 to 65535, or * for all");
        }
        return Set.of(number);
    }

    private static EgressRule ofAddresses(String text, String block, Set<Integer> ports) {
        AddressBlock addresses;
        try {
            addresses = AddressBlock.parse(block);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "write addresses like 192.0.2.0/24 or [2001:db8::/32]:443: " + e.getMessage(),
                    e);
        }
        SpecialAddresses.neverListable(addresses)
                .ifPresent(kind -> {
                    throw new IllegalArgumentException(
                            "%s is %s, which no job ever reaches; remove it"
                                    .formatted(addresses, kind.what()));
                });
        return new EgressRule(text, null, addresses, ports);
    }

    private static EgressRule ofNames(String text, String plain, Set<Integer> ports) {
        boolean wild = plain.startsWith(WILDCARD);
        if (plain.equals("*") || (!wild && plain.indexOf('*') >= 0)) {
            throw new IllegalArgumentException(
                    "a * stands for whole parts at the beginning, as in *.example.org; mode: open"
                            + " is for all names");
        }
        Host host;
        try {
            host = Host.parse(wild ? plain.substring(WILDCARD.length()) : plain);
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "%s; write a name like example.org".formatted(e.getMessage()), e);
        }
        if (!(host instanceof Host.Name(String name))) {
            throw new IllegalArgumentException("write an address with four decimal numbers");
        }
        if (wild && name.indexOf('.') < 0) {
            throw new IllegalArgumentException(
                    "everything below ." + name + " is no list; name a domain below it");
        }
        return new EgressRule(text, wild ? WILDCARD + name : name, null, ports);
    }

    /** Whether it is for this name and port. */
    boolean names(Host.Name asked, int port) {
        return name != null && isFor(port) && isNamed(asked);
    }

    /** Whether it is for this name on any port. */
    boolean isNamed(Host.Name asked) {
        return name != null
                && (name.startsWith(WILDCARD)
                        ? asked.value().endsWith(name.substring(1))
                        : asked.value().equals(name));
    }

    /** Whether it is for this address and port. */
    boolean addresses(InetAddress address, int port) {
        return block != null && isFor(port) && block.contains(address);
    }

    private boolean isFor(int port) {
        return ports.isEmpty() || ports.contains(port);
    }

    /** Its one name, where it has one. */
    @Nullable String onlyName() {
        return name == null || name.startsWith(WILDCARD) ? null : name;
    }
}
