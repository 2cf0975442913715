package dev.mayfly.source.gitlab;

import static java.nio.charset.StandardCharsets.UTF_8;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLDecoder;
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
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final AtomicLong numbers = new AtomicLong(1000);
    private final Map<Long, Posted> jobs = new ConcurrentSkipListMap<>();

    private record Posted(String name, StubJob job) {}

    /**
     * Starts both, the server and the desk.
     *
     * @param port of the server; the desk's is the next one. 0 for any two
     */
    StubDesk(int port) {
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
     * @param arguments the port, or nothing for the usual one
     */
    public static void main(String[] arguments) throws InterruptedException {
        int port = arguments.length == 0 ? PORT : Integer.parseInt(arguments[0]);
        try (StubDesk desk = new StubDesk(port)) {
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

        Make the next three pieces of log fail, everything, and nothing any more:
          curl -X POST '%2$s/faults?endpoint=trace&fault=500&times=3'
          curl -X POST '%2$s/faults?endpoint=all&fault=502-page&times=always'
          curl -X DELETE %2$s/faults

        A token of the old kind, for mayfly register: %4$s
        """
                .formatted(gitlab.url(), url(), runner.token(), GitLabStub.REGISTRATION_TOKEN);
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
            StubJob job = job(route);
            if (parameters(exchange).containsKey("follow")) {
                follow(exchange, job);
            } else {
                answer(exchange, 200, job.trace());
            }
        } else if (route.matches("POST /jobs/[0-9]{1,9}/cancel")) {
            job(route).cancel();
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

    private StubJob job(String route) {
        long id = Long.parseLong(route.replaceAll("\\D+", ""));
        Posted posted = jobs.get(id);
        if (posted == null) {
            throw new IllegalArgumentException("there is no job " + id);
        }
        return posted.job();
    }

    private void post(HttpExchange exchange) throws IOException, InterruptedException {
        byte[] body;
        try (InputStream in = exchange.getRequestBody()) {
            body = in.readNBytes(LARGEST_JOB + 1);
        }
        if (body.length > LARGEST_JOB) {
            throw new IllegalArgumentException("a job has at most " + LARGEST_JOB + " bytes");
        }
        long id = numbers.incrementAndGet();
        StubPayload payload = StubJobFile.payload(id, new String(body, UTF_8));
        StubJob job = gitlab.enqueue(runner, payload);
        jobs.put(id, new Posted(payload.node().path("job_info").path("name").asText(), job));
        if (parameters(exchange).containsKey("follow")) {
            follow(exchange, job);
        } else {
            answer(exchange, 201, id + "\n");
        }
    }

    /** Sends the trace as it comes, and how the job ended. */
    private void follow(HttpExchange exchange, StubJob job)
            throws IOException, InterruptedException {
        exchange.getResponseHeaders().set("Content-Type", "text/plain; charset=utf-8");
        exchange.sendResponseHeaders(200, 0);
        OutputStream out = exchange.getResponseBody();
        int sent = 0;
        boolean over = false;
        while (!over && !closing.await(LOOK_EVERY.toMillis(), TimeUnit.MILLISECONDS)) {
            over = !job.status().live() && job.status() != StubJob.Status.PENDING;
            byte[] trace = job.traceBytes();
            if (trace.length > sent) {
                out.write(Arrays.copyOfRange(trace, sent, trace.length));
                out.flush();
                sent = trace.length;
            }
        }
        out.write(("\njob " + job.id() + ": " + end(job) + "\n").getBytes(UTF_8));
    }

    private static String end(StubJob job) {
        String reason = job.failureReason();
        Integer code = job.exitCode();
        return job.status().word()
                + (reason == null ? "" : ", " + reason)
                + (code == null ? "" : ", exit code " + code);
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
                    .put("end", end(posted.job()));
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
        desk.stop(0);
        threads.shutdownNow();
        gitlab.close();
    }
}
