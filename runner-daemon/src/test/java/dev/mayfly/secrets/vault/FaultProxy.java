package dev.mayfly.secrets.vault;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedDeque;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Stands before a real server and does to some of its answers what the server itself cannot be made
 * to do.
 */
public final class FaultProxy implements AutoCloseable {

    /** What becomes of one request. */
    public sealed interface Fault {

        /** Answered here. */
        record Answer(int status, Map<String, String> headers, String body) implements Fault {}

        /** Passed on, and the real answer thrown away with the connection. */
        record LostAnswer() implements Fault {}

        /** Never answered. */
        record Silence() implements Fault {}

        /** Answered with a status, and with words that quote all that was sent. */
        record Echo(int status) implements Fault {}

        /** Answered as by the server, later. */
        record Late(Duration delay) implements Fault {}

        /** A good status, and then a body that never ends. */
        record Drip() implements Fault {}
    }

    private record Rule(String path, Fault fault) {}

    /** One request that arrived. */
    public record Seen(String method, String path, boolean withToken) {}

    private final URI target;
    private final HttpServer server;
    private final HttpClient client = HttpClient.newHttpClient();
    private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
    private final CountDownLatch closing = new CountDownLatch(1);
    private final ConcurrentLinkedDeque<Rule> once = new ConcurrentLinkedDeque<>();
    private final List<Rule> always = new CopyOnWriteArrayList<>();
    private final List<Seen> seen = new CopyOnWriteArrayList<>();
    private final Set<String> tokens = ConcurrentHashMap.newKeySet();
    private final List<String> echoed = new CopyOnWriteArrayList<>();
    private final AtomicInteger late = new AtomicInteger();
    private final AtomicInteger mostLate = new AtomicInteger();

    /** A proxy that passes everything on. */
    public FaultProxy(URI target) throws IOException {
        this.target = target;
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext("/", this::handle);
        server.start();
    }

    public URI address() {
        return URI.create("http://127.0.0.1:" + server.getAddress().getPort());
    }

    /** The next request whose path begins so. */
    public void once(String path, Fault fault) {
        once.add(new Rule(path, fault));
    }

    /** Every request whose path begins so. */
    public void always(String path, Fault fault) {
        always.add(new Rule(path, fault));
    }

    /** From now on every answer is the real one. */
    public void heal() {
        once.clear();
        always.clear();
    }

    /** What has arrived until now was never seen. */
    public void forget() {
        seen.clear();
    }

    /** What arrived for paths that begin so. */
    public List<Seen> seen(String path) {
        return seen.stream().filter(one -> one.path().startsWith(path)).toList();
    }

    /** The tokens that arrived, each once. */
    public Set<String> tokens() {
        return Set.copyOf(tokens);
    }

    /** The tokens of requests that were quoted back. */
    public List<String> echoed() {
        return List.copyOf(echoed);
    }

    /** How many late answers were waited for at once, at most. */
    int mostLateAtOnce() {
        return mostLate.get();
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().toString().substring("/v1/".length());
            seen.add(
                    new Seen(
                            exchange.getRequestMethod(),
                            path,
                            exchange.getRequestHeaders().containsKey("X-Vault-Token")));
            byte[] body = exchange.getRequestBody().readAllBytes();
            String token = exchange.getRequestHeaders().getFirst("X-Vault-Token");
            if (token != null) {
                tokens.add(token);
            }
            Rule rule = ruleFor(path);
            if (rule == null) {
                HttpResponse<byte[]> answer = forward(exchange, body);
                answer(exchange, answer.statusCode(), Map.of(), answer.body());
                return;
            }
            switch (rule.fault()) {
                case Fault.Answer(int status, var headers, String text) ->
                        answer(exchange, status, headers, text.getBytes(StandardCharsets.UTF_8));
                case Fault.LostAnswer() -> forward(exchange, body);
                case Fault.Silence() -> closing.await();
                case Fault.Echo(int status) -> echo(exchange, status, body);
                case Fault.Late(Duration delay) -> {
                    mostLate.accumulateAndGet(late.incrementAndGet(), Math::max);
                    if (!closing.await(delay.toMillis(), TimeUnit.MILLISECONDS)) {
                        HttpResponse<byte[]> answer = forward(exchange, body);
                        late.decrementAndGet();
                        answer(exchange, answer.statusCode(), Map.of(), answer.body());
                    }
                }
                case Fault.Drip() -> drip(exchange);
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private @Nullable Rule ruleFor(String path) {
        for (Rule rule : once) {
            if (path.startsWith(rule.path()) && once.remove(rule)) {
                return rule;
            }
        }
        return always.stream()
                .filter(rule -> path.startsWith(rule.path()))
                .findFirst()
                .orElse(null);
    }

    private HttpResponse<byte[]> forward(HttpExchange exchange, byte[] body)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(target.resolve(exchange.getRequestURI().toString()))
                        .method(
                                exchange.getRequestMethod(),
                                HttpRequest.BodyPublishers.ofByteArray(body));
        for (String name : List.of("X-Vault-Token", "X-Mayfly-Job")) {
            String value = exchange.getRequestHeaders().getFirst(name);
            if (value != null) {
                request.header(name, value);
            }
        }
        return client.send(request.build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    private static void answer(
            HttpExchange exchange, int status, Map<String, String> headers, byte[] body)
            throws IOException {
        exchange.getResponseHeaders().add("Content-Type", "application/json");
        headers.forEach(exchange.getResponseHeaders()::set);
        exchange.sendResponseHeaders(status, body.length == 0 ? -1 : body.length);
        exchange.getResponseBody().write(body);
    }

    private void echo(HttpExchange exchange, int status, byte[] body) throws IOException {
        String token = String.valueOf(exchange.getRequestHeaders().getFirst("X-Vault-Token"));
        echoed.add(token);
        String words = token + " sent " + new String(body, StandardCharsets.UTF_8);
        String quoted = words.replaceAll("[\\\\\"]", "'");
        answer(
                exchange,
                status,
                Map.of(),
                ("{\"errors\":[\"" + quoted + "\"]}").getBytes(StandardCharsets.UTF_8));
    }

    private void drip(HttpExchange exchange) throws IOException, InterruptedException {
        exchange.sendResponseHeaders(200, 0);
        OutputStream out = exchange.getResponseBody();
        while (!closing.await(50, TimeUnit.MILLISECONDS)) {
            out.write(' ');
            out.flush();
        }
    }

    @Override
    public void close() {
        closing.countDown();
        server.stop(0);
        threads.shutdownNow();
        client.close();
    }
}
