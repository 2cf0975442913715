package dev.mayfly.secrets.vault;

import dev.mayfly.job.Fault;
import java.time.Duration;

/**
 * A request that did not succeed: what was asked for and what came of it, in words for people,
 * never a value. Stays in this package: its door translates it.
 */
final class VaultFailure extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final Kind kind;
    private final transient Duration retryAfter;

    enum Kind {
        /** No connection, or no answer in time. */
        UNREACHABLE,
        /** One of the two does not trust the other's certificate. */
        UNTRUSTED,
        /** Whatever answers is no Vault, or is the wrong one. */
        FOREIGN,
        /** Sealed, or without an active server. */
        SEALED,
        /** Cannot do it now. */
        FAILING,
        /** Wants to be asked less often. */
        THROTTLED,
        /** Not allowed. */
        FORBIDDEN,
        /** There is no such thing. */
        MISSING,
        /** Not as it should be, by the server's judgement or ours. */
        REJECTED,
        /** A file with the daemon's own credentials cannot be used. */
        CREDENTIALS,
        /** The daemon itself may not do its part: nothing that an author of a job can mend. */
        POWERLESS
    }

    VaultFailure(Kind kind, String message) {
        this(kind, message, Duration.ZERO);
    }

    private VaultFailure(Kind kind, String message, Duration retryAfter) {
        super(message);
        this.kind = kind;
        this.retryAfter = retryAfter;
    }

    /** What an answer that is no success means. */
    static VaultFailure of(VaultRequest request, VaultAnswer answer) {
        Kind kind = kind(answer.status());
        String complaint = request.hidden().outOf(answer.complaint());
        return new VaultFailure(
                kind,
                "%s: %s (status %d%s)"
                        .formatted(
                                withoutQuery(request.path()),
                                words(kind),
                                answer.status(),
                                complaint.isEmpty() ? "" : ": " + complaint),
                answer.retryAfter());
    }

    private static Kind kind(int status) {
        return switch (status) {
            case 403 -> Kind.FORBIDDEN;
            case 404 -> Kind.MISSING;
            case 429 -> Kind.THROTTLED;
            case 503 -> Kind.SEALED;
            // A replica has not heard of the token yet.
            case 412 -> Kind.FAILING;
            default -> {
                if (status >= 500 || status == 472 || status == 473) {
                    yield Kind.FAILING;
                }
                yield status < 400 ? Kind.FOREIGN : Kind.REJECTED;
            }
        };
    }

    private static String words(Kind kind) {
        return switch (kind) {
            case FORBIDDEN -> "Vault does not allow it";
            case MISSING -> "there is nothing at this path";
            case THROTTLED -> "Vault wants to be asked less often";
            case SEALED -> "Vault is sealed or has no active server";
            case FAILING -> "Vault cannot do it now";
            case FOREIGN ->
                    "this is not the server to ask: it sends elsewhere, to an address that the"
                            + " configuration does not name";
            case REJECTED -> "Vault refuses the request";
            case UNREACHABLE, UNTRUSTED, CREDENTIALS, POWERLESS -> "it failed";
        };
    }

    /** Parameters may be long, and are nobody's business. */
    private static String withoutQuery(String path) {
        int query = path.indexOf('?');
        return query < 0 ? path : path.substring(0, query);
    }

    Kind kind() {
        return kind;
    }

    /** How long the server wants to be left alone, or zero. */
    Duration retryAfter() {
        return retryAfter;
    }

    /** Whether the same request may succeed a little later. */
    boolean passing() {
        return switch (kind) {
            case UNREACHABLE, SEALED, FAILING, THROTTLED -> true;
            case UNTRUSTED, FOREIGN, FORBIDDEN, MISSING, REJECTED, CREDENTIALS, POWERLESS -> false;
        };
    }

    /** Whether it is the job's, or its pool's, or the provider's. */
    Fault fault() {
        return switch (kind) {
            case FORBIDDEN, MISSING, REJECTED -> Fault.SECRET;
            case UNREACHABLE,
                    UNTRUSTED,
                    FOREIGN,
                    SEALED,
                    FAILING,
                    THROTTLED,
                    CREDENTIALS,
                    POWERLESS ->
                    Fault.SECRETS_PROVIDER;
        };
    }

    String reason() {
        return String.valueOf(getMessage());
    }
}
