package dev.mayfly.artifacts.s3;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import dev.mayfly.artifacts.CacheBounds;
import dev.mayfly.artifacts.CacheScope;
import dev.mayfly.job.PoolName;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.InstantSource;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What is at the endpoint is no S3 server, or a broken one. */
class OddServersTest {

    private static final CacheScope SCOPE = new CacheScope(new PoolName("ci"), "shop", "7");

    @TempDir private Path folder;
    private HttpServer server;

    @BeforeEach
    void listen() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.start();
        for (String key : List.of("access", "secret")) {
            Files.setPosixFilePermissions(
                    Files.writeString(folder.resolve(key), "canary-key"),
                    PosixFilePermissions.fromString("rw-------"));
        }
    }

    @AfterEach
    void stop() {
        server.stop(0);
    }

    private S3Caches caches(int port) throws IOException {
        return new S3Caches(
                new S3Settings(
                        new S3Settings.Place(
                                URI.create("http://127.0.0.1:" + port),
                                "us-east-1",
                                "b-c",
                                "",
                                true),
                        new S3Settings.Access.KeyFiles(
                                folder.resolve("access"), folder.resolve("secret"), null),
                        null,
                        Duration.ofSeconds(30)),
                new CacheBounds(1 << 30, 1 << 20, Duration.ofDays(1)),
                Files.createDirectories(folder.resolve("spool")),
                InstantSource.system(),
                CacheScope::project);
    }

    /**
     * Lets it give one answer to everything.
     *
     * @param length of the body as the server tells it, 0 for a body in chunks
     */
    private void answer(int status, String body, int length) {
        server.createContext(
                "/",
                exchange -> {
                    exchange.getRequestBody().readAllBytes();
                    exchange.getResponseHeaders().add("Location", "http://127.0.0.1:1/elsewhere");
                    exchange.sendResponseHeaders(status, length);
                    exchange.getResponseBody().write(body.getBytes(UTF_8));
                    exchange.close();
                });
    }

    @ParameterizedTest
    @CsvSource({
        "200, <html>log in</html>, 0, answers other than an S3 server",
        "200, <html>log in</html>, 19, answers other than an S3 server",
        "301, moved, 5, correct cache.s3.region and endpoint",
        "307, moved, 5, correct cache.s3.region and endpoint",
        "401, <html>, 6, 'answered 401: let the key do s3:GetObject there'",
        "403, <Error><Code>AccessDenied</Code></Error>, 0, answered 403 AccessDenied: let the key do s3:GetObject",
        "403, <Error><Code>canary-key a b</Code></Error>, 0, answered 403: let the key do s3:GetObject",
        "403, <Error><Code>RequestTimeTooSkewed</Code></Error>, 0, set this host's clock",
        "400, <Error><Code>AuthorizationHeaderMalformed</Code></Error>, 0, correct cache.s3.region",
        "404, <html>not here</html>, 0, 'answered 404: correct cache.s3.endpoint, bucket'",
        "500, oops, 4, answered 500",
        "503, <Error><Code>SlowDown</Code></Error>, 0, answered 503 SlowDown",
    })
    void answerIsToldWithItsCureAndIsNoMoreThanAMiss(
            int status, String body, int length, String told) throws Exception {
        answer(status, body, length);
        try (S3Caches caches = caches(server.getAddress().getPort())) {
            assertThatThrownBy(() -> caches.find(SCOPE, List.of("key")))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("s3://b-c at http://127.0.0.1:")
                    .hasMessageContaining(told)
                    .hasMessageNotContaining("canary");
        }
        try (Stream<Path> left = Files.list(folder.resolve("spool"))) {
            assertThat(left).isEmpty();
        }
    }

    @Test
    void interruptedJobDoesNotWaitForAStoreThatDoesNotAnswer() throws Exception {
        CountDownLatch asked = new CountDownLatch(1);
        AtomicReference<@Nullable Throwable> end = new AtomicReference<>();
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
                S3Caches caches = caches(silent.getLocalPort())) {
            Thread job =
                    Thread.ofVirtual()
                            .start(() -> {
                                try {
                                    caches.find(SCOPE, List.of("key"));
                                } catch (Throwable e) {
                                    end.set(e);
                                }
                            });
            Thread.ofVirtual()
                    .start(() -> {
                        try (var _ = silent.accept()) {
                            asked.countDown();
                            job.join();
                        } catch (IOException | InterruptedException e) {
                            end.set(e);
                        }
                    });
            asked.await();
            job.interrupt();
            job.join();
        }

        assertThat(end.get()).isInstanceOf(InterruptedException.class);
    }
}
