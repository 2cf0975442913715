package dev.mayfly.source.local;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.JobId;
import dev.mayfly.job.LogSink;
import io.vertx.core.Future;
import io.vertx.core.Promise;
import io.vertx.core.Vertx;
import io.vertx.core.VertxOptions;
import io.vertx.core.buffer.Buffer;
import io.vertx.core.file.FileSystemOptions;
import io.vertx.core.http.ClientMultipartForm;
import io.vertx.core.http.HttpClient;
import io.vertx.core.http.HttpClientOptions;
import io.vertx.core.http.HttpClientRequest;
import io.vertx.core.http.HttpClientResponse;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.function.Function;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Talks to a daemon's API, in blocking style. What the daemon refuses is an {@link
 * ApiProblemException}; a daemon that cannot be reached is an IOException that names the address
 * and the cure.
 */
public final class LocalClient implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(LocalClient.class);

    private static final String JOBS = "/api/v1/jobs";

    private static final int CONNECT_MILLIS = 5_000;

    /** The server beats every ten seconds, so this much silence means that it is gone. */
    private static final int IDLE_SECONDS = 45;

    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(30);

    /** A large upload over a slow disk; a dead connection ends it sooner. */
    private static final Duration UPLOAD_LIMIT = Duration.ofHours(1);

    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(5);

    private final ApiEndpoint endpoint;
    private final ApiToken token;
    private final Vertx vertx;
    private final HttpClient http;

    /** Prepares a client; connects with the first call. */
    public LocalClient(ApiEndpoint endpoint, ApiToken token) {
        this.endpoint = endpoint;
        this.token = token;
        this.vertx =
                Vertx.vertx(
                        new VertxOptions()
                                .setEventLoopPoolSize(1)
                                .setWorkerPoolSize(2)
                                .setFileSystemOptions(
                                        new FileSystemOptions()
                                                .setFileCachingEnabled(false)
                                                .setClassPathResolvingEnabled(false)));
        this.http =
                vertx.createHttpClient(
                        new HttpClientOptions()
                                .setConnectTimeout(CONNECT_MILLIS)
                                .setIdleTimeout(IDLE_SECONDS)
                                .setIdleTimeoutUnit(TimeUnit.SECONDS));
    }

    /**
     * Submits a job.
     *
     * @param document YAML or JSON, as the user wrote it
     * @param workspace what to send along, or null
     */
    public LocalJob submit(String document, @Nullable PackedWorkspace workspace)
            throws IOException, InterruptedException {
        return JobJson.job(
                workspace == null
                        ? call(
                                request(HttpMethod.POST, JOBS)
                                        .putHeader("Content-Type", "application/yaml"),
                                request -> request.send(Buffer.buffer(document)),
                                ANSWER_LIMIT)
                        : call(
                                request(HttpMethod.POST, JOBS),
                                request -> request.send(form(document, workspace)),
                                UPLOAD_LIMIT));
    }

    /** Lists jobs, newest first. */
    public JobPage list(JobQuery query) throws IOException, InterruptedException {
        String after = query.after() == null ? "" : "&after=" + query.after();
        JsonNode page =
                call(
                        request(
                                HttpMethod.GET,
                                JOBS
                                        + "?state="
                                        + JobJson.word(query.state())
                                        + "&limit="
                                        + query.limit()
                                        + after),
                        HttpClientRequest::send,
                        ANSWER_LIMIT);
        List<LocalJob> jobs = new ArrayList<>();
        page.path("jobs").forEach(job -> jobs.add(JobJson.job(job)));
        return new JobPage(jobs, page.has("next") ? new JobId(page.path("next").asText()) : null);
    }

    /** One job. */
    public LocalJob get(JobId job) throws IOException, InterruptedException {
        return JobJson.job(json(job));
    }

    /** One job as the API describes it, with what its author asked for. */
    public String describe(JobId job) throws IOException, InterruptedException {
        return json(job).toPrettyString();
    }

    /**
     * Copies what a job has printed up to now, masked, without sections and notices. Needs little
     * memory however much that is.
     *
     * @param to not closed
     * @return whether that is all
     * @throws IOException also when the connection broke in between
     */
    public LogState output(JobId job, OutputStream to) throws IOException, InterruptedException {
        try (ResponseBytes response = open(request(HttpMethod.GET, JOBS + "/" + job + "/log"))) {
            String state = response.header(LocalApi.LOG_STATE);
            if (state == null) {
                throw new IOException(
                        "the daemon does not say whether the log is complete: use the same version");
            }
            Optional<byte[]> bytes = response.next();
            while (bytes.isPresent()) {
                to.write(bytes.get());
                bytes = response.next();
            }
            return LogState.valueOf(state.toUpperCase(Locale.ROOT));
        }
    }

    /** Asks a job to end. */
    public CancelEffect cancel(JobId job, String reason) throws IOException, InterruptedException {
        String body = JobJson.text(JobJson.object().put("reason", reason));
        JsonNode answer =
                call(
                        request(HttpMethod.POST, JOBS + "/" + job + "/cancel")
                                .putHeader("Content-Type", "application/json"),
                        request -> request.send(Buffer.buffer(body)),
                        ANSWER_LIMIT);
        return CancelEffect.valueOf(answer.path("effect").asText().toUpperCase(Locale.ROOT));
    }

    /**
     * Delivers a job's whole log, live, until the job has ended. A lost connection is taken up
     * again where it broke.
     *
     * @param sink gets everything once, in order, on the calling thread; finished at the end of a
     *     complete log
     * @param patience how long to try to reach the daemon again
     * @return the job with its outcome, and whether its log is complete
     * @throws FaultException {@code LOG} at once when something is missing, repeated or out of
     *     order
     */
    public FollowedLog follow(JobId job, LogSink sink, Duration patience)
            throws IOException, InterruptedException {
        LogFollower follower = new LogFollower(sink);
        Duration pause = FIRST_PAUSE;
        long heard = System.nanoTime();
        while (true) {
            long before = follower.frames();
            try {
                follow(job, follower);
                FollowedLog ended = follower.ended();
                if (ended != null) {
                    return ended;
                }
            } catch (IOException e) {
                if (System.nanoTime() - heard > patience.toNanos() && follower.frames() == before) {
                    throw e;
                }
            } catch (ApiProblemException e) {
                if (e.kind() != ApiProblemException.Kind.UNAVAILABLE
                        || System.nanoTime() - heard > patience.toNanos()) {
                    throw e;
                }
            }
            if (follower.frames() > before) {
                heard = System.nanoTime();
                pause = FIRST_PAUSE;
            }
            Thread.sleep(pause);
            pause =
                    pause.multipliedBy(2).compareTo(LONGEST_PAUSE) > 0
                            ? LONGEST_PAUSE
                            : pause.multipliedBy(2);
        }
    }

    /** How the daemon does. */
    public DaemonStatus status() throws IOException, InterruptedException {
        return DaemonStatus.of(
                call(
                        request(HttpMethod.GET, "/api/v1/status"),
                        HttpClientRequest::send,
                        ANSWER_LIMIT));
    }

    /** Lets the daemon take no further jobs, until it is told to, also after a restart. */
    public DaemonStatus drain() throws IOException, InterruptedException {
        return DaemonStatus.of(post("/api/v1/drain"));
    }

    /** Lets the daemon take jobs again. */
    public DaemonStatus resume() throws IOException, InterruptedException {
        return DaemonStatus.of(post("/api/v1/resume"));
    }

    /**
     * Lets the daemon read its configuration again.
     *
     * @throws ApiProblemException {@code CONFIGURATION} when it cannot be used
     */
    public Operations.Reloading.Used reload() throws IOException, InterruptedException {
        JsonNode answer = post("/api/v1/reload");
        return new Operations.Reloading.Used(
                DaemonStatus.texts(answer.path("live")),
                DaemonStatus.texts(answer.path("waiting")));
    }

    private JsonNode post(String path) throws IOException, InterruptedException {
        return call(request(HttpMethod.POST, path), HttpClientRequest::send, ANSWER_LIMIT);
    }

    @Override
    public void close() {
        try {
            await(vertx.close(), Duration.ofSeconds(5));
        } catch (IOException e) {
            LOG.debug("The client did not stop cleanly", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private void follow(JobId job, LogFollower follower) throws IOException, InterruptedException {
        RequestOptions options =
                request(HttpMethod.GET, JOBS + "/" + job + "/events")
                        .putHeader("Accept", "text/event-stream")
                        .putHeader("Last-Event-ID", follower.position().toString());
        try (ResponseBytes response = open(options)) {
            follower.read(response);
        }
    }

    private ResponseBytes open(RequestOptions options) throws IOException, InterruptedException {
        return await(
                () ->
                        http.request(options)
                                .compose(HttpClientRequest::send)
                                .compose(got ->
                                        got.statusCode() == 200
                                                ? Future.succeededFuture(new ResponseBytes(got))
                                                : refused(got)),
                ANSWER_LIMIT);
    }

    private JsonNode json(JobId job) throws IOException, InterruptedException {
        return call(
                request(HttpMethod.GET, JOBS + "/" + job), HttpClientRequest::send, ANSWER_LIMIT);
    }

    private RequestOptions request(HttpMethod method, String uri) {
        RequestOptions options =
                switch (endpoint) {
                    case ApiEndpoint.Tcp tcp ->
                            new RequestOptions().setHost(tcp.host()).setPort(tcp.port());
                    case ApiEndpoint.UnixSocket socket ->
                            new RequestOptions()
                                    .setHost("localhost")
                                    .setPort(80)
                                    .setServer(
                                            SocketAddress.domainSocketAddress(
                                                    socket.path().toString()));
                };
        return options.setMethod(method).setURI(uri).putHeader("Authorization", token.header());
    }

    private static ClientMultipartForm form(String document, PackedWorkspace workspace) {
        ClientMultipartForm form = ClientMultipartForm.multipartForm().attribute("job", document);
        if (workspace.commit() != null) {
            form.attribute("commit", workspace.commit());
        }
        return form.binaryFileUpload(
                "workspace",
                "workspace",
                workspace.commit() == null ? "application/x-tar" : "application/octet-stream",
                workspace.file().toAbsolutePath().toString());
    }

    private JsonNode call(
            RequestOptions options,
            Function<HttpClientRequest, Future<HttpClientResponse>> send,
            Duration limit)
            throws IOException, InterruptedException {
        return JobJson.tree(exchange(options, send, limit).toString(StandardCharsets.UTF_8));
    }

    private Buffer exchange(
            RequestOptions options,
            Function<HttpClientRequest, Future<HttpClientResponse>> send,
            Duration limit)
            throws IOException, InterruptedException {
        return await(
                () ->
                        http.request(options)
                                .compose(send)
                                .compose(got ->
                                        got.statusCode() / 100 == 2 ? got.body() : refused(got)),
                limit);
    }

    private static <T> Future<T> refused(HttpClientResponse response) {
        return response.body()
                .compose(body -> Future.failedFuture(problem(response.statusCode(), body)));
    }

    private static ApiProblemException problem(int status, Buffer body) {
        JsonNode node;
        try {
            node = JobJson.tree(body.toString(StandardCharsets.UTF_8));
        } catch (IllegalArgumentException e) {
            node = JobJson.object(); // not one of ours: a proxy in between
        }
        return ApiProblemException.of(status, node);
    }

    /**
     * Waits for an exchange that begins on the event loop. Composed on another thread, it would
     * lose the part of a response that is there before its handler.
     */
    private <T> T await(Supplier<Future<T>> exchange, Duration limit)
            throws IOException, InterruptedException {
        Promise<T> end = Promise.promise();
        vertx.runOnContext(
                _ -> Future.succeededFuture().compose(_ -> exchange.get()).onComplete(end));
        return await(end.future(), limit);
    }

    private <T> T await(Future<T> future, Duration limit) throws IOException, InterruptedException {
        try {
            return future.toCompletionStage()
                    .toCompletableFuture()
                    .get(limit.toMillis(), TimeUnit.MILLISECONDS);
        } catch (ExecutionException e) {
            if (e.getCause() instanceof ApiProblemException problem) {
                throw problem;
            }
            throw new IOException(
                    "no daemon answers at " + endpoint + "; start one with mayfly daemon",
                    e.getCause());
        } catch (TimeoutException e) {
            throw new IOException(
                    "the daemon at "
                            + endpoint
                            + " did not answer within "
                            + limit.toSeconds()
                            + " s; look into its log",
                    e);
        }
    }
}
