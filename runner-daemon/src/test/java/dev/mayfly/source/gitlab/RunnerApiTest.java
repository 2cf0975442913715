package dev.mayfly.source.gitlab;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.vertx.core.Vertx;
import java.io.OutputStream;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManagerFactory;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Registration, tokens, and the ways to a server. */
class RunnerApiTest {

    private static final char[] PASSWORD = "changeit".toCharArray();

    @TempDir Path folder;

    private final Vertx vertx = Vertx.vertx();

    @AfterEach
    void stop() {
        vertx.close().toCompletionStage().toCompletableFuture().join();
    }

    @Test
    void goodTokenIsGrantedWithItsEnd() throws Exception {
        try (GitLabStub stub = GitLabStub.start();
                RunnerApi api = api(stub)) {
            Instant end = Instant.parse("2099-01-02T03:04:05Z");
            StubRunner runner = stub.runner().expires(end);

            assertThat(api.verify(new GitLabToken(runner.token())))
                    .isInstanceOfSatisfying(
                            RegistrationAnswer.Granted.class,
                            granted -> {
                                assertThat(granted.runner()).isEqualTo(runner.id());
                                assertThat(granted.expires()).isEqualTo(end);
                            });
            assertThat(runner.managers()).containsExactly(GitLabFixture.SYSTEM.value());
        }
    }

    @Test
    void oldServersPlainAnswerIsGranted() throws Exception {
        try (GitLabStub stub = GitLabStub.start();
                RunnerApi api = api(stub)) {
            StubRunner runner = stub.runner().verifyAsText(true);

            assertThat(api.verify(new GitLabToken(runner.token())))
                    .isInstanceOf(RegistrationAnswer.Granted.class);
        }
    }

    @ParameterizedTest
    @CsvSource({
        "403, does not know this token",
        "404, check the URL",
        "410, no registration tokens",
        "422, group or project is gone",
        "301, use the URL that a browser ends at",
        "400, does not take"
    })
    void refusalHasCauseAndCure(int status, String words) throws Exception {
        try (GitLabStub stub = GitLabStub.start();
                RunnerApi api = api(stub)) {
            stub.next(StubEndpoint.VERIFY, StubFault.status(status));

            assertThat(api.verify(new GitLabToken("glrt-canary-token")))
                    .isInstanceOfSatisfying(
                            RegistrationAnswer.Refused.class,
                            refused ->
                                    assertThat(refused.because())
                                            .contains(words)
                                            .doesNotContain("canary"));
        }
    }

    @Test
    void tokenThatTheServerRepeatsIsHidden() throws Exception {
        try (GitLabStub stub = GitLabStub.start();
                RunnerApi api = api(stub)) {
            stub.next(
                    StubEndpoint.VERIFY,
                    new StubFault.Status(
                            403,
                            Map.of(),
                            "application/json",
                            "{\"message\":\"no glrt-canary-token here\"}"));
            RegistrationAnswer answer = api.verify(new GitLabToken("glrt-canary-token"));

            assertThat(answer.toString()).contains("no [hidden] here").doesNotContain("canary");
        }
    }

    @Test
    void overloadedServerIsAskedUpToFiveTimes() throws Exception {
        try (GitLabStub stub = GitLabStub.start();
                RunnerApi api = api(stub)) {
            StubRunner runner = stub.runner();
            stub.next(
                    StubEndpoint.VERIFY,
                    StubFault.status(500),
                    StubFault.status(429, "Retry-After", "0"),
                    StubFault.html(502));
            assertThat(api.verify(new GitLabToken(runner.token())))
                    .isInstanceOf(RegistrationAnswer.Granted.class);

            stub.always(StubEndpoint.VERIFY, StubFault.html(503));
            assertThat(api.verify(new GitLabToken(runner.token())))
                    .isInstanceOf(RegistrationAnswer.Refused.class);
            assertThat(stub.requests(StubEndpoint.VERIFY)).hasSize(4 + 5);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"text/html", "application/octet-stream"})
    void grantThatIsNotJsonIsRefused(String type) throws Exception {
        try (GitLabStub stub = GitLabStub.start();
                RunnerApi api = api(stub)) {
            StubRunner runner = stub.runner();
            stub.next(StubEndpoint.RESET_TOKEN, new StubFault.ContentType(type));

            assertThat(api.resetToken(new GitLabToken(runner.token())))
                    .isInstanceOf(RegistrationAnswer.Refused.class);
        }
    }

    @Test
    void legacyRegistrationMakesARunnerAndTakesItAway() throws Exception {
        try (GitLabStub stub = GitLabStub.start();
                RunnerApi api = api(stub)) {
            NewRunner wish =
                    new NewRunner(
                            "a test",
                            List.of("docker", "linux"),
                            NewRunner.Access.REF_PROTECTED,
                            false,
                            Duration.ofMinutes(20));
            RegistrationAnswer answer =
                    api.register(new GitLabToken(GitLabStub.REGISTRATION_TOKEN), wish);

            assertThat(answer).isInstanceOf(RegistrationAnswer.Granted.class);
            assertThat(stub.requests().getFirst().text())
                    .contains(
                            "\"tag_list\":\"docker,linux\"", "\"access_level\":\"ref_protected\"");
            GitLabToken token = ((RegistrationAnswer.Granted) answer).token();
            assertThat(api.unregister(token)).isInstanceOf(RegistrationAnswer.Removed.class);
            assertThat(stub.runners()).isEmpty();
        }
    }

    @Test
    void unregisteredManagerLeavesTheRunner() throws Exception {
        try (GitLabStub stub = GitLabStub.start();
                RunnerApi api = api(stub)) {
            StubRunner runner = stub.runner();
            GitLabToken token = new GitLabToken(runner.token());
            api.verify(token);

            assertThat(api.unregister(token)).isInstanceOf(RegistrationAnswer.Removed.class);
            assertThat(runner.managers()).isEmpty();
            assertThat(stub.runners()).hasSize(1);
        }
    }

    @Test
    void relativeUrlRootIsKept() throws Exception {
        try (GitLabStub stub = GitLabStub.startBelow("/gitlab");
                RunnerApi api = api(stub)) {
            StubRunner runner = stub.runner();

            assertThat(api.verify(new GitLabToken(runner.token())))
                    .isInstanceOf(RegistrationAnswer.Granted.class);
            assertThat(stub.requests().getFirst().target())
                    .isEqualTo("/gitlab/api/v4/runners/verify");
        }
    }

    @ParameterizedTest
    @CsvSource({
        "https://gitlab.example.com/, https://gitlab.example.com",
        "https://GitLab.example.com:443, https://gitlab.example.com",
        "http://gitlab.example.com:8080/git//, http://gitlab.example.com:8080/git",
        "https://gitlab.example.com/ci, https://gitlab.example.com",
        "https://gitlab.example.com/gitlab/ci/, https://gitlab.example.com/gitlab"
    })
    void addressIsReadAsUsersEnterIt(String entered, String meant) {
        assertThat(ServerAddress.of(entered)).hasToString(meant);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gitlab.example.com",
                "ftp://gitlab.example.com",
                "https://user:canary@gitlab.example.com",
                "https://gitlab.example.com?private_token=canary",
                "https://"
            })
    void otherAddressIsRefusedWithoutItsSecrets(String entered) {
        assertThatThrownBy(() -> ServerAddress.of(entered))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageNotContaining("canary");
    }

    @Test
    void ownAuthorityAndClientCertificateAreUsed() throws Exception {
        Certificates certificates = new Certificates(folder);
        try (GitLabStub stub = GitLabStub.startWithTls(certificates.server(), true)) {
            StubRunner runner = stub.runner();
            GitLabToken token = new GitLabToken(runner.token());
            ServerAddress server = ServerAddress.of(stub.url().toString());
            Connection.ClientCertificate client =
                    new Connection.ClientCertificate(certificates.pem, certificates.key);
            try (RunnerApi api = api(new Connection(server, certificates.pem, client, null))) {
                assertThat(api.verify(token)).isInstanceOf(RegistrationAnswer.Granted.class);
            }
            try (RunnerApi stranger = api(new Connection(server, certificates.pem, null, null))) {
                assertThatThrownBy(() -> stranger.verify(token))
                        .isInstanceOf(UnreachableException.class);
            }
            try (RunnerApi distrustful = api(new Connection(server, null, client, null))) {
                assertThatThrownBy(() -> distrustful.verify(token))
                        .isInstanceOf(UnreachableException.class)
                        .hasMessageContaining("authority");
            }
        }
    }

    @Test
    void proxyOfTheEnvironmentIsUsedUnlessExcepted() {
        ServerAddress server = ServerAddress.of("https://gitlab.example.com");
        Map<String, String> proxy = Map.of("HTTPS_PROXY", "http://me:canary@proxy.local:3128");
        assertThat(ProxyRoute.of(proxy, server))
                .hasValueSatisfying(route -> {
                    assertThat(route.host()).isEqualTo("proxy.local");
                    assertThat(route.port()).isEqualTo(3128);
                    assertThat(route.user()).isEqualTo("me");
                    assertThat(route.toString()).doesNotContain("canary");
                });
        assertThat(
                        ProxyRoute.of(
                                Map.of(
                                        "https_proxy",
                                        "proxy.local:3128",
                                        "no_proxy",
                                        "localhost, .example.com"),
                                server))
                .isEmpty();
        assertThat(ProxyRoute.of(Map.of("HTTP_PROXY", "http://p"), server)).isEmpty();
        assertThatThrownBy(() -> ProxyRoute.of(Map.of("HTTPS_PROXY", "ftp://canary"), server))
                .hasMessageContaining("HTTPS_PROXY")
                .hasMessageNotContaining("canary");
    }

    @Test
    void requestGoesThroughTheProxy() throws Exception {
        try (GitLabStub stub = GitLabStub.start()) {
            StubRunner runner = stub.runner();
            // The stub as a proxy for a server that does not exist: the absolute address arrives.
            ProxyRoute proxy = new ProxyRoute("localhost", stub.port(), null, null);
            ServerAddress server = ServerAddress.of("http://gitlab.invalid");
            try (RunnerApi api = api(new Connection(server, null, null, proxy))) {
                assertThat(api.verify(new GitLabToken(runner.token())))
                        .isInstanceOf(RegistrationAnswer.Granted.class);
            }
            assertThat(stub.requests().getFirst().target())
                    .isEqualTo("http://gitlab.invalid/api/v4/runners/verify");
        }
    }

    @Test
    void stubNoticesAClientThatDoesWrong() throws Exception {
        GitLabStub stub = GitLabStub.start();
        StubJob job = stub.running(stub.runner(), StubPayload.job(1, "test"));
        try (java.net.http.HttpClient http = java.net.http.HttpClient.newHttpClient()) {
            http.send(
                    HttpRequest.newBuilder(
                                    URI.create(
                                            stub.url()
                                                    + "/api/v4/jobs/1/trace?token="
                                                    + job.token()))
                            .header("Content-Range", "bytes 0-9")
                            .header("JOB-TOKEN", job.token())
                            .method("PATCH", HttpRequest.BodyPublishers.ofString("text"))
                            .build(),
                    HttpResponse.BodyHandlers.discarding());
            http.send(
                    HttpRequest.newBuilder(URI.create(stub.url() + "/api/v4/jobs/1"))
                            .header("Content-Type", "application/json")
                            .PUT(
                                    HttpRequest.BodyPublishers.ofString(
                                            "{\"token\":\""
                                                    + job.token()
                                                    + "\",\"state\":\"failed\",\"failure_reason\":\"odd\",\"exit_code\":0}"))
                            .build(),
                    HttpResponse.BodyHandlers.discarding());
        }

        assertThat(stub.violations())
                .anyMatch(v -> v.contains("a token is in the URL"))
                .anyMatch(v -> v.contains("X-Request-Id"))
                .anyMatch(v -> v.contains("Content-Range must be"))
                .anyMatch(v -> v.contains("Content-Type must be text/plain"))
                .anyMatch(v -> v.contains("debug_trace"))
                .anyMatch(v -> v.contains("JOB-TOKEN"))
                .anyMatch(v -> v.contains("info.features"))
                .anyMatch(v -> v.contains("no failure_reason odd"))
                .anyMatch(v -> v.contains("exit_code"))
                .anyMatch(v -> v.contains("checksum"));
        assertThatThrownBy(stub::close).isInstanceOf(AssertionError.class);
    }

    private RunnerApi api(GitLabStub stub) {
        return api(Connection.to(ServerAddress.of(stub.url().toString())));
    }

    private RunnerApi api(Connection connection) {
        return RunnerApi.open(vertx, connection, GitLabFixture.INFO, GitLabFixture.SYSTEM);
    }

    /** A certificate that signed itself: the server's, its authority's and the client's in one. */
    private static final class Certificates {

        final Path pem;
        final Path key;
        private final KeyStore store;

        Certificates(Path folder) throws Exception {
            Path file = folder.resolve("keys.p12");
            Process keytool =
                    new ProcessBuilder(
                                    Path.of(System.getProperty("java.home"), "bin", "keytool")
                                            .toString(),
                                    "-genkeypair",
                                    "-keyalg",
                                    "EC",
                                    "-alias",
                                    "stub",
                                    "-dname",
                                    "CN=localhost",
                                    "-ext",
                                    "san=dns:localhost",
                                    "-validity",
                                    "2",
                                    "-storetype",
                                    "PKCS12",
                                    "-keystore",
                                    file.toString(),
                                    "-storepass",
                                    new String(PASSWORD))
                            .redirectErrorStream(true)
                            .redirectOutput(folder.resolve("keytool.log").toFile())
                            .start();
            assertThat(keytool.waitFor()).isZero();
            store = KeyStore.getInstance(file.toFile(), PASSWORD);
            pem = folder.resolve("certificate.pem");
            key = folder.resolve("key.pem");
            write(pem, "CERTIFICATE", store.getCertificate("stub").getEncoded());
            write(key, "PRIVATE KEY", store.getKey("stub", PASSWORD).getEncoded());
        }

        SSLContext server() throws Exception {
            KeyManagerFactory keys =
                    KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
            keys.init(store, PASSWORD);
            KeyStore trusted = KeyStore.getInstance("PKCS12");
            trusted.load(null, null);
            trusted.setCertificateEntry("stub", store.getCertificate("stub"));
            TrustManagerFactory trust =
                    TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
            trust.init(trusted);
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys.getKeyManagers(), trust.getTrustManagers(), null);
            return context;
        }

        private static void write(Path file, String what, byte[] content) throws Exception {
            try (OutputStream out = Files.newOutputStream(file)) {
                out.write(
                        ("-----BEGIN "
                                        + what
                                        + "-----\n"
                                        + Base64.getMimeEncoder().encodeToString(content)
                                        + "\n-----END "
                                        + what
                                        + "-----\n")
                                .getBytes(StandardCharsets.US_ASCII));
            }
        }
    }
}
