package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.PullResponseItem;
import com.github.dockerjava.api.model.ResponseItem.ProgressDetail;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * The answer to one pull: how far it is, and how it ended. docker-java's own class for this logs
 * each failure as an error of the daemon's, which a misspelt image is not.
 */
final class ImagePull implements ResultCallback<PullResponseItem> {

    /** An image has 127 layers at most; a registry may say what it likes. */
    private static final int MOST_LAYERS = 1000;

    private static final String DIGEST = "Digest: ";

    private final CountDownLatch over = new CountDownLatch(1);
    private final Map<String, Layer> layers = new LinkedHashMap<>();
    private @Nullable Closeable open;
    private final long maxBytes;
    private @Nullable String failure;
    private @Nullable String digest;
    private boolean closed;
    private boolean tooLarge;

    /**
     * Waits for the answer to a pull.
     *
     * @param maxBytes it is over as soon as more than that is seen to come
     */
    ImagePull(long maxBytes) {
        this.maxBytes = maxBytes;
    }

    /** Of one layer, what was fetched of it so far. */
    private record Layer(boolean there, long bytes, long totalBytes) {}

    @Override
    public synchronized void onStart(Closeable stream) {
        open = stream;
        if (closed) {
            shut(stream);
        }
    }

    @Override
    public synchronized void onNext(PullResponseItem item) {
        // A registry's refusal arrives as an item of a successful answer.
        if (item.getErrorDetail() != null) {
            failure = String.valueOf(item.getErrorDetail().getMessage());
            return;
        }
        String layer = item.getId();
        String status = item.getStatus();
        if (layer == null && status != null && status.startsWith(DIGEST)) {
            digest = status.substring(DIGEST.length()).strip();
        }
        if (layer == null || status == null || status.startsWith("Pulling from")) {
            return;
        }
        if (layers.containsKey(layer) || layers.size() < MOST_LAYERS) {
            Layer before = layers.getOrDefault(layer, new Layer(false, 0, 0));
            layers.put(layer, after(before, status, item.getProgressDetail()));
        }
        if (layers.values().stream().mapToLong(Layer::totalBytes).sum() > maxBytes) {
            tooLarge = true;
            over.countDown();
        }
    }

    private static Layer after(Layer before, String status, @Nullable ProgressDetail progress) {
        return switch (status) {
            case "Already exists", "Pull complete" ->
                    new Layer(true, before.bytes(), before.bytes());
            case "Download complete" -> new Layer(false, before.totalBytes(), before.totalBytes());
            case "Downloading" ->
                    progress == null || progress.getCurrent() == null
                            ? before
                            : new Layer(
                                    false,
                                    progress.getCurrent(),
                                    progress.getTotal() == null ? 0 : progress.getTotal());
            default -> before; // waiting, verifying, extracting: nothing is fetched
        };
    }

    @Override
    public synchronized void onError(Throwable cause) {
        if (failure == null) {
            failure = DockerEngine.reason(cause);
        }
        over.countDown();
    }

    @Override
    public void onComplete() {
        over.countDown();
    }

    /** Waits for the end, for so long; whether it has come. */
    boolean await(Duration limit) throws InterruptedException {
        return over.await(limit.toNanos(), TimeUnit.NANOSECONDS);
    }

    /** Why it failed, in the registry's or the engine's words, or null if it did not. */
    synchronized @Nullable String failure() {
        return failure;
    }

    /** Whether it was ended because of its size. */
    synchronized boolean isTooLarge() {
        return tooLarge;
    }

    /** What was pulled, or null where the engine did not say it in a way that is understood. */
    synchronized @Nullable String digest() {
        return digest != null && digest.matches("sha256:[0-9a-f]{64}") ? digest : null;
    }

    /** How far it is, for a line of a log. */
    synchronized String progress() {
        long there = layers.values().stream().filter(Layer::there).count();
        long bytes = layers.values().stream().mapToLong(Layer::bytes).sum();
        long known = layers.values().stream().mapToLong(Layer::totalBytes).sum();
        return layers.isEmpty()
                ? "waiting for the registry"
                : "%d of %d layers, %.1f MB fetched, %.1f MB to go"
                        .formatted(
                                there,
                                layers.size(),
                                bytes / 1e6,
                                Math.max(0, known - bytes) / 1e6);
    }

    /** Stops pulling if that is still under way. */
    @Override
    public synchronized void close() {
        closed = true;
        if (open != null) {
            shut(open);
        }
    }

    private static void shut(Closeable stream) {
        try {
            stream.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
