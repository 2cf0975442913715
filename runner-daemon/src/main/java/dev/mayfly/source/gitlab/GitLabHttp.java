package dev.mayfly.source.gitlab;

import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.PoolOptions;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.PemKeyCertOptions;
import io.vertx.core.net.ProxyOptions;
import io.vertx.core.net.ProxyType;
import io.vertx.core.net.TrustOptions;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Requests to one server. One exchange is one future, or one blocking call of a virtual thread;
 * nothing is retried here and no redirect is followed: a token goes to the server it was made for.
 */
final class GitLabHttp implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(GitLabHttp.class);

    private static final Duration CONNECT = Duration.ofSeconds(30);
    private static final Duration TLS_HANDSHAKE = Duration.ofSeconds(10);
    private static final Duration KEEP_ALIVE = Duration.ofSeconds(30);

    /** A load balancer's new address is found after this time at the latest. */
    private static final Duration CONNECTION_AGE = Duration.ofMinutes(15);

    /** One poll and the log of each running job: 256 slots are the most a pool has. */
    private static final int CONNECTIONS = 300;

    /** A job's payload is tens of kilobytes; nothing else is longer than a line. */
    private static final int BODY_BYTES = 16 << 20;

    private final Vertx vertx;
    private final HttpClient http;
    private final ServerAddress server;
    private final String userAgent;

    /**
     * Prepares the client; connects with the first request.
     *
     * @param vertx belongs to the caller
     * @throws IllegalArgumentException naming the file of a certificate that cannot be used
     */
    GitLabHttp(Vertx vertx, Connection connection, RunnerInfo info) {
        this.vertx = vertx;
        this.server = connection.server();
        this.userAgent = info.userAgent();
        this.http = vertx.createHttpClient(options(connection), pool());
    }

    /**
     * One request.
     *
     * @param method of HTTP
     * @param call below the API's path, for example {@code /jobs/request}; never with a token
     * @param headers beside the usual ones
     * @param body null for none
     * @param limit from now to the end of the answer
     */
    @SuppressWarnings("ArrayRecordComponent") // lives for one call; compared by nobody
    record Request(
            HttpMethod method,
            String call,
            Map<String, String> headers,
            byte @Nullable [] body,
            Duration limit) {}

    ServerAddress server() {
        return server;
    }

    /**
     * Sends a request and waits for the answer, whatever its status.
     *
     * @throws UnreachableException when there was none within the limit
     */
    Answer exchange(Request request) throws UnreachableException, InterruptedException {
        CompletableFuture<Answer> answer = send(request);
        try {
            // The limit is the request's own; this one is for an event loop that has died.
            return answer.get(request.limit().toMillis() + 5_000, TimeUnit.MILLISECONDS);
        } catch (InterruptedException e) {
            answer.cancel(false);
            throw e;
        } catch (ExecutionException e) {
            throw unreachable(e.getCause());
        } catch (TimeoutException e) {
            answer.cancel(false);
            throw unreachable(e);
        }
    }

    /** Sends a request. Who cancels the future, or lets the limit pass, ends the exchange. */
    CompletableFuture<Answer> send(Request request) {
        CompletableFuture<Answer> answer = new CompletableFuture<>();
        vertx.runOnContext(_ -> begin(request, answer));
        return answer;
    }

    /** What a failed future means. */
    UnreachableException unreachable(@Nullable Throwable cause) {
        Throwable why = cause == null ? new TimeoutException("no answer") : cause;
        String cure =
                why instanceof SSLException || why.getCause() instanceof SSLException
                        ? "; where its certificate is signed by an authority of your own, name that"
                                + " authority's file"
                        : "";
        String reason = why.getMessage() == null ? why.getClass().getSimpleName() : words(why);
        return new UnreachableException(
                "GitLab at " + server + " gave no answer: " + reason + cure, why);
    }

    @Override
    public void close() {
        try {
            http.close().toCompletionStage().toCompletableFuture().get(5, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            LOG.debug("the client did not stop cleanly server={}", server, e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void begin(Request request, CompletableFuture<Answer> answer) {
        Context context = vertx.getOrCreateContext();
        long timer =
                vertx.setTimer(
                        Math.max(1, request.limit().toMillis()),
                        _ ->
                                answer.completeExceptionally(
                                        new TimeoutException(
                                                "nothing within "
                                                        + request.limit().toSeconds()
                                                        + " s")));
        var _ = answer.whenComplete((_, _) -> vertx.cancelTimer(timer));
        http.request(options(request))
                .onSuccess(made -> {
                    var _ =
                            answer.whenComplete((_, failure) -> {
                                if (failure != null) {
                                    context.runOnContext(_ -> made.reset());
                                }
                            });
                    sent(made, request)
                            .onSuccess(response -> read(response, answer))
                            .onFailure(answer::completeExceptionally);
                })
                .onFailure(answer::completeExceptionally);
    }

    private static io.vertx.core.Future<HttpClientResponse> sent(
            HttpClientRequest made, Request request) {
        return request.body() == null ? made.send() : made.send(Buffer.buffer(request.body()));
    }

    static void read(HttpClientResponse response, CompletableFuture<Answer> answer) {
        Buffer body = Buffer.buffer();
        response.handler(piece -> {
            if (body.length() + piece.length() > BODY_BYTES) {
                answer.completeExceptionally(
                        new IllegalStateException("the answer is longer than " + BODY_BYTES));
            } else {
                body.appendBuffer(piece);
            }
        });
        response.exceptionHandler(answer::completeExceptionally);
        response.endHandler(_ -> {
            answer.complete(
                    new Answer(
                            response.statusCode(),
                            GitLabTransfer.headers(response),
                            body.getBytes()));
        });
    }

    /** For large bodies. */
    GitLabTransfer transfer() {
        return new GitLabTransfer(vertx, http);
    }

    /** A request to this server, without headers of its own. */
    RequestOptions options(HttpMethod method, String call) {
        return new RequestOptions()
                .setMethod(method)
                .setHost(server.host())
                .setPort(server.port())
                .setSsl(server.tls())
                .setURI(server.api(call))
                .putHeader("User-Agent", userAgent)
                .putHeader("X-Request-Id", UUID.randomUUID().toString().replace("-", ""));
    }

    /**
     * A request to where a server sends us, which may be another host: without any token.
     *
     * @throws IllegalArgumentException when it is no address of HTTP
     */
    RequestOptions elsewhere(HttpMethod method, URI address) {
        String scheme = String.valueOf(address.getScheme()).toLowerCase(Locale.ROOT);
        if (address.getHost() == null || !(scheme.equals("https") || scheme.equals("http"))) {
            throw new IllegalArgumentException("no address of HTTP");
        }
        boolean tls = scheme.equals("https");
        String query = address.getRawQuery();
        return new RequestOptions()
                .setMethod(method)
                .setHost(address.getHost())
                .setPort(address.getPort() < 0 ? (tls ? 443 : 80) : address.getPort())
                .setSsl(tls)
                .setURI(address.getRawPath() + (query == null ? "" : "?" + query))
                .putHeader("User-Agent", userAgent)
                .putHeader("X-Request-Id", UUID.randomUUID().toString().replace("-", ""));
    }

    private RequestOptions options(Request request) {
        RequestOptions options = options(request.method(), request.call());
        request.headers().forEach(options::putHeader);
        return options;
    }

    private static PoolOptions pool() {
        return new PoolOptions()
                .setHttp1MaxSize(CONNECTIONS)
                .setMaxWaitQueueSize(CONNECTIONS)
                .setMaxLifetime((int) CONNECTION_AGE.toSeconds())
                .setMaxLifetimeUnit(TimeUnit.SECONDS);
    }

    private static HttpClientOptions options(Connection connection) {
        HttpClientOptions options =
                new HttpClientOptions()
                        .setConnectTimeout((int) CONNECT.toMillis())
                        .setKeepAliveTimeout((int) KEEP_ALIVE.toSeconds())
                        .setTcpKeepAlive(true);
        if (connection.server().tls()) {
            options.setSsl(true)
                    .setVerifyHost(true)
                    .setSslHandshakeTimeout(TLS_HANDSHAKE.toSeconds())
                    .setSslHandshakeTimeoutUnit(TimeUnit.SECONDS)
                    .setEnabledSecureTransportProtocols(Set.of("TLSv1.2", "TLSv1.3"))
                    .setTrustOptions(TrustOptions.wrap(Authorities.with(connection.authority())));
            Connection.ClientCertificate client = connection.client();
            if (client != null) {
                options.setKeyCertOptions(
                        new PemKeyCertOptions()
                                .setCertPath(client.certificate().toString())
                                .setKeyPath(client.key().toString()));
            }
        }
        ProxyRoute proxy = connection.proxy();
        if (proxy != null) {
            ProxyOptions route =
                    new ProxyOptions()
                            .setType(ProxyType.HTTP)
                            .setHost(proxy.host())
                            .setPort(proxy.port());
            if (proxy.user() != null) {
                route.setUsername(proxy.user());
            }
            if (proxy.password() != null) {
                route.setPassword(new String(proxy.password().reveal(), StandardCharsets.UTF_8));
            }
            options.setProxyOptions(route);
        }
        return options;
    }

    private static String words(Throwable why) {
        return String.valueOf(why.getMessage()).replaceAll("\\p{Cntrl}+", " ");
    }
}
