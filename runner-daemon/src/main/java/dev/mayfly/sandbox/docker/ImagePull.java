package dev.mayfly.sandbox.docker;

import com.github.dockerjava.api.async.ResultCallback;
import com.github.dockerjava.api.model.PullResponseItem;
import java.io.Closeable;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * The answer to one pull. Its progress is of no interest; docker-java's own class for this logs
 * each failure as an error of the daemon's, which a misspelt image is not.
 */
final class ImagePull implements ResultCallback<PullResponseItem> {

    private final CountDownLatch over = new CountDownLatch(1);
    private volatile @Nullable Closeable open;
    private volatile @Nullable String failure;

    @Override
    public void onStart(Closeable stream) {
        open = stream;
    }

    @Override
    public void onNext(PullResponseItem item) {
        // A registry's refusal arrives as an item of a successful answer.
        if (item.getErrorDetail() != null) {
            failure = item.getErrorDetail().getMessage();
        }
    }

    @Override
    public void onError(Throwable cause) {
        failure = DockerEngine.reason(cause);
        over.countDown();
    }

    @Override
    public void onComplete() {
        over.countDown();
    }

    /**
     * Waits for the end; the caller bounds that.
     *
     * @throws IOException with the registry's or the engine's reason if the pull failed
     */
    void await() throws InterruptedException, IOException {
        over.await();
        String reason = failure;
        if (reason != null) {
            throw new IOException(reason);
        }
    }

    /** Stops pulling if that is still under way. */
    @Override
    public void close() {
        Closeable stream = open;
        if (stream != null) {
            try {
                stream.close();
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }
    }
}
