package dev.mayfly.artifacts.s3;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.time.Instant;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;

/**
 * One object on its way from the store to a file. One that breaks off begins anew.
 *
 * @param key of the object, with the prefix
 * @param mostBytes of an object that is fetched
 * @param wanted whether one that was saved then is fetched
 */
record Download(Store store, String key, long mostBytes, Predicate<Instant> wanted) {

    private static final Logger LOG = LoggerFactory.getLogger(Download.class);

    /**
     * Fetches it.
     *
     * @param into replaced
     * @return whether there is one that is wanted
     */
    boolean into(FileChannel into) throws IOException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            into.truncate(0);
            try (ResponseInputStream<GetObjectResponse> body = open()) {
                return body != null && take(body, into);
            } catch (CutOff e) {
                if (attempt == Store.ATTEMPTS) {
                    throw new IOException(
                            store.place().described()
                                    + " broke off while it sent, "
                                    + Store.ATTEMPTS
                                    + " times",
                            e);
                }
                LOG.debug("object={} was cut off", key, e);
                Thread.sleep(Store.FIRST_PAUSE.multipliedBy(attempt));
            }
        }
    }

    private @Nullable ResponseInputStream<GetObjectResponse> open()
            throws IOException, InterruptedException {
        return store.call(
                "GetObject",
                s3 -> {
                    try {
                        return s3.getObject(
                                request -> request.bucket(store.place().bucket()).key(key));
                    } catch (NoSuchKeyException _) {
                        return null;
                    }
                });
    }

    private boolean take(ResponseInputStream<GetObjectResponse> body, FileChannel into)
            throws IOException, InterruptedException {
        boolean whole = false;
        try {
            long length = lengthOf(body.response());
            if (wanted.test(body.response().lastModified())) {
                copy(body, length, into);
                whole = true;
            }
            return whole;
        } finally {
            if (!whole) {
                body.abort(); // closing it would read the rest
            }
        }
    }

    private long lengthOf(GetObjectResponse answer) throws IOException {
        // What other servers than S3's send is not what the SDK promises.
        if (answer.contentLength() == null || answer.lastModified() == null) {
            throw new IOException(
                    store.place().described()
                            + " answers other than an S3 server: check cache.s3.endpoint, and"
                            + " proxies on the way");
        }
        if (answer.contentLength() > mostBytes) {
            throw new IOException("it is larger than cache.max_entry allows");
        }
        return answer.contentLength();
    }

    /** A body that ended before its end. */
    private static final class CutOff extends IOException {
        private static final long serialVersionUID = 1L;

        CutOff(String message, @Nullable Exception cause) {
            super(message, cause);
        }
    }

    private static void copy(
            ResponseInputStream<GetObjectResponse> body, long length, FileChannel into)
            throws IOException, InterruptedException {
        byte[] piece = new byte[1 << 16];
        long left = length;
        try {
            while (left > 0) {
                int got = read(body, piece, (int) Math.min(piece.length, left));
                ByteBuffer out = ByteBuffer.wrap(piece, 0, got);
                while (out.hasRemaining()) {
                    into.write(out);
                }
                left -= got;
            }
        } catch (ClosedByInterruptException e) {
            throw Store.interruption(e);
        }
    }

    private static int read(ResponseInputStream<GetObjectResponse> body, byte[] piece, int most)
            throws IOException, InterruptedException {
        try {
            int got = body.read(piece, 0, most);
            if (got <= 0) {
                throw new CutOff("it ended too early", null);
            }
            return got;
        } catch (IOException | SdkException e) {
            if (Thread.currentThread().isInterrupted()) {
                throw Store.interruption(e);
            }
            throw new CutOff(String.valueOf(e.getMessage()), e);
        }
    }
}
