package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.FaultException;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.net.StandardProtocolFamily;
import java.net.URI;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.util.Base64;
import javax.net.ssl.KeyManagerFactory;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLServerSocket;
import javax.net.ssl.TrustManagerFactory;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The host's engine behind TLS that wants a client certificate, as a remote engine is set up. Needs
 * an engine on this host.
 */
@Timeout(60)
class EngineTlsIT {

    private static final char[] PASSWORD = "not a secret".toCharArray();

    @TempDir Path folder;

    private SSLServerSocket door;

    @BeforeEach
    void open() throws Exception {
        KeyStore keys = keys("engine", "CN=localhost");
        Path certificates = Files.createDirectory(folder.resolve("certificates"));
        write(certificates.resolve("ca.pem"), "CERTIFICATE", keys.getCertificate("engine"));
        write(certificates.resolve("cert.pem"), "CERTIFICATE", keys.getCertificate("engine"));
        write(
                certificates.resolve("key.pem"),
                "PRIVATE KEY",
                keys.getKey("engine", PASSWORD).getEncoded());
        door =
                (SSLServerSocket)
                        context(keys)
                                .getServerSocketFactory()
                                .createServerSocket(0, 16, InetAddress.getLoopbackAddress());
        door.setNeedClientAuth(true);
        Thread.ofVirtual().name("door").start(this::serve);
    }

    @AfterEach
    void close() throws IOException {
        door.close();
    }

    @Test
    void engineBehindTlsIsSpokenTo() throws Exception {
        try (DockerEngine engine =
                new DockerEngine(at("localhost"), folder.resolve("certificates"), Fixture.BOUNDS)) {
            assertThat(engine.version().getApiVersion()).matches("1\\.\\d+");
        }
    }

    @Test
    void engineUnderAnotherNameIsNot() throws Exception {
        refused(at("127.0.0.1"), folder.resolve("certificates"));
    }

    @Test
    void engineOfAnotherAuthorityIsNot() throws Exception {
        Path foreign = Files.createDirectory(folder.resolve("foreign"));
        for (String file : new String[] {"cert.pem", "key.pem"}) {
            Files.copy(folder.resolve("certificates").resolve(file), foreign.resolve(file));
        }
        write(
                foreign.resolve("ca.pem"),
                "CERTIFICATE",
                keys("other", "CN=localhost").getCertificate("other"));
        refused(at("localhost"), foreign);
    }

    @Test
    void engineThatWantsACertificateIsNotReachedWithoutTls() throws Exception {
        refused(at("localhost"), null);
    }

    @Test
    void missingFileIsNoReasonToGoOnWithoutTls() throws Exception {
        Path incomplete = Files.createDirectory(folder.resolve("incomplete"));
        try (DockerEngine engine = new DockerEngine(at("localhost"), incomplete, Fixture.BOUNDS)) {
            assertThatThrownBy(engine::version)
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("ca.pem cannot be read");
        }
    }

    private static void refused(URI host, @Nullable Path certificates) {
        try (DockerEngine engine = new DockerEngine(host, certificates, Fixture.BOUNDS)) {
            assertThatThrownBy(engine::version).isInstanceOf(FaultException.class);
        }
    }

    private URI at(String name) {
        return URI.create("tcp://" + name + ":" + door.getLocalPort());
    }

    private void serve() {
        while (!door.isClosed()) {
            try {
                Socket client = door.accept();
                SocketChannel engine = SocketChannel.open(StandardProtocolFamily.UNIX);
                engine.connect(UnixDomainSocketAddress.of(Fixture.HOST.getPath()));
                pipe(client.getInputStream(), Channels.newOutputStream(engine), engine, client);
                pipe(Channels.newInputStream(engine), client.getOutputStream(), engine, client);
            } catch (IOException _) {
                // The next one may be luckier; the test sees what becomes of this one.
            }
        }
    }

    private static void pipe(
            InputStream in, OutputStream out, SocketChannel engine, Socket client) {
        Thread.ofPlatform()
                .daemon()
                .start(() -> {
                    try (engine;
                            client) {
                        in.transferTo(out);
                    } catch (IOException _) {
                        // The other side has closed: both go.
                    }
                });
    }

    private KeyStore keys(String alias, String name) throws Exception {
        Path file = folder.resolve(alias + ".p12");
        Process keytool =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-keyalg",
                                "RSA",
                                "-alias",
                                alias,
                                "-dname",
                                name,
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
        return KeyStore.getInstance(file.toFile(), PASSWORD);
    }

    private static SSLContext context(KeyStore keys) throws Exception {
        KeyManagerFactory own =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        own.init(keys, PASSWORD);
        KeyStore trusted = KeyStore.getInstance("PKCS12");
        trusted.load(null, null);
        trusted.setCertificateEntry("client", keys.getCertificate("engine"));
        TrustManagerFactory trust =
                TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        trust.init(trusted);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(own.getKeyManagers(), trust.getTrustManagers(), null);
        return context;
    }

    private static void write(Path file, String kind, Certificate certificate) throws Exception {
        write(file, kind, certificate.getEncoded());
    }

    private static void write(Path file, String kind, byte[] encoded) throws IOException {
        Files.writeString(
                file,
                "-----BEGIN %s-----\n%s\n-----END %s-----\n"
                        .formatted(kind, Base64.getMimeEncoder().encodeToString(encoded), kind));
    }
}
