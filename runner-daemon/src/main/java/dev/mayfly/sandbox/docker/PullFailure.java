package dev.mayfly.sandbox.docker;

import dev.mayfly.job.Fault;
import dev.mayfly.job.ImageReference;
import java.util.Locale;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Why an image could not be pulled. Engines tell it in words only, their own and the registry's, so
 * these are looked at: what none of the kinds knows is {@link #OTHER}.
 */
enum PullFailure {
    /** There is no image for this kind of host. */
    PLATFORM(
            Fault.IMAGE,
            false,
            "the image is not built for this host's platform",
            "name an image that is built for it",
            "no matching manifest for",
            "image operating system",
            "cannot be used on this platform"),

    /** The registry has too many requests from here; a login often counts apart from others. */
    BUSY(
            Fault.REGISTRY,
            true,
            "the registry takes no more requests from here for a while",
            "wait, or use a login, or a mirror",
            "toomanyrequests",
            "too many requests",
            "status: 429"),

    /** The registry wants a login, or another one. */
    UNAUTHORIZED(
            Fault.IMAGE,
            false,
            "the registry refuses the login",
            "check its user and password, and that they have not expired",
            "unauthorized",
            "authentication required",
            "no basic auth credentials",
            "incorrect username or password"),

    /** Registries that do not want to say which: there is no such image, or not for this login. */
    DENIED(
            Fault.IMAGE,
            false,
            "the registry has no such repository, or it is not for this login",
            "check the image's name, and what the login may read",
            "pull access denied",
            "access to the resource is denied",
            "repository does not exist or may require",
            "status: 403",
            "denied:"),

    /** The registry does not have it. */
    NOT_FOUND(
            Fault.IMAGE,
            false,
            "the registry has no such image",
            "check its name and tag, or put it on this engine with docker load or docker build",
            "manifest unknown",
            "name unknown",
            "not found"),

    /** It is no name of an image. */
    MALFORMED(
            Fault.IMAGE,
            false,
            "that is no name of an image",
            "write it as REGISTRY/PATH:TAG, in lower case",
            "invalid reference format",
            "invalid repository name",
            "must be lowercase"),

    /** The two do not understand each other, which another attempt does not change. */
    UNTRUSTED(
            Fault.REGISTRY,
            false,
            "the registry's certificate or its lack of one is not accepted by the engine",
            "give the engine the registry's authority in /etc/docker/certs.d, or name the registry"
                    + " in its insecure-registries",
            "x509",
            "server gave http response to https client",
            "tls: "),

    /** The registry does not answer, or not properly. */
    UNREACHABLE(
            Fault.REGISTRY,
            true,
            "the registry cannot be reached",
            "check that its host is up and can be reached from here, or put the image on this engine with"
                    + " docker load or docker build",
            "dial tcp",
            "connection refused",
            "connection reset",
            "no such host",
            "i/o timeout",
            "tls handshake timeout",
            "client.timeout exceeded",
            "request canceled",
            "unexpected eof",
            ": eof",
            "network is unreachable",
            "bad gateway",
            "service unavailable",
            "gateway timeout",
            "internal server error",
            "status: 5"),

    /** Something else: it has no words of its own, and so it knows all. */
    OTHER(Fault.REGISTRY, true, "the engine could not pull it", "look at the engine's log");

    private final Fault fault;
    private final boolean passing;
    private final String cause;
    private final String cure;
    private final Pattern words;

    PullFailure(Fault fault, boolean passing, String cause, String cure, String... words) {
        this.fault = fault;
        this.passing = passing;
        this.cause = cause;
        this.cure = cure;
        this.words =
                Pattern.compile(
                        Stream.of(words).map(Pattern::quote).collect(Collectors.joining("|")));
    }

    /**
     * The first kind that knows one of the words.
     *
     * @param image whose own words do not count
     */
    static PullFailure of(String said, ImageReference image) {
        String whole = image.forEngine();
        String familiar =
                whole.replaceFirst("^" + ImageReference.DEFAULT_REGISTRY + "/(library/)?", "");
        String lower = said.replace(whole, "").replace(familiar, "").toLowerCase(Locale.ROOT);
        for (PullFailure kind : values()) {
            if (kind.words.matcher(lower).find()) {
                return kind;
            }
        }
        throw new IllegalStateException("the last kind knows all words");
    }

    /** Whose fault it is. */
    Fault fault() {
        return fault;
    }

    /** Whether it may be over in a moment. */
    boolean passing() {
        return passing;
    }

    /** A part of a sentence. */
    String cause() {
        return cause;
    }

    /** What to do about it. */
    String cure() {
        return cure;
    }
}
