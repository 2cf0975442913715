package dev.mayfly.secrets.vault;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.mayfly.Eventually;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A real Vault or OpenBao in its development mode, in memory, on a loopback port of its own; and
 * what its root may do with it. {@code .ci/vault} finds an image or a program, or fetches one.
 */
public final class VaultServer implements AutoCloseable {

    public static final String ROOT_TOKEN = "root-of-the-test-server";

    private static final Duration START_LIMIT = Duration.ofSeconds(30);
    private static final JsonMapper JSON = new JsonMapper();

    private static @Nullable VaultServer shared;

    private final ServerHost host;
    private final URI address;
    private final Path directory;
    private final TrustedClients clients;

    private VaultServer(ServerHost host, URI address, Path directory) {
        this.host = host;
        this.address = address;
        this.directory = directory;
        this.clients =
                new TrustedClients(
                        address.getScheme().equals("https")
                                ? new VaultConnection.Tls(authority(), null, null)
                                : VaultConnection.Tls.USUAL);
    }

    /** One for all tests of this JVM that do it no harm; it ends with the JVM. */
    public static synchronized VaultServer shared() {
        if (shared == null) {
            VaultServer started = start();
            Runtime.getRuntime().addShutdownHook(new Thread(started::close));
            shared = started;
        }
        return shared;
    }

    /** One that a test may seal, stop and damage; the test closes it. */
    public static VaultServer start() {
        return start(false);
    }

    /** The same with an audit log: {@link #auditOf}. */
    public static VaultServer startAudited() {
        VaultServer server = start(false);
        server.write(
                "sys/audit/file",
                """
                {"type": "file", "options": {"file_path": "%s", "mode": "0644"}}
                """
                        .formatted(server.audit()));
        return server;
    }

    /** The same behind TLS, with an authority of its own: {@link #authority()}. */
    static VaultServer startWithTls() {
        return start(true);
    }

    private static VaultServer start(boolean tls) {
        try {
            return start(kind(), tls);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** One made of something certain. */
    static VaultServer start(ServerHost.Kind kind, boolean tls) {
        try {
            Path directory = Files.createTempDirectory("mayfly-vault-");
            int port = freePort();
            Path said = directory.resolve("server.log");
            // OpenBao wants to be told; to a Vault it is a word that it does not know.
            Path settings =
                    Files.writeString(
                            directory.resolve("settings.hcl"),
                            "unsafe_allow_api_audit_creation = true\n");
            List<String> line =
                    new ArrayList<>(
                            List.of(
                                    "server",
                                    "-dev",
                                    "-dev-root-token-id=" + ROOT_TOKEN,
                                    "-dev-listen-address=127.0.0.1:" + port,
                                    "-dev-no-store-token",
                                    "-config=" + settings));
            if (tls) {
                line.addAll(List.of("-dev-tls", "-dev-tls-cert-dir=" + directory));
            }
            ServerHost host = ServerHost.start(kind, line, directory, said);
            VaultServer server =
                    new VaultServer(
                            host,
                            URI.create((tls ? "https" : "http") + "://127.0.0.1:" + port),
                            directory);
            Eventually.holds(
                    "the server answers",
                    START_LIMIT,
                    () -> {
                        assertThat(host.isAlive()).as(Files.readString(said)).isTrue();
                        return server.isHealthy();
                    });
            return server;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    /** What {@code .ci/vault} says, which the variables spare the asking. */
    static ServerHost.Kind kind() throws IOException, InterruptedException {
        String program = System.getenv("MAYFLY_VAULT_PROGRAM");
        if (program != null) {
            return new ServerHost.Kind.Program(program);
        }
        String image = System.getenv("MAYFLY_VAULT_IMAGE");
        if (image != null) {
            return new ServerHost.Kind.Image(image);
        }
        Process asked =
                new ProcessBuilder(Path.of("..", ".ci", "vault").toString(), "server")
                        .redirectError(ProcessBuilder.Redirect.INHERIT)
                        .start();
        String[] said =
                new String(asked.getInputStream().readAllBytes(), StandardCharsets.UTF_8)
                        .strip()
                        .split(" ", 2);
        assertThat(asked.waitFor()).as(".ci/vault server").isZero();
        return said[0].equals("image")
                ? new ServerHost.Kind.Image(said[1])
                : new ServerHost.Kind.Program(said[1]);
    }

    static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    private boolean isHealthy() throws InterruptedException {
        if (address.getScheme().equals("https") && !Files.exists(authority())) {
            return false;
        }
        try {
            return send("GET", "sys/health", null, null, "").statusCode() == 200;
        } catch (IOException e) {
            return false;
        }
    }

    /** How a person would call the server's own command line; settings are in the environment. */
    public List<String> client() {
        return host.client();
    }

    public URI address() {
        return address;
    }

    /** The certificate of whoever signed the server's. */
    final Path authority() {
        return directory.resolve("vault-ca.pem");
    }

    private Path audit() {
        return directory.resolve("audit.log");
    }

    /**
     * What the server has written down of the requests for one job, by the header that Mayfly
     * sends, in the order in which they came.
     */
    public List<JsonNode> auditOf(String job) {
        List<JsonNode> requests = new ArrayList<>();
        try (Stream<String> lines = Files.lines(audit())) {
            for (String line : lines.toList()) {
                JsonNode entry = JSON.readTree(line);
                JsonNode header = entry.at("/request/headers/x-mayfly-job/0");
                if (entry.path("type").asText().equals("request") && header.asText().equals(job)) {
                    requests.add(entry);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return requests;
    }

    /** All that the audit log says. */
    public String wholeAudit() {
        try {
            return Files.readString(audit());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** What the server has on its own disk, its log among it. */
    Path directory() {
        return directory;
    }

    /** Names for one test's mounts, roles and policies, so that tests can share a server. */
    public VaultSpace space(String name) {
        return space("", name);
    }

    /**
     * The same within a namespace.
     *
     * @param namespace with a slash at its end, or empty
     */
    VaultSpace space(String namespace, String name) {
        return new VaultSpace(this, namespace, name);
    }

    // -- what root does

    /** Writes and expects success. */
    public JsonNode write(String path, String json) {
        return succeed("POST", path, json, ROOT_TOKEN);
    }

    public JsonNode read(String path) {
        return succeed("GET", path, null, ROOT_TOKEN);
    }

    public void delete(String path) {
        succeed("DELETE", path, null, ROOT_TOKEN);
    }

    /** Whether a read by root finds something. */
    public boolean finds(String path) {
        return answer("GET", path, null, ROOT_TOKEN).statusCode() == 200;
    }

    /** Lists keys; none where there is nothing. */
    public List<String> list(String path) {
        HttpResponse<String> answer = answer("LIST", path, null, ROOT_TOKEN);
        List<String> keys = new ArrayList<>();
        if (answer.statusCode() == 200) {
            json(answer).path("data").path("keys").forEach(key -> keys.add(key.asText()));
        }
        return keys;
    }

    /** The accessors of all tokens that are good now. */
    public List<String> tokens() {
        return list("auth/token/accessors");
    }

    /** What is known of a living token, or missing. */
    public JsonNode token(String accessor) {
        return json(answer(
                        "POST",
                        "auth/token/lookup-accessor",
                        "{\"accessor\":\"" + accessor + "\"}",
                        ROOT_TOKEN))
                .path("data");
    }

    /**
     * Connects a mounted database engine to a cluster, with a role that may log in.
     *
     * @param role up to 8 characters: the logins have it in their names
     */
    public void database(PostgresCluster cluster, String mount, String role) {
        write(
                mount + "/config/cluster",
                """
                {"plugin_name": "postgresql-database-plugin", "allowed_roles": "*",
                 "connection_url": "postgresql://{{username}}:{{password}}@127.0.0.1:%d/postgres?sslmode=disable",
                 "username": "%s", "password": "%s"}
                """
                        .formatted(
                                cluster.port(), PostgresCluster.ADMIN, PostgresCluster.PASSWORD));
        write(
                mount + "/roles/" + role,
                """
                {"db_name": "cluster", "default_ttl": "1h", "max_ttl": "4h", "creation_statements":
                 "CREATE ROLE \\"{{name}}\\" WITH LOGIN PASSWORD '{{password}}' VALID UNTIL '{{expiration}}';"}
                """);
    }

    public void seal() {
        write("sys/seal", "{}");
    }

    public void unseal() throws IOException {
        String key =
                Files.readAllLines(directory.resolve("server.log")).stream()
                        .filter(line -> line.startsWith("Unseal Key: "))
                        .map(line -> line.substring("Unseal Key: ".length()).strip())
                        .findFirst()
                        .orElseThrow();
        succeed("POST", "sys/unseal", "{\"key\":\"" + key + "\"}", null);
    }

    HttpResponse<String> answer(
            String method, String path, @Nullable String json, @Nullable String token) {
        return answer(method, path, json, token, "");
    }

    /**
     * The same with the answer wrapped.
     *
     * @param wrapTtl in Vault's words, or empty
     */
    HttpResponse<String> answer(
            String method,
            String path,
            @Nullable String json,
            @Nullable String token,
            String wrapTtl) {
        try {
            return send(method, path, json, token, wrapTtl);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private JsonNode succeed(
            String method, String path, @Nullable String json, @Nullable String token) {
        HttpResponse<String> answer = answer(method, path, json, token);
        assertThat(answer.statusCode())
                .as("%s %s: %s", method, path, answer.body())
                .isBetween(200, 299);
        return json(answer);
    }

    private static JsonNode json(HttpResponse<String> answer) {
        try {
            return JSON.readTree(answer.body().isEmpty() ? "{}" : answer.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private HttpResponse<String> send(
            String method,
            String path,
            @Nullable String json,
            @Nullable String token,
            String wrapTtl)
            throws IOException, InterruptedException {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(address.resolve("/v1/" + path))
                        .timeout(Duration.ofSeconds(30))
                        .method(
                                method,
                                json == null
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofString(json));
        if (token != null) {
            request.header("X-Vault-Token", token);
        }
        if (!wrapTtl.isEmpty()) {
            request.header("X-Vault-Wrap-TTL", wrapTtl);
        }
        return clients.current().send(request.build(), HttpResponse.BodyHandlers.ofString());
    }

    /** Kills it: connections are refused from now on. */
    @Override
    public void close() {
        try {
            host.kill();
            try (Stream<Path> files = Files.walk(directory)) {
                for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                    Files.delete(file);
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        } finally {
            clients.close();
        }
    }
}
