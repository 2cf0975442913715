package dev.mayfly.sandbox.docker;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.github.dockerjava.api.DockerClient;
import com.github.dockerjava.api.exception.NotFoundException;
import com.github.dockerjava.api.model.Version;
import com.github.dockerjava.api.model.VersionComponent;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.transport.DockerHttpClient;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * The one door to the engine: every call is bounded in time and every failure leaves as a fault.
 * Connects when first used. Safe for use by many threads.
 *
 * <p>Each call runs on a virtual thread of its own, because the transport has no working time limit
 * on a unix socket (its read timeout is set on a socket that is never used) and because the engine
 * really does hang: on a container whose attached client stopped reading. Interrupting that thread
 * closes its connection.
 */
public final class DockerEngine implements AutoCloseable {

    private static final String PODMAN = "Podman Engine";
    private static final int REASON_BYTES = 4096;
    private static final int ANSWER_BYTES = 1 << 20;

    /** As the docker command line calls them. */
    private static final List<String> CERTIFICATES = List.of("ca.pem", "cert.pem", "key.pem");

    private final EngineRoute route;
    private final @Nullable Path certificates;
    private final DockerSettings.Bounds bounds;
    private final ExecutorService calls =
            Executors.newThreadPerTaskExecutor(
                    Thread.ofVirtual().name("engine-call-", 0).factory());
    private final Object lock = new Object();
    private @Nullable Connection connection;

    /**
     * Describes an engine; does not connect.
     *
     * @param host {@code unix://PATH} or {@code tcp://HOST:PORT}
     */
    public DockerEngine(URI host, DockerSettings.Bounds bounds) {
        this(host, null, bounds);
    }

    /**
     * Describes an engine; does not connect.
     *
     * @param host {@code unix://PATH} or {@code tcp://HOST:PORT}
     * @param certificates directory with {@code ca.pem}, {@code cert.pem} and {@code key.pem} for a
     *     host that is reached over TLS, or null for one that is not
     */
    public DockerEngine(URI host, @Nullable Path certificates, DockerSettings.Bounds bounds) {
        this(new EngineRoute.Direct(host), certificates, bounds);
    }

    private DockerEngine(
            EngineRoute route, @Nullable Path certificates, DockerSettings.Bounds bounds) {
        this.route = route;
        this.certificates = certificates;
        this.bounds = bounds;
    }

    /** Describes an engine that is reached through ssh; does not connect. */
    public static DockerEngine through(SshRoute route, DockerSettings.Bounds bounds) {
        return new DockerEngine(route, null, bounds);
    }

    /** Where the engine listens, as the configuration says it. */
    URI host() {
        return route.name();
    }

    DockerSettings.Bounds bounds() {
        return bounds;
    }

    /** What the engine said of itself when it was first asked. */
    Version version() throws InterruptedException {
        return within("asking for its version", bounds.call(), () -> connection().version());
    }

    /** Whether it is Podman, which speaks Docker's language with words of its own. */
    boolean isPodman() throws InterruptedException {
        List<VersionComponent> components = version().getComponents();
        return components != null
                && components.stream().anyMatch(one -> PODMAN.equals(one.getName()));
    }

    /** Calls with the ordinary limit. */
    <T> T call(String what, Function<DockerClient, T> request) throws InterruptedException {
        return call(what, bounds.call(), request);
    }

    /**
     * Calls.
     *
     * @param what continues "the engine failed at ", for example {@code creating network x}
     * @throws FaultException {@code ENGINE}
     */
    <T> T call(String what, Duration limit, Function<DockerClient, T> request)
            throws InterruptedException {
        return within(what, limit, () -> request.apply(connection().client()));
    }

    /**
     * Calls for something to be made. Unlike other calls it waits for the answer even when it is
     * interrupted: the engine goes on all the same, and what it makes would appear after teardown
     * has looked.
     */
    <T> T make(String what, Function<DockerClient, T> request) throws InterruptedException {
        Future<T> running = calls.submit(() -> request.apply(connection().client()));
        try {
            return answer(what, bounds.call(), running);
        } catch (InterruptedException e) {
            awaitSettled(running, bounds.call());
            throw e;
        } finally {
            running.cancel(true);
        }
    }

    private static void awaitSettled(Future<?> running, Duration limit) {
        long deadline = System.nanoTime() + limit.toNanos();
        while (!running.isDone()) {
            try {
                running.get(deadline - System.nanoTime(), TimeUnit.NANOSECONDS);
            } catch (InterruptedException ignored) {
                // The caller is about to throw the first interruption; one is enough.
            } catch (ExecutionException | TimeoutException e) {
                return;
            }
        }
    }

    /** Calls about something that may not be there; its absence is an empty result. */
    <T> Optional<T> find(String what, Function<DockerClient, T> request)
            throws InterruptedException {
        return call(
                what,
                client -> {
                    try {
                        return Optional.of(request.apply(client));
                    } catch (NotFoundException e) {
                        return Optional.empty();
                    }
                });
    }

    /**
     * Opens the standard input and output of a container. The engine answers when it is attached;
     * then the body is what the container writes, in {@link EngineFrames}. Blocks, also while the
     * body is read: for a thread of its own, which is to be interrupted before the answer is
     * closed.
     *
     * <p>Not docker-java's command for it: that gives out what it reads in pieces of a kilobyte.
     *
     * @param input what the container shall read; read by another thread
     * @throws IOException if the engine refuses
     */
    DockerHttpClient.Response attach(String container, InputStream input)
            throws IOException, InterruptedException {
        Connection open = connection();
        DockerHttpClient.Response response =
                open.http()
                        .execute(
                                DockerHttpClient.Request.builder()
                                        .method(DockerHttpClient.Request.Method.POST)
                                        .path(
                                                "/v%s/containers/%s/attach?stream=1&stdin=1&stdout=1&stderr=1"
                                                        .formatted(open.api(), container))
                                        .hijackedInput(input)
                                        .build());
        if (response.getStatusCode() / 100 == 2) {
            return response;
        }
        try (response) {
            String why = new String(response.getBody().readNBytes(REASON_BYTES), UTF_8);
            throw new IOException(
                    "the engine answered %d: %s".formatted(response.getStatusCode(), why.strip()));
        }
    }

    /**
     * What the engine says.
     *
     * @param status of HTTP
     * @param text its beginning
     */
    record Answer(int status, String text) {}

    /**
     * Asks what docker-java has no command for.
     *
     * @param what continues "the engine failed at "
     * @param path behind the version
     */
    Answer ask(String what, Duration limit, String path, Map<String, String> headers)
            throws InterruptedException {
        return within(
                what,
                limit,
                () -> {
                    Connection open = connection();
                    try (DockerHttpClient.Response response =
                            open.http()
                                    .execute(
                                            DockerHttpClient.Request.builder()
                                                    .method(DockerHttpClient.Request.Method.GET)
                                                    .path("/v" + open.api() + path)
                                                    .putAllHeaders(headers)
                                                    .build())) {
                        return new Answer(
                                response.getStatusCode(),
                                new String(response.getBody().readNBytes(REASON_BYTES), UTF_8));
                    }
                });
    }

    /**
     * Asks for something of which the library knows too little.
     *
     * @param path with the version of the API
     * @return empty if the engine knows no such thing
     * @throws FaultException {@code ENGINE}
     */
    Optional<JsonNode> get(String path) throws InterruptedException {
        return within(
                "answering GET " + path,
                bounds.call(),
                () -> {
                    try (DockerHttpClient.Response response =
                            connection()
                                    .http()
                                    .execute(
                                            DockerHttpClient.Request.builder()
                                                    .method(DockerHttpClient.Request.Method.GET)
                                                    .path(path)
                                                    .build())) {
                        byte[] body = response.getBody().readNBytes(ANSWER_BYTES);
                        return response.getStatusCode() == 200
                                ? Optional.of(new JsonMapper().readTree(body))
                                : Optional.empty();
                    }
                });
    }

    private <T> T within(String what, Duration limit, Callable<T> request)
            throws InterruptedException {
        Future<T> running = calls.submit(request);
        try {
            return answer(what, limit, running);
        } finally {
            // Without effect on a finished call; otherwise closes the connection.
            running.cancel(true);
        }
    }

    private <T> T answer(String what, Duration limit, Future<T> running)
            throws InterruptedException {
        try {
            return running.get(limit.toNanos(), TimeUnit.NANOSECONDS);
        } catch (TimeoutException e) {
            throw new FaultException(
                    Fault.ENGINE,
                    "the engine at %s did not answer within %d s while %s; look at its log and at"
                                    .formatted(route.name(), limit.toSeconds(), what)
                            + " the load of its host",
                    e);
        } catch (ExecutionException e) {
            throw translated(what, e.getCause() == null ? e : e.getCause());
        }
    }

    private RuntimeException translated(String what, Throwable cause) {
        return switch (cause) {
            case FaultException fault -> fault;
            case Error error -> throw error;
            default ->
                    new FaultException(
                            Fault.ENGINE,
                            "the engine at %s failed while %s: %s%s"
                                    .formatted(route.name(), what, reason(cause), route.trouble()),
                            cause);
        };
    }

    /** The innermost message: the transport wraps an IOException into a RuntimeException. */
    static String reason(Throwable failure) {
        Throwable innermost = failure;
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            innermost = cause;
        }
        String message = innermost.getMessage();
        return message == null || message.isBlank()
                ? innermost.getClass().getSimpleName()
                : message.strip();
    }

    private Connection connection() throws InterruptedException {
        synchronized (lock) {
            if (connection == null) {
                connection = connect();
            }
            return connection;
        }
    }

    private Connection connect() throws InterruptedException {
        requireCertificates();
        URI host = route.reach();
        DockerHttpClient http =
                new ZerodepDockerHttpClient.Builder()
                        .dockerHost(host)
                        .sslConfig(config(host, null).getSSLConfig())
                        .connectionTimeout(bounds.call())
                        .maxConnections(Integer.MAX_VALUE)
                        .build();
        try {
            Version version =
                    DockerClientImpl.getInstance(config(host, null), http).versionCmd().exec();
            ApiVersion newest = ApiVersion.parse(version.getApiVersion());
            if (newest.compareTo(ApiVersion.OLDEST) < 0) {
                throw new FaultException(
                        Fault.ENGINE,
                        "the engine at %s speaks API %s, at least %s (Docker 20.10) is needed"
                                .formatted(route.name(), newest, ApiVersion.OLDEST));
            }
            DockerClient client = DockerClientImpl.getInstance(config(host, newest.spoken()), http);
            return new Connection(http, client, version, newest.spoken());
        } catch (RuntimeException e) {
            closed(http);
            throw e;
        }
    }

    /** The library would go on without TLS where a file is missing. */
    private void requireCertificates() {
        for (String name : CERTIFICATES) {
            if (certificates != null && !Files.isReadable(certificates.resolve(name))) {
                throw new FaultException(
                        Fault.ENGINE,
                        certificates.resolve(name)
                                + " cannot be read, so the engine at "
                                + route.name()
                                + " is not spoken to: put it there");
            }
        }
    }

    private DefaultDockerClientConfig config(URI host, @Nullable ApiVersion version) {
        // What the process's environment says of TLS counts in the configuration, and not here.
        DefaultDockerClientConfig.Builder config =
                DefaultDockerClientConfig.createDefaultConfigBuilder()
                        .withDockerHost(host.toString())
                        .withDockerTlsVerify(certificates != null)
                        .withDockerCertPath(certificates == null ? null : certificates.toString());
        return (version == null ? config : config.withApiVersion(version.toString())).build();
    }

    private static void closed(DockerHttpClient http) {
        try {
            http.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** Closes every connection, those of attached containers too. */
    @Override
    public void close() {
        calls.shutdownNow();
        synchronized (lock) {
            if (connection != null) {
                closed(connection.http());
                connection = null;
            }
        }
        route.close();
    }

    private record Connection(
            DockerHttpClient http, DockerClient client, Version version, ApiVersion api) {}
}
