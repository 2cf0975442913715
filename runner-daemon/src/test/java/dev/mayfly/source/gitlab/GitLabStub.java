package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsParameters;
import com.sun.net.httpserver.HttpsServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Deque;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;
import org.jspecify.annotations.Nullable;

/**
 * A GitLab server as far as a runner sees it, for tests.
 *
 * <p>It answers as GitLab does, goes wrong where a test says so ({@link #next}), keeps every
 * request in a ledger, and holds each of them against the protocol: a wrong header, a missing
 * field, a piece of log that does not fit is a violation, and {@link #close()} fails the test for
 * it. A test that provokes one takes it out with {@link #tolerate}.
 *
 * <pre>{@code
 * try (GitLabStub gitlab = GitLabStub.start()) {
 *     StubRunner runner = gitlab.runner();
 *     StubJob job = gitlab.enqueue(runner, StubPayload.job(1, "test"));
 *     gitlab.next(StubEndpoint.TRACE, StubFault.status(500), new StubFault.CutAfter());
 *     ... // let the client work against gitlab.url() with runner.token()
 *     assertThat(job.status()).isEqualTo(StubJob.Status.SUCCESS);
 * }
 * }</pre>
 *
 * <p>Safe for use by many threads.
 */
public final class GitLabStub implements AutoCloseable {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String API = "/api/v4";
    private static final int MOST_KEPT_BYTES = 32 << 20;
    private static final int LONG_POLLING_BYTES = 32 << 10;
    private static final Duration LONGEST_WAIT = Duration.ofMinutes(1);
    private static final Pattern FILE_NAME =
            Pattern.compile("form-data;.*name=\"file\".*filename=\"([^\"]*)\".*");

    private final HttpServer server;
    private final HttpServer storage;
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final String root;
    private final boolean tls;
    private final CountDownLatch closing = new CountDownLatch(1);

    private final ReentrantLock lock = new ReentrantLock();
    private final Condition changed = lock.newCondition();
    private final List<StubRequest> requests = new ArrayList<>();
    private final List<String> violations = new ArrayList<>();
    private final Map<StubEndpoint, Deque<StubFault>> faults = new EnumMap<>(StubEndpoint.class);
    private final Map<StubEndpoint, StubFault> lasting = new EnumMap<>(StubEndpoint.class);
    private final Map<String, StubRunner> runners = new LinkedHashMap<>();
    private final Map<Long, StubJob> jobs = new LinkedHashMap<>();
    private final Set<String> tokens = new HashSet<>();
    private final Map<String, Deque<Instant>> calls = new HashMap<>();
    private final StubContract contract = new StubContract(violations::add);
    private InstantSource clock = InstantSource.system();
    private @Nullable Integer callsEachMinute;
    private long names;
    private boolean registrationDisallowed;
    private boolean manyClients;

    /** What a registration token must be. */
    public static final String REGISTRATION_TOKEN = "GR1348941stub-registration";

    /** A user's token that may create runners. */
    public static final String PERSONAL_TOKEN = "glpat-stub-personal-token";

    private GitLabStub(
            String root, @Nullable SSLContext context, boolean clientCertificate, int port) {
        this.root = root;
        this.tls = context != null;
        try {
            InetSocketAddress address =
                    new InetSocketAddress(InetAddress.getLoopbackAddress(), port);
            if (context == null) {
                server = HttpServer.create(address, 0);
            } else {
                HttpsServer https = HttpsServer.create(address, 0);
                https.setHttpsConfigurator(
                        new HttpsConfigurator(context) {
                            @Override
                            public void configure(HttpsParameters parameters) {
                                SSLParameters ssl = context.getDefaultSSLParameters();
                                ssl.setNeedClientAuth(clientCertificate);
                                parameters.setSSLParameters(ssl);
                            }
                        });
                server = https;
            }
            storage =
                    HttpServer.create(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        } catch (IOException e) {
            throw new UncheckedIOException("the stub cannot listen", e);
        }
        tokens.add(REGISTRATION_TOKEN);
        tokens.add(PERSONAL_TOKEN);
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
        storage.setExecutor(threads);
        storage.createContext("/", this::handleStorage);
        storage.start();
    }

    /** Starts a server on a free port, over plain HTTP. */
    public static GitLabStub start() {
        return new GitLabStub("", null, false, 0);
    }

    /**
     * Starts a server below a relative URL root.
     *
     * @param root for example {@code /gitlab}
     */
    public static GitLabStub startBelow(String root) {
        return new GitLabStub(root, null, false, 0);
    }

    /** Starts a server at the port of one that was closed, as after an outage. */
    public static GitLabStub startAt(int port) {
        return new GitLabStub("", null, false, port);
    }

    /**
     * Starts a server over TLS.
     *
     * @param clientCertificate whether it wants one
     */
    public static GitLabStub startWithTls(SSLContext context, boolean clientCertificate) {
        return new GitLabStub("", context, clientCertificate, 0);
    }

    /** What a user enters as the server's address. */
    public URI url() {
        return URI.create((tls ? "https" : "http") + "://localhost:" + port() + root);
    }

    /** Where it listens. */
    public int port() {
        return server.getAddress().getPort();
    }

    // ---- what there is at the server

    /** A new runner with an authentication token of the new kind. */
    public StubRunner runner() {
        return locked(() -> newRunner("glrt-t1_stub" + ++names + "-runner-token", false));
    }

    /** Adds a job that the runner will get. */
    public StubJob enqueue(StubRunner runner, StubPayload payload) {
        return enqueue(runner, payload.node(), Set.of());
    }

    /**
     * Adds a job that the runner will get if it has declared the features; otherwise the server
     * fails it before the runner sees it.
     */
    public StubJob enqueue(StubRunner runner, ObjectNode payload, Set<String> needs) {
        return locked(() -> {
            StubJob job = new StubJob(this, payload, needs);
            tokens.add(job.token());
            jobs.put(job.id(), job);
            runner.queue.add(job);
            runner.queueValue = newQueueValue();
            return job;
        });
    }

    /** A job that runs already, without any request for it. */
    public StubJob running(StubRunner runner, StubPayload payload) {
        StubJob job = enqueue(runner, payload);
        change(() -> {
            runner.queue.remove(job);
            runner.features.addAll(StubContract.FEATURES);
            job.runner = runner;
            job.status = StubJob.Status.RUNNING;
        });
        return job;
    }

    /** A job by its number. */
    public StubJob job(long id) {
        return locked(() -> {
            StubJob job = jobs.get(id);
            if (job == null) {
                throw new IllegalArgumentException("there is no job " + id);
            }
            return job;
        });
    }

    /** All runners with a valid token. */
    public List<StubRunner> runners() {
        return locked(() -> List.copyOf(runners.values()));
    }

    // ---- what goes wrong

    /** What goes wrong with the next requests for an endpoint, one fault for each of them. */
    public GitLabStub next(StubEndpoint endpoint, StubFault... each) {
        change(() ->
                faults.computeIfAbsent(endpoint, _ -> new ArrayDeque<>())
                        .addAll(Arrays.asList(each)));
        return this;
    }

    /** What goes wrong with each request for an endpoint that has no fault of its own. */
    public GitLabStub always(StubEndpoint endpoint, StubFault fault) {
        change(() -> lasting.put(endpoint, fault));
        return this;
    }

    /** Every endpoint fails like this: an outage. */
    public GitLabStub outage(StubFault fault) {
        change(() -> {
            for (StubEndpoint endpoint : StubEndpoint.values()) {
                lasting.put(endpoint, fault);
            }
        });
        return this;
    }

    /** Nothing goes wrong any more. */
    public GitLabStub healthy() {
        change(() -> {
            faults.clear();
            lasting.clear();
        });
        return this;
    }

    /** Registration tokens are not allowed on this instance: 410. */
    public GitLabStub registrationDisallowed() {
        change(() -> registrationDisallowed = true);
        return this;
    }

    /** Answers 429, and counts a violation, when a job's token is used more often. */
    public GitLabStub limitCalls(int eachMinute) {
        change(() -> callsEachMinute = eachMinute);
        return this;
    }

    /**
     * Clients may come and go, and several have one token: what each of them was told last cannot
     * be known, only that a value is one that this server has sent.
     */
    public GitLabStub manyClients() {
        change(() -> manyClients = true);
        return this;
    }

    /** The server's idea of the time. */
    public GitLabStub clock(InstantSource source) {
        change(() -> clock = source);
        return this;
    }

    // ---- what was seen

    /** Every request, in order. */
    public List<StubRequest> requests() {
        return locked(() -> List.copyOf(requests));
    }

    /** Every request for one endpoint, in order. */
    public List<StubRequest> requests(StubEndpoint endpoint) {
        return requests().stream().filter(r -> r.endpoint() == endpoint).toList();
    }

    /** What the client has done wrong up to now. */
    public List<String> violations() {
        return locked(() -> List.copyOf(violations));
    }

    /** Takes out the violations that a test provokes. */
    public GitLabStub tolerate(String part) {
        change(() -> violations.removeIf(violation -> violation.contains(part)));
        return this;
    }

    /**
     * Stops the server.
     *
     * @throws AssertionError when the client has broken the protocol
     */
    @Override
    public void close() {
        closing.countDown();
        change(() -> {});
        server.stop(0);
        storage.stop(0);
        threads.shutdownNow();
        List<String> broken = violations();
        if (!broken.isEmpty()) {
            throw new AssertionError(
                    "the client broke GitLab's protocol:\n  " + String.join("\n  ", broken));
        }
    }

    // ---- one request

    private void handle(HttpExchange exchange) {
        try {
            InputStream in = exchange.getRequestBody();
            byte[] body = in.readNBytes(MOST_KEPT_BYTES);
            String target = exchange.getRequestURI().toString();
            String path = exchange.getRequestURI().getPath();
            String prefix = root + API;
            boolean below = path.startsWith(prefix);
            String rest = below ? path.substring(prefix.length()) : path;
            StubEndpoint endpoint =
                    below
                            ? StubEndpoint.of(exchange.getRequestMethod(), rest)
                            : StubEndpoint.UNKNOWN;
            StubRequest request =
                    new StubRequest(
                            clock.instant(),
                            endpoint,
                            target,
                            rest,
                            exchange.getRequestHeaders(),
                            body,
                            body.length + rest(endpoint, rest, in, body.length));
            StubFault fault = arrived(request);
            serve(exchange, request, fault);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            exchange.close();
        } catch (IOException e) {
            exchange.close(); // the client has gone away
        } catch (RuntimeException e) {
            change(() -> violations.add("the stub could not answer: " + e));
            exchange.close();
        }
    }

    /** Counts what follows, without keeping it; leaves off where a server would have enough. */
    private long rest(StubEndpoint endpoint, String path, InputStream in, long before)
            throws IOException {
        StubJob job =
                endpoint == StubEndpoint.UPLOAD ? locked(() -> jobs.get(endpoint.job(path))) : null;
        byte[] piece = new byte[64 << 10];
        long rest = 0;
        for (int length = in.read(piece); length >= 0; length = in.read(piece)) {
            rest += length;
            if (job != null && before + rest > job.artifactLimit) {
                break;
            }
        }
        return rest;
    }

    private StubFault arrived(StubRequest request) {
        return locked(() -> {
            requests.add(request);
            contract.everyRequest(request, tokens);
            Deque<StubFault> script = faults.get(request.endpoint());
            if (script != null && !script.isEmpty()) {
                return script.removeFirst();
            }
            StubFault usual = lasting.get(request.endpoint());
            return usual == null ? new StubFault.None() : usual;
        });
    }

    private void serve(HttpExchange exchange, StubRequest request, StubFault fault)
            throws IOException, InterruptedException {
        switch (fault) {
            case StubFault.None() -> send(exchange, answer(request));
            case StubFault.Status given -> {
                given.headers().forEach(exchange.getResponseHeaders()::set);
                if (!given.contentType().isEmpty()) {
                    exchange.getResponseHeaders().set("Content-Type", given.contentType());
                }
                byte[] body = given.bytes();
                boolean bodiless = body.length == 0 || given.status() == 204;
                exchange.sendResponseHeaders(given.status(), bodiless ? -1 : body.length);
                if (!bodiless) {
                    exchange.getResponseBody().write(body);
                }
                exchange.close();
                resynchronised(request, given);
            }
            case StubFault.CutBefore() -> exchange.close();
            case StubFault.CutAfter() -> {
                answer(request);
                exchange.close();
            }
            case StubFault.Truncated() -> {
                StubAnswer answer = answer(request);
                head(exchange, answer);
                exchange.sendResponseHeaders(answer.status, Math.max(2, answer.body.length));
                exchange.getResponseBody().write(answer.body, 0, answer.body.length / 2);
                exchange.getResponseBody().flush();
                exchange.close();
            }
            case StubFault.ContentType(String mediaType) -> {
                StubAnswer answer = answer(request);
                answer.contentType = mediaType;
                send(exchange, answer);
            }
            case StubFault.Slow(Duration delay) -> {
                if (!closing.await(delay.toMillis(), TimeUnit.MILLISECONDS)) {
                    send(exchange, answer(request));
                }
            }
            case StubFault.Held(CountDownLatch gate) -> {
                if (gate.await(LONGEST_WAIT.toSeconds(), TimeUnit.SECONDS)) {
                    send(exchange, answer(request));
                }
            }
        }
    }

    /** A scripted 416 tells the client where to go on just as a real one does. */
    private void resynchronised(StubRequest request, StubFault.Status given) {
        if (given.status() == 416 && request.endpoint() == StubEndpoint.TRACE) {
            change(() -> {
                StubJob job = jobs.get(request.endpoint().job(request.path()));
                if (job != null) {
                    String range = given.headers().getOrDefault("Range", "");
                    int dash = range.indexOf('-');
                    job.clientOffset = dash < 0 ? 0 : Long.parseLong(range.substring(dash + 1));
                }
            });
        }
    }

    private void send(HttpExchange exchange, StubAnswer answer) throws IOException {
        head(exchange, answer);
        boolean bodiless = answer.body.length == 0;
        // Before the last byte goes out: the client may send its next request at once.
        change(answer::delivered);
        exchange.sendResponseHeaders(answer.status, bodiless ? -1 : answer.body.length);
        if (!bodiless) {
            exchange.getResponseBody().write(answer.body);
        }
        exchange.close();
    }

    private static void head(HttpExchange exchange, StubAnswer answer) {
        answer.headers.forEach(exchange.getResponseHeaders()::set);
        if (answer.contentType != null) {
            exchange.getResponseHeaders().set("Content-Type", answer.contentType);
        }
    }

    private StubAnswer answer(StubRequest request) throws InterruptedException {
        return switch (request.endpoint()) {
            case REGISTER -> locked(() -> register(request, json(request)));
            case CREATE_RUNNER -> locked(() -> createRunner(request, json(request)));
            case VERIFY -> locked(() -> verify(request, json(request)));
            case RESET_TOKEN -> locked(() -> resetToken(request, json(request)));
            case DELETE_MANAGER -> locked(() -> deleteManager(request, json(request)));
            case DELETE_RUNNER -> locked(() -> deleteRunner(request, json(request)));
            case ROUTER -> StubAnswer.message(501, "Not Implemented");
            case REQUEST_JOB -> requestJob(request, json(request));
            case TRACE -> locked(() -> trace(request));
            case UPDATE -> locked(() -> update(request, json(request)));
            case UPLOAD -> locked(() -> upload(request));
            case DOWNLOAD -> locked(() -> download(request));
            case UNKNOWN -> {
                change(() -> violations.add("there is no " + request));
                yield StubAnswer.message(404, "Not Found");
            }
        };
    }

    // ---- runners

    private StubAnswer register(StubRequest request, JsonNode body) {
        if (!body.hasNonNull("token")) {
            return StubAnswer.missing("token");
        }
        if (registrationDisallowed) {
            return StubAnswer.message(410, "Gone");
        }
        if (!body.path("token").asText().equals(REGISTRATION_TOKEN)) {
            return StubAnswer.message(403, "Forbidden");
        }
        if (body.has("paused") && body.has("active")) {
            return StubAnswer.json(
                    400,
                    JsonNodeFactory.instance
                            .objectNode()
                            .put("error", "active, paused are mutually exclusive"));
        }
        if (body.path("maximum_timeout").isNumber() && body.path("maximum_timeout").asInt() < 600) {
            ObjectNode problem = JsonNodeFactory.instance.objectNode();
            problem.putObject("message")
                    .putArray("maximum_timeout")
                    .add("needs to be at least 10 minutes");
            return StubAnswer.json(400, problem);
        }
        contract.info(request, body.path("info"));
        return StubAnswer.json(
                201, credentials(newRunner("glrtr-stub" + ++names + "-legacy", true)));
    }

    private StubAnswer createRunner(StubRequest request, JsonNode body) {
        if (!PERSONAL_TOKEN.equals(request.header("PRIVATE-TOKEN"))) {
            return StubAnswer.message(403, "Forbidden");
        }
        if (!body.hasNonNull("runner_type")) {
            return StubAnswer.missing("runner_type");
        }
        return StubAnswer.json(
                201, credentials(newRunner("glrt-t1_stub" + ++names + "-created", false)));
    }

    private StubAnswer verify(StubRequest request, JsonNode body) {
        contract.runnerToken(request, body);
        contract.systemId(request, body);
        if (!body.hasNonNull("token")) {
            return StubAnswer.missing("token");
        }
        StubRunner runner = authenticated(body);
        if (runner == null) {
            return StubAnswer.message(403, "Forbidden");
        }
        if (runner.orphaned) {
            return StubAnswer.message(422, "Runner is orphaned");
        }
        contract.info(request, body.path("info"));
        runner.managers.add(systemId(body));
        return runner.verifyAsText
                ? StubAnswer.text(200)
                : StubAnswer.json(200, credentials(runner));
    }

    private StubAnswer resetToken(StubRequest request, JsonNode body) {
        contract.runnerToken(request, body);
        StubRunner runner = authenticated(body);
        if (runner == null) {
            return StubAnswer.message(403, "Forbidden");
        }
        if (runner.orphaned) {
            return StubAnswer.message(422, "Runner is orphaned");
        }
        runners.remove(runner.token);
        String prefix = runner.legacy() ? "glrtr-" : "glrt-t1_";
        runner.token = prefix + "stub" + ++names + "-rotated";
        tokens.add(runner.token);
        runners.put(runner.token, runner);
        if (runner.expires != null) {
            runner.expires = clock.instant().plus(Duration.ofDays(30));
        }
        ObjectNode answer = credentials(runner);
        answer.remove("id");
        return StubAnswer.json(201, answer);
    }

    private StubAnswer deleteManager(StubRequest request, JsonNode body) {
        contract.runnerToken(request, body);
        for (String field : new String[] {"token", "system_id"}) {
            if (!body.hasNonNull(field)) {
                return StubAnswer.missing(field);
            }
        }
        StubRunner runner = authenticated(body);
        if (runner == null) {
            return StubAnswer.message(403, "Forbidden");
        }
        return runner.managers.remove(systemId(body))
                ? StubAnswer.empty(204)
                : StubAnswer.message(404, "Not Found");
    }

    private StubAnswer deleteRunner(StubRequest request, JsonNode body) {
        contract.runnerToken(request, body);
        if (!body.hasNonNull("token")) {
            return StubAnswer.missing("token");
        }
        StubRunner runner = authenticated(body);
        if (runner == null) {
            return StubAnswer.message(403, "Forbidden");
        }
        runners.remove(runner.token);
        return StubAnswer.empty(204);
    }

    private StubRunner newRunner(String token, boolean legacy) {
        StubRunner runner = new StubRunner(this, ++names, token, newQueueValue(), legacy);
        tokens.add(token);
        runners.put(token, runner);
        return runner;
    }

    private @Nullable StubRunner authenticated(JsonNode body) {
        StubRunner runner = runners.get(body.path("token").asText());
        return runner != null && runner.expires != null && !runner.expires.isAfter(clock.instant())
                ? null
                : runner;
    }

    private static ObjectNode credentials(StubRunner runner) {
        ObjectNode node =
                JsonNodeFactory.instance
                        .objectNode()
                        .put("id", runner.id())
                        .put("token", runner.token);
        if (runner.expires == null) {
            node.putNull("token_expires_at");
        } else {
            node.put("token_expires_at", runner.expires.toString());
        }
        return node;
    }

    private static String systemId(JsonNode body) {
        return body.hasNonNull("system_id") ? body.path("system_id").asText() : "<legacy>";
    }

    // ---- asking for jobs

    private StubAnswer requestJob(StubRequest request, JsonNode body) throws InterruptedException {
        lock.lock();
        try {
            if (!body.hasNonNull("token")) {
                return StubAnswer.missing("token");
            }
            contract.runnerToken(request, body);
            contract.systemId(request, body);
            StubRunner runner = authenticated(body);
            if (runner == null) {
                return StubAnswer.message(403, "Forbidden");
            }
            if (runner.orphaned) {
                return StubAnswer.message(422, "Runner is orphaned");
            }
            contract.info(request, body.path("info"));
            String manager = systemId(body);
            String last = body.path("last_update").asText();
            contract.demand(
                    request,
                    (manyClients && runner.everDelivered(manager, last))
                            || last.equals(runner.delivered.getOrDefault(manager, "")),
                    "last_update must be the last X-GitLab-Last-Update, is \"" + last + "\"");
            Duration hold = runner.hold;
            boolean held =
                    hold != null && !last.isEmpty() && request.body().length <= LONG_POLLING_BYTES;
            if (hold != null && held && last.equals(runner.queueValue)) {
                long left = hold.toNanos();
                while (last.equals(runner.queueValue) && left > 0 && closing.getCount() > 0) {
                    left = changed.awaitNanos(left);
                }
                return StubAnswer.empty(204).header("Gitlab-Ci-Builds-Polling", "yes");
            }
            StubAnswer answer = jobFor(runner, manager, body, last);
            return held ? answer.header("Gitlab-Ci-Builds-Polling", "yes") : answer;
        } finally {
            lock.unlock();
        }
    }

    private StubAnswer jobFor(StubRunner runner, String manager, JsonNode body, String last) {
        runner.managers.add(manager);
        runner.features.clear();
        runner.features.addAll(StubContract.featuresOf(body.path("info")));
        if (!runner.paused && !last.equals(runner.queueValue)) {
            Iterator<StubJob> waiting = runner.queue.iterator();
            while (waiting.hasNext()) {
                StubJob job = waiting.next();
                waiting.remove();
                if (runner.features.containsAll(job.needs)) {
                    job.status = StubJob.Status.RUNNING;
                    job.runner = runner;
                    return StubAnswer.json(201, job.payload());
                }
                job.status = StubJob.Status.FAILED;
                job.failureReason = "runner_unsupported";
            }
        }
        String value = runner.queueValue;
        return StubAnswer.empty(204)
                .header("X-GitLab-Last-Update", value)
                .whenDelivered(() -> runner.delivered(manager, value));
    }

    // ---- a job's log and state

    private StubAnswer trace(StubRequest request) {
        contract.jobToken(request);
        StubJob job = job(request, request.header("JOB-TOKEN"));
        if (job == null) {
            return StubAnswer.message(403, "Forbidden");
        }
        if (tooOften(job)) {
            return StubAnswer.message(429, "Too Many Requests").header("Retry-After", "1");
        }
        if (!job.status.live()) {
            return refused(job);
        }
        contract.demand(
                request,
                "text/plain".equals(StubContract.mediaType(request.header("Content-Type"))),
                "Content-Type must be text/plain");
        String debug = request.parameter("debug_trace");
        contract.demand(
                request,
                "true".equals(debug) || "false".equals(debug),
                "debug_trace must be true or false");
        String range = String.valueOf(request.header("Content-Range"));
        Matcher matcher = StubContract.CONTENT_RANGE.matcher(range);
        contract.demand(request, matcher.matches(), "Content-Range must be START-END, is " + range);
        if (!matcher.matches()) {
            return StubAnswer.message(400, "Bad Request");
        }
        long start = Long.parseLong(matcher.group(1));
        int length = request.body().length;
        contract.demand(request, length > 0, "a piece must not be empty");
        contract.demand(
                request,
                length <= StubContract.PIECE_BYTES,
                "a piece has at most 1 MiB, this one has " + length);
        contract.demand(
                request,
                Long.parseLong(matcher.group(2)) == start + length - 1,
                "Content-Range " + range + " is not that of " + length + " bytes");
        contract.demand(
                request,
                // From 0 who has been started again: it asks what the server has.
                start == job.clientOffset || start == 0,
                "the next piece starts at " + job.clientOffset + ", this one at " + start);
        if (start != job.trace.size()) {
            long stored = job.trace.size();
            return StubAnswer.message(416, "Range Not Satisfiable")
                    .header("Job-Status", job.status.word())
                    .header("Range", "0-" + stored)
                    .whenDelivered(() -> job.clientOffset = stored);
        }
        if (start + length > job.traceLimit) {
            job.status = StubJob.Status.FAILED;
            job.failureReason = "trace_size_exceeded";
            return refused(job);
        }
        if (start == 0) {
            job.debugTrace = "true".equals(debug);
        }
        job.trace.writeBytes(request.body());
        long stored = job.trace.size();
        StubAnswer answer =
                StubAnswer.empty(202)
                        .header("Job-Status", job.status.word())
                        .header("Range", "0-" + stored)
                        .whenDelivered(() -> job.clientOffset = stored);
        return job.interval == null
                ? answer
                : answer.header("X-GitLab-Trace-Update-Interval", job.interval.toString());
    }

    private StubAnswer update(StubRequest request, JsonNode body) {
        contract.jobToken(request);
        StubJob job = job(request, body.path("token").asText());
        if (job == null) {
            return StubAnswer.message(403, "Forbidden");
        }
        contract.demand(
                request,
                job.token().equals(request.header("JOB-TOKEN")),
                "JOB-TOKEN must be the token of the body");
        job.updates.add(body);
        if (tooOften(job)) {
            return StubAnswer.message(429, "Too Many Requests").header("Retry-After", "1");
        }
        contract.info(request, body.path("info"));
        String state = body.path("state").asText();
        boolean last = state.equals("success") || state.equals("failed");
        contract.demand(request, !(last && job.told), "the final state was sent again");
        if (!job.status.live()) {
            return refused(job);
        }
        if (state.equals("running")) {
            job.touches++;
            return recorded(job);
        }
        if (!last) {
            contract.demand(request, false, "there is no state " + state);
            return StubAnswer.message(400, "Bad Request");
        }
        contract.finalState(request, body, job);
        JsonNode output = body.path("output");
        boolean checked = output.hasNonNull("checksum");
        if (checked) {
            contract.demand(
                    request,
                    body.path("checksum").asText().equals(output.path("checksum").asText()),
                    "checksum must be output.checksum");
        }
        if (checked && job.wrongChecksums > 0) {
            job.wrongChecksums--;
            job.trace = new ByteArrayOutputStream();
            return StubAnswer.message(412, "Precondition Failed")
                    .header("Job-Status", job.status.word())
                    .whenDelivered(() -> job.clientOffset = 0);
        }
        contract.demand(
                request,
                output.path("checksum").asText().equals(checksum(job.trace.toByteArray())),
                "output.checksum is not that of the log");
        contract.demand(
                request,
                output.path("bytesize").asLong(-1) == job.trace.size(),
                "output.bytesize is not that of the log");
        if (checked && job.pendingFinals > 0) {
            job.pendingFinals--;
            return StubAnswer.text(202)
                    .header("Job-Status", job.status.word())
                    .header("X-GitLab-Trace-Update-Interval", "1");
        }
        job.recordedFinals++;
        job.exitCode = body.has("exit_code") ? body.path("exit_code").asInt() : null;
        job.failureReason = state.equals("failed") ? body.path("failure_reason").asText() : null;
        job.status =
                job.status == StubJob.Status.CANCELING
                        ? StubJob.Status.CANCELED
                        : state.equals("success") ? StubJob.Status.SUCCESS : StubJob.Status.FAILED;
        return recorded(job).whenDelivered(() -> job.told = true);
    }

    private static StubAnswer recorded(StubJob job) {
        return StubAnswer.text(200).header("Job-Status", job.status.word());
    }

    private static StubAnswer refused(StubJob job) {
        return StubAnswer.message(403, "Forbidden").header("Job-Status", job.status.word());
    }

    private @Nullable StubJob job(StubRequest request, @Nullable String token) {
        StubJob job = jobs.get(request.endpoint().job(request.path()));
        return job != null && job.token().equals(token) ? job : null;
    }

    private boolean tooOften(StubJob job) {
        if (callsEachMinute == null) {
            return false;
        }
        Deque<Instant> recent = calls.computeIfAbsent(job.token(), _ -> new ArrayDeque<>());
        Instant now = clock.instant();
        while (!recent.isEmpty() && recent.getFirst().isBefore(now.minusSeconds(60))) {
            recent.removeFirst();
        }
        recent.add(now);
        if (recent.size() > callsEachMinute) {
            violations.add("more than " + callsEachMinute + " calls a minute for " + job.id());
            return true;
        }
        return false;
    }

    static String checksum(byte[] bytes) {
        CRC32 crc = new CRC32();
        crc.update(bytes);
        return "crc32:%08x".formatted(crc.getValue());
    }

    // ---- artifacts

    private StubAnswer upload(StubRequest request) {
        contract.jobToken(request);
        StubJob job = job(request, request.header("JOB-TOKEN"));
        if (job == null) {
            return StubAnswer.message(403, "Forbidden");
        }
        if (!job.status.live()) {
            return refused(job);
        }
        if (job.artifactsDisabled) {
            return StubAnswer.message(405, "Artifacts are disabled");
        }
        StubJob.Artifact artifact = artifact(request);
        if (artifact == null) {
            contract.demand(request, false, "the form has no part \"file\" with a file name");
            return StubAnswer.message(400, "Bad Request");
        }
        if (artifact.length() > job.artifactLimit) {
            return StubAnswer.message(413, "Request Entity Too Large");
        }
        contract.artifact(request, artifact);
        for (StubJob.Artifact earlier : job.artifacts) {
            if (String.valueOf(earlier.type()).equals(String.valueOf(artifact.type()))) {
                return earlier.length() == artifact.length()
                                && Arrays.equals(earlier.bytes(), artifact.bytes())
                        ? StubAnswer.text(201)
                        : StubAnswer.message(400, "another artifact of this type already exists");
            }
        }
        job.artifacts.add(artifact);
        return StubAnswer.text(201);
    }

    private static StubJob.@Nullable Artifact artifact(StubRequest request) {
        String type = String.valueOf(request.header("Content-Type"));
        int at = type.indexOf("boundary=");
        if (!StubContract.mediaType(type).equals("multipart/form-data") || at < 0) {
            return null;
        }
        String boundary = type.substring(at + "boundary=".length()).replace("\"", "");
        // One byte is one character, so that places in the text are places in the body.
        String form = new String(request.body(), StandardCharsets.ISO_8859_1);
        for (String part : form.split(Pattern.quote("--" + boundary), -1)) {
            int end = part.indexOf("\r\n\r\n");
            if (end < 0) {
                continue;
            }
            for (String line : part.substring(0, end).split("\r\n", -1)) {
                Matcher matcher = FILE_NAME.matcher(line);
                if (matcher.find()) {
                    String content = part.substring(end + 4, part.length() - 2);
                    return new StubJob.Artifact(
                            decoded(request.parameter("artifact_type")),
                            decoded(request.parameter("artifact_format")),
                            decoded(request.parameter("expire_in")),
                            matcher.group(1),
                            content.getBytes(StandardCharsets.ISO_8859_1),
                            request.length());
                }
            }
        }
        return null;
    }

    private static @Nullable String decoded(@Nullable String text) {
        return text == null ? null : URLDecoder.decode(text, StandardCharsets.UTF_8);
    }

    private StubAnswer download(StubRequest request) {
        contract.jobToken(request);
        StubJob job = job(request, request.header("JOB-TOKEN"));
        if (job == null) {
            return StubAnswer.message(401, "Unauthorized");
        }
        if (job.download == null) {
            return StubAnswer.message(404, "Not Found");
        }
        if (job.downloadElsewhere && "true".equals(request.parameter("direct_download"))) {
            return StubAnswer.empty(302)
                    .header(
                            "Location",
                            "http://localhost:" + storage.getAddress().getPort() + "/" + job.id());
        }
        return StubAnswer.bytes(200, job.download);
    }

    /** The object storage: another host, which has no business with GitLab's tokens. */
    private void handleStorage(HttpExchange exchange) throws IOException {
        byte[] content =
                locked(() -> {
                    for (String header : new String[] {"JOB-TOKEN", "RUNNER-TOKEN"}) {
                        if (exchange.getRequestHeaders().containsKey(header)) {
                            violations.add(header + " was sent to the object storage");
                        }
                    }
                    String path = exchange.getRequestURI().getPath();
                    StubJob job = jobs.get(Long.parseLong(path.substring(1)));
                    return job == null || job.download == null ? new byte[0] : job.download;
                });
        exchange.sendResponseHeaders(200, content.length == 0 ? -1 : content.length);
        exchange.getResponseBody().write(content);
        exchange.close();
    }

    // ---- state

    private static JsonNode json(StubRequest request) {
        try {
            JsonNode node = JSON.readTree(request.body());
            return node == null ? JsonNodeFactory.instance.objectNode() : node;
        } catch (JsonProcessingException e) {
            throw new IllegalArgumentException("not JSON: " + request, e);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    String newQueueValue() {
        return "%016x".formatted(0x9e3779b97f4a7c15L * ++names);
    }

    void change(Runnable change) {
        locked(() -> {
            change.run();
            changed.signalAll();
            return true;
        });
    }

    <T extends @Nullable Object> T locked(Supplier<T> look) {
        lock.lock();
        try {
            return look.get();
        } finally {
            lock.unlock();
        }
    }
}
