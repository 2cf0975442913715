package dev.mayfly.source.gitlab;

import com.sun.net.httpserver.Headers;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import org.jspecify.annotations.Nullable;

/**
 * One request as it arrived.
 *
 * @param at when, by the stub's clock
 * @param endpoint what it was for
 * @param target path and query, as sent
 * @param path below {@code /api/v4}
 * @param headers all of them
 * @param body all of it, or the beginning of one that is long
 * @param length of the whole body
 */
@SuppressWarnings("ArrayRecordComponent") // an entry of a ledger; compared by nobody
public record StubRequest(
        Instant at,
        StubEndpoint endpoint,
        String target,
        String path,
        Headers headers,
        byte[] body,
        long length) {

    /** The body as text. */
    public String text() {
        return new String(body, StandardCharsets.UTF_8);
    }

    /** A header's first value, or null. */
    public @Nullable String header(String name) {
        return headers.getFirst(name);
    }

    /** A parameter of the query, or null. The stub's clients escape nothing in them. */
    public @Nullable String parameter(String name) {
        int query = target.indexOf('?');
        if (query < 0) {
            return null;
        }
        for (String pair : target.substring(query + 1).split("&", -1)) {
            int equals = pair.indexOf('=');
            if (equals > 0 && pair.substring(0, equals).equals(name)) {
                return pair.substring(equals + 1);
            }
        }
        return null;
    }

    @Override
    public String toString() {
        return at + " " + endpoint + " " + target + " (" + length + " bytes)";
    }
}
