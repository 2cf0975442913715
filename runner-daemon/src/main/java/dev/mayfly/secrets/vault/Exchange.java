package dev.mayfly.secrets.vault;

import dev.mayfly.secrets.vault.VaultFailure.Kind;
import java.io.IOException;
import java.net.Authenticator;
import java.net.CookieHandler;
import java.net.ProxySelector;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CompletionStage;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executor;
import java.util.concurrent.Flow;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP client that the driver is given for one request. It passes the request on to the one
 * client that all share, holds the whole exchange to a limit of time and size, which the driver
 * would not, and keeps the answer as it came.
 */
final class Exchange extends HttpClient {

    /** No answer is larger: Vault itself takes no request above 32 MiB, and secrets are small. */
    private static final int LARGEST_BODY = 1 << 20;

    private final HttpClient shared;
    private final Map<String, String> headers;
    private final Duration limit;
    private @Nullable HttpResponse<?> answer;
    private @Nullable VaultFailure failure;
    private boolean interrupted;

    /**
     * An exchange that has not begun.
     *
     * @param headers more than the driver sends
     */
    Exchange(HttpClient shared, Map<String, String> headers, Duration limit) {
        this.shared = shared;
        this.headers = Map.copyOf(headers);
        this.limit = limit;
    }

    /** The answer, whatever the driver made of it. */
    HttpResponse<?> answer() throws InterruptedException {
        if (interrupted) {
            throw new InterruptedException();
        }
        if (failure != null) {
            throw failure;
        }
        if (answer == null) {
            throw new VaultFailure(Kind.REJECTED, "the request could not be made of its parts");
        }
        return answer;
    }

    @Override
    public <T> HttpResponse<T> send(
            HttpRequest request, HttpResponse.BodyHandler<T> responseBodyHandler)
            throws IOException {
        HttpRequest.Builder whole = HttpRequest.newBuilder(request, (_, _) -> true);
        headers.forEach(whole::setHeader);
        CompletableFuture<HttpResponse<T>> sent =
                shared.sendAsync(
                        whole.build(), info -> new Bounded<>(responseBodyHandler.apply(info)));
        try {
            HttpResponse<T> response = sent.get(limit.toMillis(), TimeUnit.MILLISECONDS);
            answer = response;
            return response;
        } catch (InterruptedException e) {
            interrupted = true;
        } catch (TimeoutException e) {
            failure =
                    new VaultFailure(
                            Kind.UNREACHABLE,
                            where(request) + " did not answer within " + limit.toMillis() + " ms");
        } catch (ExecutionException e) {
            failure = failure(request, e.getCause());
        } finally {
            sent.cancel(true);
        }
        throw new IOException("no answer");
    }

    private static VaultFailure failure(HttpRequest request, @Nullable Throwable thrown) {
        Throwable cause =
                thrown instanceof CompletionException && thrown.getCause() != null
                        ? thrown.getCause()
                        : thrown;
        // Its text is of the JDK and of certificates, never of bodies.
        String why =
                cause == null ? "" : cause.getClass().getSimpleName() + " " + cause.getMessage();
        if (cause instanceof TooLarge) {
            return new VaultFailure(
                    Kind.FOREIGN,
                    where(request) + " answered with more than " + LARGEST_BODY + " bytes");
        }
        if (cause instanceof SSLException) {
            return new VaultFailure(
                    Kind.UNTRUSTED,
                    "no trusted connection to "
                            + where(request)
                            + ": "
                            + why
                            + "; compare secrets.vault.ca_file, and the client certificate if there"
                            + " is one, with the server's");
        }
        return new VaultFailure(
                Kind.UNREACHABLE,
                where(request) + " cannot be reached: " + why.replace(" null", ""));
    }

    private static String where(HttpRequest request) {
        return request.uri().getScheme() + "://" + request.uri().getAuthority();
    }

    private static final class TooLarge extends IOException {
        private static final long serialVersionUID = 1L;
    }

    /** Ends a body that is too large. */
    private static final class Bounded<T> implements HttpResponse.BodySubscriber<T> {

        private final HttpResponse.BodySubscriber<T> inner;
        private Flow.@Nullable Subscription subscription;
        private long received;

        Bounded(HttpResponse.BodySubscriber<T> inner) {
            this.inner = inner;
        }

        @Override
        public CompletionStage<T> getBody() {
            return inner.getBody();
        }

        @Override
        public void onSubscribe(Flow.Subscription bytes) {
            subscription = bytes;
            inner.onSubscribe(bytes);
        }

        @Override
        public void onNext(List<ByteBuffer> item) {
            received += item.stream().mapToLong(ByteBuffer::remaining).sum();
            if (received > LARGEST_BODY) {
                if (subscription != null) {
                    subscription.cancel();
                }
                inner.onError(new TooLarge());
            } else {
                inner.onNext(item);
            }
        }

        @Override
        public void onError(Throwable throwable) {
            inner.onError(throwable);
        }

        @Override
        public void onComplete() {
            inner.onComplete();
        }
    }

    // -- what the shared client is

    @Override
    public Optional<CookieHandler> cookieHandler() {
        return shared.cookieHandler();
    }

    @Override
    public Optional<Duration> connectTimeout() {
        return shared.connectTimeout();
    }

    @Override
    public Redirect followRedirects() {
        return shared.followRedirects();
    }

    @Override
    public Optional<ProxySelector> proxy() {
        return shared.proxy();
    }

    @Override
    public SSLContext sslContext() {
        return shared.sslContext();
    }

    @Override
    public SSLParameters sslParameters() {
        return shared.sslParameters();
    }

    @Override
    public Optional<Authenticator> authenticator() {
        return shared.authenticator();
    }

    @Override
    public Version version() {
        return shared.version();
    }

    @Override
    public Optional<Executor> executor() {
        return shared.executor();
    }

    @Override
    public <T> CompletableFuture<HttpResponse<T>> sendAsync(
            HttpRequest request, HttpResponse.BodyHandler<T> responseBodyHandler) {
        throw new IllegalStateException("the driver waits for its answers");
    }

    @Override
    public <T> CompletableFuture<HttpResponse<T>> sendAsync(
            HttpRequest request,
            HttpResponse.BodyHandler<T> responseBodyHandler,
            HttpResponse.@Nullable PushPromiseHandler<T> pushPromiseHandler) {
        throw new IllegalStateException("the driver waits for its answers");
    }
}
