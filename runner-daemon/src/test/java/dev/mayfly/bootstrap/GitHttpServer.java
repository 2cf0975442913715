package dev.mayfly.bootstrap;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;

import com.sun.net.httpserver.Headers;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.Inet4Address;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.NetworkInterface;
import java.net.SocketException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.Executors;

/**
 * Repositories over smart HTTP, by git's own {@code http-backend}, for whoever knows a job's token.
 */
public final class GitHttpServer implements AutoCloseable {

    private final Path root;
    private final HttpServer server;
    private final Set<String> tokens = ConcurrentHashMap.newKeySet();
    private final List<String> asked = new CopyOnWriteArrayList<>();

    /**
     * Starts it.
     *
     * @param root where the repositories are
     */
    public GitHttpServer(Path root) throws IOException {
        this.root = root;
        server = HttpServer.create(new InetSocketAddress(0), 0);
        server.createContext("/", this::answer);
        server.setExecutor(Executors.newVirtualThreadPerTaskExecutor());
        server.start();
    }

    /** Lets a token in. */
    public void allow(String token) {
        tokens.add(token);
    }

    /** Lines of the requests, without headers. */
    List<String> asked() {
        return List.copyOf(asked);
    }

    /** Where a container finds it: not by the address of a network that goes with its job. */
    public String authority() throws SocketException {
        String host =
                NetworkInterface.networkInterfaces()
                        .filter(one -> !one.getName().startsWith("br-"))
                        .flatMap(NetworkInterface::inetAddresses)
                        .filter(one -> one instanceof Inet4Address && !one.isLoopbackAddress())
                        .map(InetAddress::getHostAddress)
                        .findFirst()
                        .orElseThrow();
        return host + ":" + server.getAddress().getPort();
    }

    /**
     * Serves a repository that is somewhere else on this host.
     *
     * @param name its path without {@code .git}
     * @param repository bare or not
     * @throws IOException when it is none
     */
    public void publish(String name, Path repository) throws IOException {
        Path real = repository.toRealPath();
        Path work = real.resolve(".git");
        Path bare = Files.isDirectory(work) ? work : real;
        if (!Files.isRegularFile(bare.resolve("HEAD"))) {
            throw new IOException(real + " is no git repository");
        }
        Files.createSymbolicLink(root.resolve(name + ".git"), bare);
    }

    /** The hash of the commit that a reference of a repository stands for. */
    public String commit(Path repository, String reference) throws IOException {
        try {
            return git(repository, "rev-parse", "--verify", "--quiet", reference + "^{commit}")
                    .strip();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IOException("interrupted", e);
        }
    }

    /**
     * Makes a repository of one commit.
     *
     * @param name its path without {@code .git}
     * @param files names and contents in turn
     * @return the commit's hash
     */
    public String repository(String name, String... files)
            throws IOException, InterruptedException {
        Path work = Files.createDirectories(root.resolve(name + "-work"));
        git(work, "init", "--quiet", "--initial-branch=main", ".");
        for (int i = 0; i < files.length; i += 2) {
            Files.writeString(work.resolve(files[i]), files[i + 1]);
        }
        return published(name, work);
    }

    /** Adds a submodule to a repository. */
    String withSubmodule(String name, String path, String url)
            throws IOException, InterruptedException {
        Path work = root.resolve(name + "-work");
        Path module = root.resolve(path + "-work");
        git(
                work,
                "-c",
                "protocol.file.allow=always",
                "submodule",
                "--quiet",
                "add",
                module.toString(),
                path);
        git(work, "config", "--file=.gitmodules", "submodule." + path + ".url", url);
        return published(name, work);
    }

    private String published(String name, Path work) throws IOException, InterruptedException {
        git(work, "add", ".");
        git(
                work,
                "-c",
                "user.name=Tester",
                "-c",
                "user.email=tester@example.com",
                "commit",
                "--quiet",
                "--message=The commit of the job");
        Path bare = root.resolve(name + ".git");
        if (Files.notExists(bare)) {
            Files.createDirectories(bare);
            git(bare, "init", "--quiet", "--bare", ".");
            // As GitLab has it: the commit of a pipeline stays within reach.
            git(bare, "config", "uploadpack.allowAnySHA1InWant", "true");
        }
        git(
                work,
                "push",
                "--quiet",
                bare.toString(),
                "+HEAD:refs/heads/main",
                "+HEAD:refs/pipelines/55");
        return git(work, "rev-parse", "HEAD").strip();
    }

    private static String git(Path directory, String... arguments)
            throws IOException, InterruptedException {
        List<String> command = new ArrayList<>(List.of("git"));
        command.addAll(List.of(arguments));
        ProcessBuilder builder = new ProcessBuilder(command).directory(directory.toFile());
        builder.environment().put("GIT_CONFIG_GLOBAL", "/dev/null");
        Process process = builder.redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), UTF_8);
        if (process.waitFor() != 0) {
            throw new IOException(command + ": " + said);
        }
        return said;
    }

    private void answer(HttpExchange exchange) throws IOException {
        try (exchange) {
            asked.add(exchange.getRequestMethod() + " " + exchange.getRequestURI());
            byte[] body = exchange.getRequestBody().readAllBytes();
            if (!authenticated(exchange.getRequestHeaders())) {
                exchange.getResponseHeaders().add("WWW-Authenticate", "Basic realm=\"git\"");
                exchange.sendResponseHeaders(401, -1);
                return;
            }
            backend(exchange, body);
        }
    }

    private boolean authenticated(Headers headers) {
        String given = Objects.requireNonNullElse(headers.getFirst("Authorization"), "");
        return tokens.stream()
                .map(token -> "gitlab-ci-token:" + token)
                .map(login -> Base64.getEncoder().encodeToString(login.getBytes(UTF_8)))
                .anyMatch(login -> given.equals("Basic " + login));
    }

    private void backend(HttpExchange exchange, byte[] body) throws IOException {
        ProcessBuilder builder = new ProcessBuilder("git", "http-backend");
        var environment = builder.environment();
        environment.put("GIT_PROJECT_ROOT", root.toString());
        environment.put("GIT_HTTP_EXPORT_ALL", "1");
        environment.put("GIT_CONFIG_COUNT", "1");
        environment.put("GIT_CONFIG_KEY_0", "safe.directory");
        environment.put("GIT_CONFIG_VALUE_0", "*");
        environment.put("PATH_INFO", exchange.getRequestURI().getPath());
        environment.put(
                "QUERY_STRING",
                Objects.requireNonNullElse(exchange.getRequestURI().getQuery(), ""));
        environment.put("REQUEST_METHOD", exchange.getRequestMethod());
        Headers headers = exchange.getRequestHeaders();
        environment.put(
                "CONTENT_TYPE", Objects.requireNonNullElse(headers.getFirst("Content-Type"), ""));
        environment.put("CONTENT_LENGTH", String.valueOf(body.length));
        environment.put(
                "HTTP_CONTENT_ENCODING",
                Objects.requireNonNullElse(headers.getFirst("Content-Encoding"), ""));
        environment.put(
                "GIT_PROTOCOL", Objects.requireNonNullElse(headers.getFirst("Git-Protocol"), ""));
        Process process = builder.start();
        try (var in = process.getOutputStream()) {
            in.write(body);
        }
        byte[] said = process.getInputStream().readAllBytes();
        int status = 200;
        int from = 0;
        for (String line = line(said, from); !line.isEmpty(); line = line(said, from)) {
            from += line.length() + 2;
            int colon = line.indexOf(':');
            String name = line.substring(0, colon);
            String value = line.substring(colon + 1).strip();
            if (name.equals("Status")) {
                status = Integer.parseInt(value.substring(0, 3));
            } else {
                exchange.getResponseHeaders().add(name, value);
            }
        }
        byte[] content = Arrays.copyOfRange(said, from + 2, said.length);
        exchange.sendResponseHeaders(status, content.length == 0 ? -1 : content.length);
        exchange.getResponseBody().write(content);
    }

    private static String line(byte[] bytes, int from) {
        ByteArrayOutputStream line = new ByteArrayOutputStream();
        for (int i = from; i < bytes.length && bytes[i] != '\r'; i++) {
            line.write(bytes[i]);
        }
        return line.toString(ISO_8859_1);
    }

    @Override
    public void close() {
        server.stop(0);
    }
}
