package dev.mayfly.artifacts.s3;

import java.io.IOException;
import java.io.InterruptedIOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.services.s3.model.CompletedPart;

/**
 * One object on its way to the store: at once if it is small, else in parts, of which one is in
 * memory. It is there when it is completed; closed before that, nothing of it stays.
 */
final class Upload extends OutputStream {

    private static final Logger LOG = LoggerFactory.getLogger(Upload.class);

    /** What the S3 API allows. */
    private static final int MOST_PARTS = 10_000;

    /** Enough for a good rate, and more than the 5 MiB that the S3 API wants. */
    private static final int LEAST_PART_BYTES = 8 << 20;

    private final Bucket bucket;
    private final String name;
    private final byte[] part;
    private final List<CompletedPart> sent = new ArrayList<>();
    private Bucket.@Nullable Begun begun;
    private int filled;

    /**
     * Prepares; nothing is sent yet.
     *
     * @param mostBytes that the object may have
     */
    Upload(Bucket bucket, String name, long mostBytes) {
        this.bucket = bucket;
        this.name = name;
        int partBytes =
                Math.clamp(mostBytes / MOST_PARTS + 1, LEAST_PART_BYTES, Integer.MAX_VALUE - 8);
        this.part = new byte[partBytes];
    }

    @Override
    public void write(int one) throws IOException {
        write(new byte[] {(byte) one}, 0, 1);
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        int at = offset;
        int left = length;
        while (left > 0) {
            if (filled == part.length) {
                sendFromWithinAStream();
            }
            int fits = Math.min(part.length - filled, left);
            System.arraycopy(bytes, at, part, filled, fits);
            filled += fits;
            at += fits;
            left -= fits;
        }
    }

    private void sendFromWithinAStream() throws IOException {
        try {
            send();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw (InterruptedIOException)
                    new InterruptedIOException("the upload was interrupted").initCause(e);
        }
    }

    private Bucket.Begun send() throws IOException, InterruptedException {
        Bucket.Begun upload = begun;
        if (upload == null) {
            upload = bucket.begin(name);
            begun = upload;
        }
        sent.add(bucket.part(upload, sent.size() + 1, part, filled));
        filled = 0;
        return upload;
    }

    /** Makes the object be there. Once. */
    void complete() throws IOException, InterruptedException {
        if (begun == null) {
            bucket.put(name, part, filled);
        } else {
            bucket.complete(send(), sent);
            begun = null;
        }
    }

    /** Drops what was sent, if it was not completed; an interrupt waits for that. */
    @Override
    public void close() {
        Bucket.Begun upload = begun;
        if (upload == null) {
            return;
        }
        begun = null;
        boolean interrupted = Thread.interrupted();
        try {
            bucket.abort(upload);
        } catch (IOException e) {
            LOG.warn(
                    "parts of the object {} stay in the store until they are swept: {}",
                    name,
                    e.getMessage());
        } catch (InterruptedException e) {
            interrupted = true;
            LOG.warn("parts of the object {} stay in the store until they are swept", name, e);
        } finally {
            if (interrupted) {
                Thread.currentThread().interrupt();
            }
        }
    }
}
