package dev.mayfly.source.local;

import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClientResponse;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The body of a response, for one thread that asks for one buffer after another: what it does not
 * ask for stays with the server.
 */
final class ResponseBytes implements AutoCloseable {

    /** The connection's own idle timeout strikes first. */
    private static final Duration SILENCE = Duration.ofSeconds(60);

    private final HttpClientResponse response;

    /** Bounded by the asking: one buffer at a time, and the end. */
    private final BlockingQueue<Piece> pieces = new LinkedBlockingQueue<>();

    /** To be made on the response's event loop: a moment later it may have ended unheard. */
    ResponseBytes(HttpClientResponse response) {
        this.response = response;
        response.pause();
        response.handler(buffer -> pieces.add(new Piece.Bytes(buffer)));
        response.endHandler(_ -> pieces.add(new Piece.Over(null)));
        response.exceptionHandler(e -> pieces.add(new Piece.Over(e)));
    }

    private sealed interface Piece {
        record Bytes(Buffer buffer) implements Piece {}

        record Over(@Nullable Throwable cause) implements Piece {}
    }

    /** A header of the response, or null if it has none. */
    @Nullable String header(String name) {
        return response.getHeader(name);
    }

    /**
     * The next bytes, or empty at the end.
     *
     * @throws IOException when the connection broke
     */
    Optional<byte[]> next() throws IOException, InterruptedException {
        response.fetch(1);
        return switch (pieces.poll(SILENCE.toMillis(), TimeUnit.MILLISECONDS)) {
            case Piece.Bytes(Buffer buffer) -> Optional.of(buffer.getBytes());
            case Piece.Over(Throwable cause) when cause != null ->
                    throw new IOException("the connection to the daemon was lost", cause);
            case Piece.Over _ -> Optional.empty();
            case null -> throw new IOException("the daemon was silent for " + SILENCE);
        };
    }

    @Override
    public void close() {
        response.request().reset();
    }
}
