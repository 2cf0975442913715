package dev.mayfly.source.gitlab;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.source.Exchange.Content;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.RequestOptions;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * Large bodies to and from a server, a piece at a time: who writes or reads waits for the other
 * side, and nothing is held as a whole. One call is one request; nothing is retried and no redirect
 * followed. For virtual threads.
 */
final class GitLabTransfer {

    /** What of a body may be on its way within the process. */
    private static final int WINDOW_BYTES = 1 << 20;

    private static final int PIECE_BYTES = 64 << 10;

    /** What is kept of an answer that is no archive. */
    private static final int ANSWER_BYTES = 64 << 10;

    /** Nothing moved for so long: the other side is gone. */
    private static final Duration STALLED = Duration.ofMinutes(2);

    private final Vertx vertx;
    private final HttpClient http;

    GitLabTransfer(Vertx vertx, HttpClient http) {
        this.vertx = vertx;
        this.http = http;
    }

    /** The answer came before the body was complete. */
    private static final class AnsweredEarly extends IOException {
        private static final long serialVersionUID = 1L;

        AnsweredEarly() {
            super("the server has answered already");
        }
    }

    /**
     * Sends a body and waits for the answer, whatever its status. A server may answer before it has
     * all of it.
     *
     * @param before sent before the content
     * @param after and after it
     * @param answerLimit from the last byte sent to the answer
     * @throws UnreachableIo when the connection fails
     * @throws FaultException of the content; the server gets no complete request then
     */
    Answer upload(
            RequestOptions options,
            byte[] before,
            Content content,
            byte[] after,
            Duration answerLimit)
            throws UnreachableIo, InterruptedException {
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        Opened opened = open(options, answer);
        boolean complete = false;
        try {
            opened.context.runOnContext(_ -> opened.request.setChunked(true));
            Body body = new Body(opened, answer);
            boolean ended = false;
            try {
                OutputStream out = new BufferedOutputStream(body, PIECE_BYTES);
                out.write(before);
                content.writeTo(out);
                out.write(after);
                out.flush();
                opened.context.runOnContext(_ -> opened.request.end());
                ended = true;
            } catch (AnsweredEarly e) {
                // What it says is why it wanted no more; the connection is of no use after that.
            } catch (InterruptedIOException e) {
                Thread.interrupted();
                throw new InterruptedException(e.getMessage());
            }
            Answer given = await(answer, answerLimit);
            complete = ended;
            return given;
        } catch (IOException e) {
            throw new UnreachableIo(e);
        } finally {
            if (!complete) {
                opened.reset();
            }
        }
    }

    /**
     * Fetches a body into a file.
     *
     * @param into from its beginning; what was in it is gone
     * @param mostBytes a longer one is refused
     * @return status and headers, and the body where the status is not 200
     * @throws FaultException {@code ARTIFACTS} when it is too long or cannot be kept
     */
    Answer download(RequestOptions options, FileChannel into, long mostBytes)
            throws UnreachableIo, InterruptedException {
        BlockingQueue<Piece> pieces = new LinkedBlockingQueue<>(); // bounded by the window
        CompletableFuture<HttpClientResponse> head = new CompletableFuture<>();
        Opened opened = open(options, null);
        boolean complete = false;
        try {
            Incoming incoming = new Incoming(opened.context, pieces);
            opened.context.runOnContext(_ ->
                    opened.request
                            .response()
                            .onSuccess(response -> {
                                incoming.listen(response);
                                head.complete(response);
                            })
                            .onFailure(head::completeExceptionally));
            opened.context.runOnContext(_ -> opened.request.end());
            HttpClientResponse response = await(head, STALLED);
            Answer answer =
                    response.statusCode() == 200
                            ? kept(response, incoming, into, mostBytes)
                            : answered(response, incoming);
            complete = true;
            return answer;
        } catch (IOException e) {
            throw new UnreachableIo(e);
        } finally {
            if (!complete) {
                opened.reset();
            }
        }
    }

    /** A connection or a transfer has failed. */
    static final class UnreachableIo extends Exception {
        private static final long serialVersionUID = 1L;

        UnreachableIo(Throwable why) {
            super(reason(why), why);
        }

        private static String reason(Throwable why) {
            return why.getMessage() == null
                    ? why.getClass().getSimpleName()
                    : why.getMessage().replaceAll("\\p{Cntrl}+", " ");
        }
    }

    private record Opened(Context context, HttpClientRequest request) {
        void reset() {
            context.runOnContext(_ -> request.reset());
        }
    }

    private Opened open(RequestOptions options, @Nullable CompletableFuture<Answer> answer)
            throws UnreachableIo, InterruptedException {
        CompletableFuture<Opened> opened = new CompletableFuture<>();
        vertx.runOnContext(_ -> {
            Context context = vertx.getOrCreateContext();
            http.request(options)
                    .onSuccess(request -> {
                        if (answer != null) {
                            request.response()
                                    .onSuccess(response -> GitLabHttp.read(response, answer))
                                    .onFailure(answer::completeExceptionally);
                        }
                        opened.complete(new Opened(context, request));
                    })
                    .onFailure(opened::completeExceptionally);
        });
        try {
            return await(opened, STALLED);
        } catch (IOException e) {
            throw new UnreachableIo(e);
        }
    }

    private static <T> T await(CompletableFuture<T> future, Duration limit)
            throws IOException, InterruptedException {
        try {
            return future.get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            throw new IOException(UnreachableIo.reason(cause(e)), cause(e));
        } catch (TimeoutException e) {
            throw new IOException("nothing within " + limit.toSeconds() + " s", e);
        }
    }

    private static Throwable cause(ExecutionException e) {
        return Objects.requireNonNullElse(e.getCause(), e);
    }

    /** The body on its way out: as many bytes as the window has are written and not yet sent. */
    private static final class Body extends OutputStream {
        private final Opened opened;
        private final CompletableFuture<Answer> answer;
        private final Semaphore window = new Semaphore(WINDOW_BYTES);
        private volatile @Nullable Throwable failure;

        Body(Opened opened, CompletableFuture<Answer> answer) {
            this.opened = opened;
            this.answer = answer;
        }

        @Override
        public void write(int one) throws IOException {
            write(new byte[] {(byte) one}, 0, 1);
        }

        @Override
        public void write(byte[] bytes, int offset, int length) throws IOException {
            for (int at = offset; at < offset + length; at += PIECE_BYTES) {
                piece(bytes, at, Math.min(PIECE_BYTES, offset + length - at));
            }
        }

        private void piece(byte[] bytes, int offset, int length) throws IOException {
            waitFor(length);
            Buffer buffer = Buffer.buffer(length).appendBytes(bytes, offset, length);
            opened.context.runOnContext(_ ->
                    opened.request
                            .write(buffer)
                            .onComplete(sent -> {
                                if (sent.failed()) {
                                    failure = sent.cause();
                                }
                                window.release(length);
                            }));
        }

        private void waitFor(int length) throws IOException {
            long giveUp = System.nanoTime() + STALLED.toNanos();
            try {
                do {
                    if (answer.isDone()) {
                        throw new AnsweredEarly(); // or failed, which is seen when it is read
                    }
                    Throwable why = failure;
                    if (why != null) {
                        throw afterFailure(why);
                    }
                    if (System.nanoTime() - giveUp > 0) {
                        throw new IOException(
                                "the server took nothing for " + STALLED.toSeconds() + " s");
                    }
                } while (!window.tryAcquire(length, 500, TimeUnit.MILLISECONDS));
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new InterruptedIOException("the upload was interrupted");
            }
        }

        /** A server that wants no more closes the connection, and may have said why before. */
        private IOException afterFailure(Throwable why) throws InterruptedException {
            try {
                answer.get(2, TimeUnit.SECONDS);
                return new AnsweredEarly();
            } catch (ExecutionException | TimeoutException e) {
                return new IOException(UnreachableIo.reason(why), why);
            }
        }
    }

    /**
     * A part of what comes in.
     *
     * @param bytes null for the end
     * @param failure or null
     */
    private record Piece(@Nullable Buffer bytes, @Nullable Throwable failure) {}

    /** What comes in and is not taken yet; the sender pauses when that is more than the window. */
    private static final class Incoming {
        private final Context context;
        private final BlockingQueue<Piece> pieces;
        private final AtomicLong waiting = new AtomicLong();
        private @Nullable HttpClientResponse response;

        Incoming(Context context, BlockingQueue<Piece> pieces) {
            this.context = context;
            this.pieces = pieces;
        }

        /** On the event loop. */
        void listen(HttpClientResponse response) {
            this.response = response;
            response.handler(bytes -> {
                pieces.add(new Piece(bytes, null));
                if (waiting.addAndGet(bytes.length()) > WINDOW_BYTES) {
                    response.pause();
                }
            });
            response.exceptionHandler(failure -> pieces.add(new Piece(null, failure)));
            response.endHandler(_ -> pieces.add(new Piece(null, null)));
        }

        /** The next bytes, or null at the end. */
        @Nullable Buffer next() throws IOException, InterruptedException {
            Piece piece = pieces.poll(STALLED.toSeconds(), TimeUnit.SECONDS);
            if (piece == null) {
                throw new IOException("the server sent nothing for " + STALLED.toSeconds() + " s");
            }
            if (piece.failure() != null) {
                throw new IOException(UnreachableIo.reason(piece.failure()), piece.failure());
            }
            Buffer bytes = piece.bytes();
            HttpClientResponse sender = response;
            if (bytes != null
                    && waiting.addAndGet(-bytes.length()) <= WINDOW_BYTES
                    && sender != null) {
                context.runOnContext(_ -> sender.resume());
            }
            return bytes;
        }
    }

    private static Answer kept(
            HttpClientResponse response, Incoming incoming, FileChannel into, long mostBytes)
            throws IOException, InterruptedException {
        empty(into);
        long kept = 0;
        for (Buffer bytes = incoming.next(); bytes != null; bytes = incoming.next()) {
            kept += bytes.length();
            if (kept > mostBytes) {
                throw new FaultException(
                        Fault.ARTIFACTS,
                        "the archive is longer than %d bytes, which is this host's limit"
                                .formatted(mostBytes));
            }
            write(into, ByteBuffer.wrap(bytes.getBytes()));
        }
        return new Answer(response.statusCode(), headers(response), new byte[0]);
    }

    private static void empty(FileChannel into) {
        try {
            into.truncate(0).position(0);
        } catch (IOException e) {
            throw notKept(e);
        }
    }

    private static void write(FileChannel into, ByteBuffer bytes) {
        try {
            while (bytes.hasRemaining()) {
                into.write(bytes);
            }
        } catch (IOException e) {
            throw notKept(e);
        }
    }

    private static FaultException notKept(IOException e) {
        return new FaultException(
                Fault.ARTIFACTS,
                "the archive cannot be kept in the state directory (%s): make room there"
                        .formatted(e.getMessage()),
                e);
    }

    private static Answer answered(HttpClientResponse response, Incoming incoming)
            throws IOException, InterruptedException {
        Buffer body = Buffer.buffer();
        for (Buffer bytes = incoming.next(); bytes != null; bytes = incoming.next()) {
            if (body.length() < ANSWER_BYTES) {
                body.appendBuffer(bytes);
            }
        }
        return new Answer(response.statusCode(), headers(response), body.getBytes());
    }

    static Map<String, String> headers(HttpClientResponse response) {
        Map<String, String> headers = new HashMap<>();
        response.headers()
                .forEach(
                        (name, value) -> headers.putIfAbsent(name.toLowerCase(Locale.ROOT), value));
        return headers;
    }
}
