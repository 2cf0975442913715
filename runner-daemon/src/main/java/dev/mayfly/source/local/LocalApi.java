package dev.mayfly.source.local;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.LogPosition;
import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import io.vertx.core.Context;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServer;
import io.vertx.core.http.HttpServerOptions;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.Router;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.BodyHandler;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * The local source over HTTP. Handlers run on the event loop and hand whatever touches the disk to
 * a worker; each viewer of a log has a virtual thread of its own.
 */
public final class LocalApi implements AutoCloseable {

    private static final String JOBS = "/api/v1/jobs";

    /** The header that says how much of a log is there. */
    static final String LOG_STATE = "Mayfly-Log";

    /** Viewers cost a thread and two open files each. */
    private static final int MOST_VIEWERS = 64;

    /** Well below the idle timeout on both sides. */
    private static final Duration HEARTBEAT = Duration.ofSeconds(10);

    private static final Duration IDLE = Duration.ofSeconds(60);

    private final Vertx vertx;
    private final ApiSettings settings;
    private final ApiGuard guard;
    private final LocalSource source;
    private final SubmitRequest submits;
    private final ApiProbes probes;

    /** One is taken before the job is looked up, so that requests at once cannot be too many. */
    private final Semaphore places = new Semaphore(MOST_VIEWERS);

    private final Set<Thread> viewers = ConcurrentHashMap.newKeySet();
    private @Nullable Listener listener;

    /**
     * An API that does not listen yet.
     *
     * @param vertx not closed by this
     * @param directory where uploads are put until their job is taken
     */
    public LocalApi(
            Vertx vertx,
            ApiSettings settings,
            ApiToken token,
            LocalSource source,
            JobDocuments documents,
            ApiProbes probes,
            StateDirectory directory) {
        this.vertx = vertx;
        this.settings = settings;
        this.guard = new ApiGuard(settings.endpoint(), token);
        this.source = source;
        this.submits = new SubmitRequest(settings, documents, directory);
        this.probes = probes;
    }

    /**
     * Listens from when this returns.
     *
     * @throws StateException when it cannot, naming the address and the cure
     */
    public void start() {
        HttpServerOptions options =
                new HttpServerOptions()
                        .setIdleTimeout((int) IDLE.toSeconds())
                        .setIdleTimeoutUnit(TimeUnit.SECONDS)
                        .setHttp2ClearTextEnabled(false)
                        .setMaxFormAttributeSize(settings.documentBytes())
                        .setMaxFormFields(8);
        HttpServer server = vertx.createHttpServer(options).requestHandler(router());
        listener = Listener.listen(server, settings.endpoint());
    }

    /** The port it listens on; 0 for a socket in the file system. */
    public int port() {
        return listener == null ? 0 : listener.port();
    }

    /** Where clients of this host find it; the port is the real one. */
    public ApiEndpoint endpoint() {
        return switch (settings.endpoint()) {
            case ApiEndpoint.Tcp(String host, int _, Set<String> names) ->
                    new ApiEndpoint.Tcp(host, port(), names);
            case ApiEndpoint.UnixSocket socket -> socket;
        };
    }

    @Override
    public void close() {
        if (listener != null) {
            listener.close();
        }
        viewers.forEach(Thread::interrupt);
    }

    /** Seen by the test that holds it against the published description. */
    Router router() {
        Router router = Router.router(vertx);
        router.route().handler(guard::checkOrigin);
        router.get("/healthz").handler(ctx -> probe(ctx, probes.notAlive()));
        router.get("/readyz").handler(ctx -> probe(ctx, probes.notReady()));
        router.get("/metrics").handler(this::metrics);
        router.route("/api/*").handler(guard::checkToken);
        router.get("/api/v1/openapi.json").handler(LocalApi::description);
        router.post(JOBS).handler(submits.body());
        router.post(JOBS).handler(this::submit);
        router.get(JOBS).handler(this::list);
        router.get(JOBS + "/:id").handler(this::get);
        router.post(JOBS + "/:id/cancel").handler(BodyHandler.create(false).setBodyLimit(4096));
        router.post(JOBS + "/:id/cancel").handler(this::cancel);
        router.get(JOBS + "/:id/log").handler(this::log);
        router.get(JOBS + "/:id/events").handler(this::events);
        router.get("/api/v1/status").handler(this::status);
        router.post("/api/v1/drain").handler(ctx -> operate(ctx, Operations::drain));
        router.post("/api/v1/resume").handler(ctx -> operate(ctx, Operations::resume));
        router.post("/api/v1/reload").handler(this::reload);
        router.route().failureHandler(ApiAnswers::failed);
        router.errorHandler(
                404,
                ctx ->
                        ApiAnswers.answer(
                                ctx,
                                ApiAnswers.problem(
                                        404, "there is nothing at " + ctx.normalizedPath())));
        router.errorHandler(
                405,
                ctx ->
                        ApiAnswers.answer(
                                ctx,
                                ApiAnswers.problem(
                                        405, ctx.request().method() + " is not for this path")));
        return router;
    }

    // -- jobs

    private void submit(RoutingContext ctx) {
        ApiAnswers.blocking(
                ctx,
                () -> {
                    JobId id = take(submits.spec(ctx));
                    LocalJob job = known(source.job(id), id);
                    ctx.response().putHeader(HttpHeaders.LOCATION, JOBS + "/" + id);
                    return new ApiAnswers.Answer(201, JobJson.job(job));
                });
    }

    private JobId take(JobSpec spec) {
        try {
            return source.submit(spec);
        } catch (SubmitRefusedException e) {
            throw new ApiProblemException(
                    ApiProblemException.Kind.REFUSED,
                    String.valueOf(e.getMessage()),
                    "change the job, or ask the operator of this runner");
        }
    }

    private void list(RoutingContext ctx) {
        JobQuery query = query(ctx);
        ApiAnswers.blocking(
                ctx,
                () -> {
                    List<LocalJob> jobs = source.list(query);
                    ObjectNode page = JobJson.object();
                    ArrayNode list = page.putArray("jobs");
                    jobs.forEach(job -> list.add(JobJson.job(job)));
                    if (jobs.size() == query.limit()) {
                        page.put("next", jobs.getLast().id().value());
                    }
                    return new ApiAnswers.Answer(200, page);
                });
    }

    private static JobQuery query(RoutingContext ctx) {
        String state = ctx.queryParams().get("state");
        String limit = ctx.queryParams().get("limit");
        String after = ctx.queryParams().get("after");
        try {
            return new JobQuery(
                    state == null
                            ? JobQuery.State.ANY
                            : JobQuery.State.valueOf(state.toUpperCase(Locale.ROOT)),
                    limit == null ? 50 : Integer.parseInt(limit),
                    after == null ? null : new JobId(after));
        } catch (IllegalArgumentException e) {
            throw new ApiProblemException(
                    ApiProblemException.Kind.REQUEST,
                    "the query cannot be read: " + e.getMessage(),
                    "state is any, queued, running or ended; limit is 1 to 500; after is a job's"
                            + " id");
        }
    }

    private void get(RoutingContext ctx) {
        JobId id = id(ctx);
        ApiAnswers.blocking(
                ctx,
                () -> {
                    ObjectNode node = JobJson.job(known(source.job(id), id));
                    source.describedSpec(id).ifPresent(spec -> node.set("spec", spec));
                    return new ApiAnswers.Answer(200, node);
                });
    }

    private void cancel(RoutingContext ctx) {
        JobId id = id(ctx);
        String reason = reason(ctx);
        ApiAnswers.blocking(
                ctx,
                () -> {
                    CancelEffect effect = known(source.cancel(id, reason), id);
                    return new ApiAnswers.Answer(
                            200, JobJson.object().put("effect", JobJson.word(effect)));
                });
    }

    private static String reason(RoutingContext ctx) {
        String body = ctx.body().asString();
        if (body == null || body.isBlank()) {
            return "cancelled through the API";
        }
        try {
            JsonNode reason = JobJson.tree(body).path("reason");
            return reason.isTextual() ? reason.asText() : "cancelled through the API";
        } catch (IllegalArgumentException e) {
            throw new ApiProblemException(
                    ApiProblemException.Kind.REQUEST,
                    "the body is " + e.getMessage(),
                    "send {\"reason\": \"...\"} or nothing");
        }
    }

    private void log(RoutingContext ctx) {
        JobId id = id(ctx);
        vertx.executeBlocking(
                        () -> {
                            LogState state = source.logState(known(source.job(id), id));
                            return new StoredLog(state, Files.exists(source.logFile(id)));
                        },
                        false)
                .onFailure(ctx::fail)
                .onSuccess(log -> {
                    HttpServerResponse response = ctx.response();
                    response.putHeader(HttpHeaders.CONTENT_TYPE, "text/plain; charset=utf-8")
                            .putHeader(LOG_STATE, JobJson.word(log.state()));
                    if (log.exists()) {
                        response.sendFile(source.logFile(id).toString()).onFailure(ctx::fail);
                    } else {
                        response.end();
                    }
                });
    }

    private record StoredLog(LogState state, boolean exists) {}

    private void events(RoutingContext ctx) {
        JobId id = id(ctx);
        LogPosition from = position(ctx);
        if (!places.tryAcquire()) {
            throw new ApiProblemException(
                    ApiProblemException.Kind.UNAVAILABLE,
                    MOST_VIEWERS + " logs are being followed already",
                    "end some of them, or read the log without following it");
        }
        Context context = vertx.getOrCreateContext();
        vertx.executeBlocking(() -> known(source.job(id), id), false)
                .onFailure(e -> {
                    places.release();
                    ctx.fail(e);
                })
                .onSuccess(job -> view(ctx.response(), context, job, from));
    }

    private void view(
            HttpServerResponse response, Context context, LocalJob job, LogPosition from) {
        response.setChunked(true)
                .putHeader(HttpHeaders.CONTENT_TYPE, "text/event-stream")
                .putHeader(HttpHeaders.CACHE_CONTROL, "no-store");
        LogViewer viewer = new LogViewer(source, job, from, response, context, HEARTBEAT);
        Thread thread =
                Thread.ofVirtual()
                        .name("viewer-" + job.id())
                        .unstarted(() -> {
                            try {
                                viewer.run();
                            } finally {
                                viewers.remove(Thread.currentThread());
                                places.release();
                            }
                        });
        viewers.add(thread);
        response.closeHandler(_ -> thread.interrupt());
        // Before the first event, so that a client of a silent job knows that it is heard.
        response.write(": hello\n\n").onComplete(_ -> thread.start());
    }

    private static LogPosition position(RoutingContext ctx) {
        String last = ctx.request().getHeader("Last-Event-ID");
        try {
            return last == null || last.isEmpty() ? LogPosition.START : LogPosition.parse(last);
        } catch (IllegalArgumentException e) {
            throw new ApiProblemException(
                    ApiProblemException.Kind.REQUEST,
                    "the Last-Event-ID header cannot be read: " + e.getMessage(),
                    "send the id of the last event you got, or none to start over");
        }
    }

    // -- the process

    private void probe(RoutingContext ctx, Supplier<List<String>> reasons) {
        ApiAnswers.blocking(
                ctx,
                () -> {
                    List<String> found = reasons.get();
                    ObjectNode node = JobJson.object().put("ok", found.isEmpty());
                    ArrayNode list = node.putArray("reasons");
                    found.forEach(list::add);
                    return new ApiAnswers.Answer(found.isEmpty() ? 200 : 503, node);
                });
    }

    private void status(RoutingContext ctx) {
        ApiAnswers.blocking(
                ctx, () -> new ApiAnswers.Answer(200, probes.operations().status().json()));
    }

    private void operate(RoutingContext ctx, Consumer<Operations> what) {
        ApiAnswers.blocking(
                ctx,
                () -> {
                    what.accept(probes.operations());
                    return new ApiAnswers.Answer(200, probes.operations().status().json());
                });
    }

    private void reload(RoutingContext ctx) {
        ApiAnswers.blocking(
                ctx,
                () ->
                        switch (probes.operations().reload()) {
                            case Operations.Reloading.Used used -> {
                                ObjectNode node = JobJson.object();
                                DaemonStatus.add(node.putArray("live"), used.live());
                                DaemonStatus.add(node.putArray("waiting"), used.waiting());
                                yield new ApiAnswers.Answer(200, node);
                            }
                            case Operations.Reloading.Refused(String because) ->
                                    throw new ApiProblemException(
                                            ApiProblemException.Kind.CONFIGURATION,
                                            because,
                                            "correct the file and reload again; until then the"
                                                    + " daemon goes on as before");
                        });
    }

    private void metrics(RoutingContext ctx) {
        String accept = Objects.requireNonNullElse(ctx.request().getHeader(HttpHeaders.ACCEPT), "");
        vertx.executeBlocking(() -> probes.metrics().apply(accept), false)
                .onFailure(ctx::fail)
                .onSuccess(metrics ->
                        ctx.response()
                                .putHeader(HttpHeaders.CONTENT_TYPE, metrics.contentType())
                                .putHeader(HttpHeaders.VARY, "Accept")
                                .end(metrics.text()));
    }

    private static void description(RoutingContext ctx) {
        ctx.response()
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                .end(ApiDescription.TEXT);
    }

    private static <T> T known(Optional<T> found, JobId id) {
        return found.orElseThrow(() ->
                new ApiProblemException(
                        ApiProblemException.Kind.UNKNOWN,
                        "there is no job " + id,
                        "list the jobs; finished ones are forgotten in time"));
    }

    private static JobId id(RoutingContext ctx) {
        try {
            return new JobId(String.valueOf(ctx.pathParam("id")));
        } catch (IllegalArgumentException e) {
            throw new ApiProblemException(
                    ApiProblemException.Kind.UNKNOWN,
                    String.valueOf(e.getMessage()),
                    "list the jobs");
        }
    }
}
