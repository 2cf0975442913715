package dev.mayfly.job;

import java.net.Inet6Address;
import java.net.InetAddress;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Which image a name means, however it is written. Reads names as container engines do (the grammar
 * and normalisation of <a href="https://github.com/distribution/reference">distribution</a>) and
 * refuses what they read differently from each other. Of two names that mean one image, {@link
 * #canonical()} is the same.
 *
 * @param registry its host in lower case, with a port unless that is 443
 * @param path of the repository at the registry; {@code library/debian} for {@code debian}
 * @param tag null where a digest alone names the image; never null without a digest
 * @param digest with its algorithm, such as {@code sha256:} and 64 digits, or null; an engine that
 *     is told one does not look at the tag
 * @param address the registry as the engine is to be told it: with the port 443 where that is
 *     written, since it looks for certificates and logins by that
 */
public record ImageReference(
        String registry,
        String path,
        @Nullable String tag,
        @Nullable String digest,
        String address) {

    /** Where an image is pulled from whose name has no registry. */
    public static final String DEFAULT_REGISTRY = "docker.io";

    private static final String LEGACY_REGISTRY = "index." + DEFAULT_REGISTRY;
    private static final String OFFICIAL = "library/";
    private static final String LATEST = "latest";
    private static final int HTTPS = 443;
    private static final int MAX_PORT = 65_535;

    /** Of a repository with its registry: what the strictest of the engines takes. */
    private static final int LONGEST_NAME = 255;

    /** With a tag of 128 and a digest of SHA-512. */
    private static final int LONGEST = LONGEST_NAME + 1 + 128 + 1 + 135;

    private static final Pattern IDENTIFIER = Pattern.compile("[0-9a-f]{64}");
    private static final Pattern SCHEME = Pattern.compile("[A-Za-z][A-Za-z0-9+.-]*://.*");
    private static final Pattern VARIABLE =
            Pattern.compile("\\$(\\{[^}]*\\}?|[A-Za-z_][A-Za-z0-9_]*)?");
    private static final String LABEL = "[A-Za-z0-9]([A-Za-z0-9-]*+(?<!-))?";
    private static final Pattern HOST =
            Pattern.compile(
                    "(?<name>"
                            + LABEL
                            + "(\\."
                            + LABEL
                            + ")*+|\\[(?<six>[0-9A-Fa-f:]++)\\])"
                            + "(:(?<port>[0-9]++))?");
    private static final Pattern COMPONENT =
            Pattern.compile("[a-z0-9]++(([._]|__|-++)[a-z0-9]++)*+");
    private static final Pattern TAG = Pattern.compile("[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}");

    /** Hexadecimal digits of the digests that registries have, by algorithm. */
    private static final Map<String, Integer> DIGITS =
            Map.of("sha256", 64, "sha384", 96, "sha512", 128);

    /**
     * Reads a name.
     *
     * @throws IllegalArgumentException when it is none, with the cause and the cure, as the end of
     *     a sentence that begins with the name
     */
    public static ImageReference parse(String written) {
        if (written.isEmpty()) {
            throw refusal("is empty", "name an image, and look whether a variable in it is set");
        }
        Matcher variable = VARIABLE.matcher(written);
        if (variable.find()) {
            throw refusal(
                    "holds " + variable.group() + ", which nobody has resolved",
                    "write the image's name without variables");
        }
        if (written.length() > LONGEST) {
            throw refusal("is longer than any image's name", "shorten it");
        }
        if (SCHEME.matcher(written).matches()) {
            throw refusal("begins with a scheme", "leave out what stands before the host");
        }
        requirePlain(written);
        int at = written.indexOf('@');
        String digest = at < 0 ? null : digest(written.substring(at + 1));
        String named = at < 0 ? written : written.substring(0, at);
        if (IDENTIFIER.matcher(named).matches()
                || (named.startsWith("sha256:")
                        && IDENTIFIER.matcher(named.substring("sha256:".length())).matches())) {
            throw refusal(
                    "is the number of an image on an engine, which no rule can look at",
                    "write REGISTRY/PATH:TAG or REGISTRY/PATH@sha256:DIGEST");
        }
        int colon = named.indexOf(':', named.lastIndexOf('/') + 1);
        String tag = colon < 0 ? null : tag(named.substring(colon + 1));
        String name = colon < 0 ? named : named.substring(0, colon);
        return named(name, tag == null && digest == null ? LATEST : tag, digest);
    }

    private static ImageReference named(
            String name, @Nullable String tag, @Nullable String digest) {
        int slash = name.indexOf('/');
        String first = slash < 0 ? "" : name.substring(0, slash);
        Host host = Host.of(DEFAULT_REGISTRY);
        String path = name;
        if (isHost(first)) {
            host = Host.of(first);
            path = name.substring(slash + 1);
        } else if (!first.equals(first.toLowerCase(Locale.ROOT))) {
            // Newer engines take it for a host, older ones for a path in the wrong case.
            throw refusal(
                    "begins with \"" + first + "\", which engines read in different ways",
                    "write paths in lower case, and a host with a dot or a port");
        }
        if (host.registry().equals(DEFAULT_REGISTRY) && path.indexOf('/') < 0) {
            path = OFFICIAL + path;
        }
        requirePath(path);
        if (host.address().length() + 1 + path.length() > LONGEST_NAME) {
            throw refusal(
                    "has a name of more than " + LONGEST_NAME + " characters", "shorten the path");
        }
        return new ImageReference(host.registry(), path, tag, digest, host.address());
    }

    /** Whether what stands before the first slash is a host, and no part of a path. */
    static boolean isHost(String first) {
        return first.indexOf('.') >= 0
                || first.indexOf(':') >= 0
                || first.startsWith("[")
                || first.equalsIgnoreCase("localhost");
    }

    /**
     * A registry's host.
     *
     * @param registry in the one way in which it is compared
     * @param address as an engine is told it
     */
    private record Host(String registry, String address) {

        static Host of(String written) {
            Matcher host = HOST.matcher(written);
            if (!host.matches()) {
                throw refusal(
                        "has \"" + written + "\" where the registry's host belongs, which is none",
                        "write a host name with letters, digits, dots and dashes, in its xn-- form"
                                + " where it has others, possibly with a port");
            }
            String name = host.group("name").toLowerCase(Locale.ROOT);
            if (host.group("six") != null) {
                name = address(host.group("six"));
            }
            int port = host.group("port") == null ? 0 : port(host.group("port"));
            if (name.equals(LEGACY_REGISTRY)) {
                name = DEFAULT_REGISTRY;
            }
            String address = port == 0 ? name : name + ":" + port;
            // The default registry's own name is no address: engines know where it is.
            boolean usual = port == HTTPS;
            return new Host(
                    usual ? name : address,
                    usual && name.equals(DEFAULT_REGISTRY) ? name : address);
        }

        private static int port(String digits) {
            String number = digits.replaceFirst("^0+(?=.)", "");
            int port = number.length() > 5 ? MAX_PORT + 1 : Integer.parseInt(number);
            if (port < 1 || port > MAX_PORT) {
                throw refusal(
                        "has the port " + digits + ", which there is not",
                        "write one from 1 to " + MAX_PORT);
            }
            return port;
        }

        /** In the one way in which Java writes it; one of IPv4 in disguise as one of IPv4. */
        private static String address(String six) {
            try {
                InetAddress address = Inet6Address.ofLiteral(six);
                String text = address.getHostAddress();
                return address instanceof Inet6Address ? "[" + text + "]" : text;
            } catch (IllegalArgumentException e) {
                throw refusal("has [" + six + "] as its host, which is no address", "correct it");
            }
        }
    }

    private static void requirePlain(String written) {
        int odd = 0;
        while (odd < written.length()) {
            int c = written.codePointAt(odd);
            if (c <= ' ' || c >= 0x7f) {
                throw refusal(
                        "has the character U+%04X, which no image's name has".formatted(c),
                        "write it in plain letters; a host with others in its xn-- form");
            }
            odd += Character.charCount(c);
        }
    }

    private static void requirePath(String path) {
        for (String component : path.split("/", -1)) {
            if (component.isEmpty()) {
                throw refusal(
                        "has an empty part in its path",
                        "write REGISTRY/PATH:TAG, and look whether a variable in it is empty");
            }
            if (!component.equals(component.toLowerCase(Locale.ROOT))) {
                throw refusal(
                        "has capital letters in its path, which engines refuse",
                        "write it in lower case");
            }
            if (!COMPONENT.matcher(component).matches()) {
                throw refusal(
                        "has \"" + component + "\" in its path",
                        "parts are letters and digits, with single dots, one or two underscores,"
                                + " or dashes between them");
            }
        }
    }

    private static String tag(String tag) {
        if (tag.isEmpty()) {
            throw refusal(
                    "has a colon and no tag behind it",
                    "write the tag, and look whether a variable in it is empty");
        }
        if (!TAG.matcher(tag).matches()) {
            throw refusal(
                    "has the tag \"" + tag + "\", which there cannot be",
                    "a tag has up to 128 letters, digits, dots, dashes and underscores, and"
                            + " begins with none of dot and dash");
        }
        return tag;
    }

    private static String digest(String digest) {
        int colon = digest.indexOf(':');
        Integer digits = colon < 0 ? null : DIGITS.get(digest.substring(0, colon));
        if (digits == null) {
            throw refusal(
                    "has \"" + digest + "\" behind the @, which is no digest",
                    "write @sha256: and 64 hexadecimal digits; before a host stands nobody's name");
        }
        if (!digest.substring(colon + 1).matches("[0-9a-f]{" + digits + "}")) {
            throw refusal(
                    "has a digest of " + digest.substring(0, colon) + " that is none",
                    "write " + digits + " hexadecimal digits in lower case");
        }
        return digest;
    }

    private static IllegalArgumentException refusal(String cause, String cure) {
        return new IllegalArgumentException(cause + ": " + cure);
    }

    /**
     * The registry in the one way in which it is compared, of a text that need not be one: what
     * somebody calls a registry in a list of logins, say.
     *
     * @return as {@link #registry}, or the text in lower case where that is no host
     */
    static String registryOf(String host) {
        try {
            return Host.of(host).registry();
        } catch (IllegalArgumentException e) {
            return host.toLowerCase(Locale.ROOT);
        }
    }

    /** What stands before tag and digest, as it is written, also of what is no image's name. */
    public static String nameIn(String written) {
        int digest = written.indexOf('@');
        String named = digest < 0 ? written : written.substring(0, digest);
        int tag = named.indexOf(':', named.lastIndexOf('/') + 1);
        return tag < 0 ? named : named.substring(0, tag);
    }

    /** The repository with its registry. */
    public String repository() {
        return registry + "/" + path;
    }

    /** The whole, in the one way in which it is compared. */
    public String canonical() {
        return repository() + tagged() + (digest == null ? "" : "@" + digest);
    }

    /** How the engine is told it: exactly these bytes where there is a digest. */
    public String forEngine() {
        return address + "/" + path + (digest == null ? tagged() : "@" + digest);
    }

    private String tagged() {
        return tag == null ? "" : ":" + tag;
    }

    /** The image of this repository that has this digest. */
    public ImageReference at(String otherDigest) {
        return new ImageReference(registry, path, tag, digest(otherDigest), address);
    }

    /** The same as {@link #canonical()}. */
    @Override
    public String toString() {
        return canonical();
    }
}
