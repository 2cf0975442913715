package dev.mayfly.source.gitlab;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import dev.mayfly.admission.oidc.Issuer;
import dev.mayfly.bootstrap.GitHttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/**
 * The tests' GitLab for a person: a page and a few commands to register a runner with, to post a
 * job, to watch its trace and to make things go wrong. {@code make gitlab-stub} starts it.
 *
 * <p>Listens on loopback, and answers no page of another origin: who can post a job here can run a
 * program in the sandbox of whoever has registered.
 */
public final class StubDesk implements AutoCloseable {

    private static final int PORT = 9480;
    private static final Duration LOOK_EVERY = Duration.ofMillis(100);
    private static final int LARGEST_JOB = 1 << 20;

    /** What an upload has around its file, at most. */
    private static final int FORM_BYTES = 1 << 10;

    private static final Map<String, StubFault> FAULTS = new LinkedHashMap<>();

    static {
        FAULTS.put("403", StubFault.status(403));
        FAULTS.put("409", StubFault.status(409));
        FAULTS.put("410", StubFault.status(410));
        FAULTS.put("416", StubFault.status(416, "Range", "0-0"));
        FAULTS.put("422", StubFault.status(422));
        FAULTS.put("429", StubFault.status(429, "Retry-After", "2"));
        FAULTS.put("500", StubFault.status(500));
        FAULTS.put("502-page", StubFault.html(502));
        FAULTS.put("503", StubFault.status(503));
        FAULTS.put("cut-before", new StubFault.CutBefore());
        FAULTS.put("cut-after", new StubFault.CutAfter());
        FAULTS.put("truncated", new StubFault.Truncated());
        FAULTS.put("wrong-type", new StubFault.ContentType("text/html"));
        FAULTS.put("slow", new StubFault.Slow(Duration.ofSeconds(5)));
    }

    private final GitLabStub gitlab;
    private final HttpServer desk;
    private final StubRunner runner;
    private final @Nullable Sources sources;
    private final Issuer identities = new Issuer();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final AtomicLong numbers = new AtomicLong(1000);
    private final Map<Long, Posted> jobs = new ConcurrentSkipListMap<>();

    private record Posted(String name, StubJob job, StubJobFile.End end) {

        boolean over() {
            return !job.status().live() && job.status() != StubJob.Status.PENDING;
        }
    }

    /** Where the jobs' sources are: a repository of the host, or nowhere. */
    private record Sources(GitHttpServer server, Path root, Path repository) {

        private static final String NAME = "project";

        static Sources of(Path repository) throws IOException {
            Path root = Files.createTempDirectory("mayfly-gitlab-stub-");
            GitHttpServer server = new GitHttpServer(root);
            Sources sources = new Sources(server, root, repository.toAbsolutePath());
            try {
                server.publish(NAME, repository);
            } catch (IOException e) {
                sources.close();
                throw e;
            }
            return sources;
        }

        void close() throws IOException {
            server.close();
            Files.deleteIfExists(root.resolve(NAME + ".git"));
            Files.deleteIfExists(root);
        }

        /** Lets a job fetch what is committed on a branch now. */
        void fetchedBy(StubPayload payload, String branch) throws IOException {
            String token = payload.node().path("token").asText();
            server.allow(token);
            String sha;
            try {
                sha = server.commit(repository, "refs/heads/" + branch);
            } catch (IOException e) {
                throw new IllegalArgumentException(
                        repository + " has no commit on a branch " + branch, e);
            }
            ObjectNode git = (ObjectNode) payload.node().path("git_info");
            git.put(
                            "repo_url",
                            "http://gitlab-ci-token:%s@%s/%s.git"
                                    .formatted(token, server.authority(), NAME))
                    .put("ref", branch)
                    .put("sha", sha)
                    .putArray("refspecs")
                    .add("+refs/heads/%1$s:refs/remotes/origin/%1$s".formatted(branch));
        }
    }

    /**
     * Starts both, the server and the desk.
     *
     * @param port of the server; the desk's is the next one. 0 for any two
     * @param repository whose sources the jobs fetch, or null for none
     * @throws IllegalArgumentException when that is no repository
     */
    StubDesk(int port, @Nullable Path repository) {
        try {
            sources = repository == null ? null : Sources.of(repository);
        } catch (IOException e) {
            throw new IllegalArgumentException(repository + " cannot be served: " + e, e);
        }
        gitlab = GitLabStub.startAt(port).manyClients();
        runner = gitlab.runner();
        try {
            desk =
                    HttpServer.create(
                            new InetSocketAddress(
                                    InetAddress.getLoopbackAddress(), port == 0 ? 0 : port + 1),
                            0);
        } catch (IOException e) {
            gitlab.close();
            throw new UncheckedIOException(e);
        }
        desk.setExecutor(threads);
        desk.createContext("/", this::handle);
        desk.start();
    }

    /**
     * Starts it and waits for the end of the process.
     *
     * @param arguments the port, or nothing for the usual one, and a repository to fetch from, if
     *     wanted
     */
    public static void main(String[] arguments) throws InterruptedException {
        int port = arguments.length == 0 ? PORT : Integer.parseInt(arguments[0]);
        Path repository = arguments.length < 2 ? null : Path.of(arguments[1]);
        try (StubDesk desk = new StubDesk(port, repository)) {
            System.out.println(desk.words());
            new CountDownLatch(1).await();
        }
    }

    URI url() {
        return URI.create("http://localhost:" + desk.getAddress().getPort());
    }

    GitLabStub gitlab() {
        return gitlab;
    }

    StubRunner runner() {
        return runner;
    }

    /** What somebody needs to know who has just started it. */
    String words() {
        return """
        The tests' GitLab is at %1$s, its page at %2$s

        Register this host with it, and start the daemon:
          MAYFLY_GITLAB_TOKEN=%3$s \\
            mayfly register --name stub --url %1$s --write

        Post a job, and watch its trace:
          curl --no-buffer --data-binary @job.yml '%2$s/jobs?follow'
          with, for example, in job.yml:
            hello:
              script: [echo hello]

        %5$s
        Identity tokens (id_tokens) are of the issuer %1$s, with its keys at %6$s

        Make the next three pieces of log fail, everything, and nothing any more:
          curl -X POST '%2$s/faults?endpoint=trace&fault=500&times=3'
          curl -X POST '%2$s/faults?endpoint=all&fault=502-page&times=always'
          curl -X DELETE %2$s/faults

        A token of the old kind, for mayfly register: %4$s
        """
                .formatted(
                        gitlab.url(),
                        url(),
                        runner.token(),
                        GitLabStub.REGISTRATION_TOKEN,
                        whereFrom(),
                        identities.keys());
    }

    private String whereFrom() {
        return sources == null
                ? "There is no repository: give one to make gitlab-stub by REPO=DIRECTORY."
                : "Its sources are what is committed in "
                        + sources.repository()
                        + ", on the branch main,"
                        + " or on another: add &branch=NAME to the address.";
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String route = exchange.getRequestMethod() + " " + exchange.getRequestURI().getPath();
            if (!ours(exchange)) {
                answer(exchange, 403, "this page is for this host only\n");
                return;
            }
            try {
                serve(exchange, route);
            } catch (IllegalArgumentException e) {
                answer(exchange, 400, e.getMessage() + "\n");
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
    }

    private void serve(HttpExchange exchange, String route)
            throws IOException, InterruptedException {
        if (route.equals("GET /")) {
            page(exchange);
        } else if (route.equals("GET /state")) {
            answer(exchange, 200, state().toPrettyString() + "\n");
        } else if (route.equals("POST /jobs")) {
            post(exchange);
        } else if (route.matches("GET /jobs/[0-9]{1,9}")) {
            Posted posted = posted(route);
            if (parameters(exchange).containsKey("follow")) {
                follow(exchange, posted);
            } else {
                answer(exchange, 200, posted.job().trace());
            }
        } else if (route.matches("POST /jobs/[0-9]{1,9}/cancel")) {
            posted(route).job().cancel();
            answer(exchange, 200, "cancelled\n");
        } else if (route.equals("POST /faults")) {
            answer(exchange, 200, breakThings(parameters(exchange)));
        } else if (route.equals("DELETE /faults")) {
            gitlab.healthy();
            answer(exchange, 200, "nothing goes wrong any more\n");
        } else {
            answer(exchange, 404, "there is no " + route + "\n");
        }
    }

    /** Not a page of another server that this host's browser has open. */
    private boolean ours(HttpExchange exchange) {
        String host = String.valueOf(exchange.getRequestHeaders().getFirst("Host"));
        String origin = exchange.getRequestHeaders().getFirst("Origin");
        int port = desk.getAddress().getPort();
        return List.of("localhost:" + port, "127.0.0.1:" + port).contains(host)
                && (origin == null || origin.equals("http://" + host));
    }

    private Posted posted(String route) {
        long id = Long.parseLong(route.replaceAll("\\D+", ""));
        Posted posted = jobs.get(id);
        if (posted == null) {
            throw new IllegalArgumentException("there is no job " + id);
        }
        return posted;
    }

    private void post(HttpExchange exchange) throws IOException, InterruptedException {
        byte[] body;
        try (InputStream in = exchange.getRequestBody()) {
            body = in.readNBytes(LARGEST_JOB + 1);
        }
        if (body.length > LARGEST_JOB) {
            throw new IllegalArgumentException("a job has at most " + LARGEST_JOB + " bytes");
        }
        Map<String, String> parameters = parameters(exchange);
        Posted posted =
                enqueued(new String(body, UTF_8), parameters.getOrDefault("branch", "main"), 0);
        if (parameters.containsKey("follow")) {
            follow(exchange, posted);
        } else {
            answer(exchange, 201, posted.job().id() + "\n");
        }
    }

    /**
     * Hands a job to the runner.
     *
     * @param retry how often it has been run before
     */
    private Posted enqueued(String yaml, String branch, int retry) throws IOException {
        long id = numbers.incrementAndGet();
        StubJobFile.Wish wish = StubJobFile.read(id, yaml, sources != null);
        wish.needs().forEach(this::ended);
        for (String name : wish.dependencies()) {
            wish.payload().dependency(name, withArchive(ended(name)));
        }
        if (sources != null) {
            sources.fetchedBy(wish.payload(), branch);
        }
        wish.idTokens()
                .forEach((name, audiences) ->
                        wish.payload()
                                .variable(name, identity(wish.payload(), audiences), "masked"));
        Posted posted =
                new Posted(
                        wish.payload().node().path("job_info").path("name").asText(),
                        gitlab.enqueue(runner, wish.payload()),
                        wish.end());
        jobs.put(id, posted);
        if (retry < wish.end().retries()) {
            threads.execute(() -> retry(posted, yaml, branch, retry + 1));
        }
        return posted;
    }

    /** What the server signs of a job. */
    private String identity(StubPayload payload, List<String> audiences) {
        JsonNode git = payload.node().path("git_info");
        return identities.sign(
                Issuer.claims(payload.node().path("id").asText())
                        .issuer(gitlab.url().toString())
                        .audience(audiences)
                        .claim("sha", git.path("sha").asText())
                        .claim("ref", git.path("ref").asText())
                        .claim("ref_protected", "false")
                        .build());
    }

    /** The last job of a name, as a pipeline would have it. */
    private StubJob ended(String name) {
        Posted last =
                jobs.values().stream()
                        .filter(posted -> posted.name().equals(name))
                        .reduce((_, later) -> later)
                        .orElseThrow(() ->
                                new IllegalArgumentException(
                                        "there is no job " + name + " yet: post it first"));
        if (!last.over()) {
            throw new IllegalArgumentException(
                    "job " + name + " has not ended yet: post this one when it has");
        }
        return last.job();
    }

    /** Others can fetch from now on what the job has uploaded as its archive. */
    private static StubJob withArchive(StubJob job) {
        for (StubJob.Artifact artifact : job.artifacts()) {
            if ("archive".equals(artifact.type())) {
                if (artifact.bytes().length + FORM_BYTES < artifact.length()) {
                    throw new IllegalArgumentException(
                            "the artifacts of job "
                                    + job.id()
                                    + " are larger than what this server keeps");
                }
                job.download(artifact.bytes(), false);
            }
        }
        return job;
    }

    private void retry(Posted posted, String yaml, String branch, int retry) {
        try {
            while (!posted.over()) {
                if (closing.await(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
                    return;
                }
            }
            if (posted.job().status() == StubJob.Status.FAILED
                    && posted.end().retries(posted.job().failureReason())) {
                enqueued(yaml, branch, retry);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } catch (IOException | IllegalArgumentException e) {
            System.err.println("job " + posted.job().id() + " is not run again: " + e.getMessage());
        }
    }

    /** Sends the trace as it comes, and how the job ended. */
    private void follow(HttpExchange exchange, Posted posted)
            throws IOException, InterruptedException {
        exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
        exchange.sendResponseHeaders(200, 0);
        OutputStream out = exchange.getResponseBody();
        StubJob job = posted.job();
        int sent = 0;
        boolean over = false;
        while (!over && !closing.await(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
            over = posted.over();
            byte[] trace = job.traceBytes();
            if (trace.length > sent) {
                out.write(Arrays.copyOfRange(trace, sent, trace.length));
                out.flush();
                sent = trace.length;
            }
        }
        out.write(("\njob " + job.id() + ": " + end(posted) + "\n").getBytes(UTF_8));
    }

    private static String end(Posted posted) {
        StubJob job = posted.job();
        String reason = job.failureReason();
        Integer code = job.exitCode();
        return job.status().word()
                + (reason == null ? "" : ", " + reason)
                + (code == null ? "" : ", exit code " + code)
                + (job.status() == StubJob.Status.FAILED && posted.end().allows(code)
                        ? " (allowed to fail)"
                        : "");
    }

    private String breakThings(Map<String, String> wish) {
        String name = wish.getOrDefault("fault", "");
        StubFault fault = FAULTS.get(name);
        if (fault == null) {
            throw new IllegalArgumentException(
                    "there is no fault \"" + name + "\"; there is " + FAULTS.keySet());
        }
        List<StubEndpoint> endpoints = endpoints(wish.getOrDefault("endpoint", "all"));
        String times = wish.getOrDefault("times", "1");
        if (!times.matches("always|[1-9][0-9]{0,2}")) {
            throw new IllegalArgumentException("times must be 1 to 999, or always");
        }
        for (StubEndpoint endpoint : endpoints) {
            if (times.equals("always")) {
                gitlab.always(endpoint, fault);
            } else {
                for (int i = 0; i < Integer.parseInt(times); i++) {
                    gitlab.next(endpoint, fault);
                }
            }
        }
        return "%s, %s: %s%n".formatted(name, times, endpoints);
    }

    private static List<StubEndpoint> endpoints(String name) {
        if (name.equals("all")) {
            return List.of(StubEndpoint.values());
        }
        try {
            return List.of(StubEndpoint.valueOf(name.toUpperCase(Locale.ROOT).replace('-', '_')));
        } catch (IllegalArgumentException e) {
            throw new IllegalArgumentException(
                    "there is no endpoint \"" + name + "\"; there is all, " + endpointNames(), e);
        }
    }

    private static List<String> endpointNames() {
        return Arrays.stream(StubEndpoint.values())
                .map(one -> one.name().toLowerCase(Locale.ROOT).replace('_', '-'))
                .toList();
    }

    private ObjectNode state() {
        ObjectNode state = JsonNodeFactory.instance.objectNode();
        ArrayNode list = state.putArray("jobs");
        for (Posted posted : jobs.values()) {
            list.addObject()
                    .put("id", posted.job().id())
                    .put("name", posted.name())
                    .put("end", end(posted));
        }
        ArrayNode managers = state.putArray("managers");
        runner.managers().forEach(managers::add);
        ArrayNode violations = state.putArray("violations");
        gitlab.violations().forEach(violations::add);
        return state;
    }

    private void page(HttpExchange exchange) throws IOException {
        String template;
        try (InputStream in = StubDesk.class.getResourceAsStream("desk.html")) {
            template = new String(Objects.requireNonNull(in, "desk.html").readAllBytes(), UTF_8);
        }
        String page =
                template.replace("{{WORDS}}", escaped(words()))
                        .replace("{{ENDPOINTS}}", options(endpointNames()))
                        .replace("{{FAULTS}}", options(new ArrayList<>(FAULTS.keySet())));
        exchange.getResponseHeaders().set("Content-Type", "text/html; charset=utf-8");
        exchange.getResponseHeaders()
                .set(
                        "Content-Security-Policy",
                        "default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline';"
                                + " connect-src 'self'");
        byte[] bytes = page.getBytes(UTF_8);
        exchange.sendResponseHeaders(200, bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    private static String options(List<String> names) {
        StringBuilder options = new StringBuilder();
        names.forEach(name -> options.append("<option>").append(name).append("</option>"));
        return options.toString();
    }

    private static String escaped(String text) {
        return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;");
    }

    private static Map<String, String> parameters(HttpExchange exchange) {
        Map<String, String> parameters = new LinkedHashMap<>();
        String query = exchange.getRequestURI().getRawQuery();
        if (query != null) {
            for (String pair : query.split("&", -1)) {
                int equals = pair.indexOf('=');
                parameters.put(
                        equals < 0 ? pair : pair.substring(0, equals),
                        equals < 0 ? "" : URLDecoder.decode(pair.substring(equals + 1), UTF_8));
            }
        }
        return parameters;
    }

    private static void answer(HttpExchange exchange, int status, String text) throws IOException {
        byte[] bytes = text.getBytes(UTF_8);
        exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
    }

    /**
     * Stops both.
     *
     * @throws AssertionError when a client has broken the protocol
     */
    @Override
    public void close() {
        closing.countDown();
        identities.close();
        if (sources != null) {
            try {
                sources.close();
            } catch (IOException e) {
                System.err.println(sources.root() + " was not removed: " + e);
            }
        }
        desk.stop(0);
        threads.shutdownNow();
        gitlab.close();
    }
}
