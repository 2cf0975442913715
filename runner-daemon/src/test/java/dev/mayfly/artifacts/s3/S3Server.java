package dev.mayfly.artifacts.s3;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.Eventually;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.model.MultipartUpload;
import software.amazon.awssdk.services.s3.model.S3Object;

/**
 * A real S3 server, S3Proxy, as a process of its own on loopback ports, which checks signatures;
 * and what its owner sees and does there. Maven puts the program into {@code target/s3} before
 * integration tests.
 */
public final class S3Server {

    public static final String ACCESS_KEY = "AKIDOFTHETESTS";
    public static final String SECRET_KEY = "s3cret/of+the/tests";
    public static final String BUCKET = "ci-cache";

    private static final Path PROGRAM = Path.of("target", "s3", "s3proxy.jar");
    private static final Duration LIMIT = Duration.ofMinutes(1);
    private static final String STORE_PASSWORD = "of-no-use";

    private final Path directory;
    private final int port = freePort();
    private final int tlsPort = freePort();
    private @Nullable Process process;
    private final S3Client owner;

    private S3Server(Path directory) throws IOException {
        this.directory = directory;
        this.owner =
                S3Client.builder()
                        .endpointOverride(endpoint())
                        .region(Region.US_EAST_1)
                        .forcePathStyle(true)
                        .credentialsProvider(
                                StaticCredentialsProvider.create(
                                        AwsBasicCredentials.create(ACCESS_KEY, SECRET_KEY)))
                        .httpClientBuilder(UrlConnectionHttpClient.builder())
                        .build();
    }

    /**
     * Starts one with an empty bucket.
     *
     * @param directory of its own, and existing
     */
    public static S3Server start(Path directory) throws IOException, InterruptedException {
        assertThat(PROGRAM).as("mvn verify puts it there").exists();
        S3Server server = new S3Server(directory);
        Files.createDirectory(directory.resolve("objects"));
        server.certificate();
        Files.writeString(
                directory.resolve("server.conf"),
                """
                s3proxy.endpoint=%s
                s3proxy.secure-endpoint=%s
                s3proxy.authorization=aws-v4
                s3proxy.identity=%s
                s3proxy.credential=%s
                s3proxy.keystore-path=%s
                s3proxy.keystore-password=%s
                jclouds.provider=filesystem
                jclouds.filesystem.basedir=%s
                """
                        .formatted(
                                server.endpoint(),
                                server.tlsEndpoint(),
                                ACCESS_KEY,
                                SECRET_KEY,
                                directory.resolve("store.p12"),
                                STORE_PASSWORD,
                                directory.resolve("objects")));
        server.run();
        server.owner.createBucket(request -> request.bucket(BUCKET));
        write(directory.resolve("access-key"), ACCESS_KEY);
        write(directory.resolve("secret-key"), SECRET_KEY);
        return server;
    }

    private static void write(Path file, String key) throws IOException {
        Files.writeString(file, key + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
    }

    private void certificate() throws IOException, InterruptedException {
        Path store = directory.resolve("store.p12");
        keytool(
                "-genkeypair",
                "-keyalg",
                "EC",
                "-alias",
                "server",
                "-dname",
                "CN=localhost",
                "-ext",
                "san=ip:127.0.0.1",
                "-validity",
                "30",
                "-keystore",
                store.toString(),
                "-storepass",
                STORE_PASSWORD);
        keytool(
                "-exportcert",
                "-rfc",
                "-alias",
                "server",
                "-keystore",
                store.toString(),
                "-storepass",
                STORE_PASSWORD,
                "-file",
                authority().toString());
    }

    private static void keytool(String... arguments) throws IOException, InterruptedException {
        Process keytool =
                new ProcessBuilder()
                        .command(
                                Stream.concat(Stream.of(program("keytool")), Stream.of(arguments))
                                        .toList())
                        .redirectErrorStream(true)
                        .start();
        String said = new String(keytool.getInputStream().readAllBytes(), UTF_8);
        assertThat(keytool.waitFor()).as(said).isZero();
    }

    private static String program(String name) {
        return Path.of(System.getProperty("java.home"), "bin", name).toString();
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Lets it answer, again. */
    public void run() throws IOException, InterruptedException {
        Path said = directory.resolve("server.log");
        Process started =
                new ProcessBuilder(
                                program("java"),
                                "-Xmx256m",
                                "-jar",
                                PROGRAM.toString(),
                                "--properties",
                                directory.resolve("server.conf").toString())
                        .redirectErrorStream(true)
                        .redirectOutput(said.toFile())
                        .start();
        process = started;
        Runtime.getRuntime().addShutdownHook(new Thread(started::destroyForcibly));
        Eventually.holds(
                "the store answers",
                LIMIT,
                () -> {
                    assertThat(started.isAlive()).as(Files.readString(said)).isTrue();
                    return answers();
                });
    }

    private boolean answers() {
        try (Socket socket = new Socket()) {
            socket.connect(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** Lets nobody in any more, at once. */
    public void kill() throws InterruptedException {
        Process running = process;
        if (running != null) {
            running.destroyForcibly().waitFor();
            process = null;
        }
    }

    /** Ends it for good. */
    public void close() throws InterruptedException {
        owner.close();
        kill();
    }

    public URI endpoint() {
        return URI.create("http://127.0.0.1:" + port);
    }

    URI tlsEndpoint() {
        return URI.create("https://127.0.0.1:" + tlsPort);
    }

    /** The certificate of whoever signed the server's. */
    Path authority() {
        return directory.resolve("ca.pem");
    }

    public Path accessKeyFile() {
        return directory.resolve("access-key");
    }

    public Path secretKeyFile() {
        return directory.resolve("secret-key");
    }

    // -- what its owner sees and does

    /** The names of all objects. */
    public List<String> objects() {
        return owner.listObjectsV2(request -> request.bucket(BUCKET)).contents().stream()
                .map(S3Object::key)
                .sorted()
                .toList();
    }

    byte[] object(String name) {
        return owner.getObjectAsBytes(request -> request.bucket(BUCKET).key(name)).asByteArray();
    }

    public void put(String name, byte[] content) {
        owner.putObject(
                request -> request.bucket(BUCKET).key(name), RequestBody.fromBytes(content));
    }

    /** The names of uploads that somebody has begun and not ended. */
    List<String> uploads() {
        return owner.listMultipartUploads(request -> request.bucket(BUCKET)).uploads().stream()
                .map(MultipartUpload::key)
                .toList();
    }

    void beginUpload(String name) {
        owner.createMultipartUpload(request -> request.bucket(BUCKET).key(name));
    }

    /** Makes it as it was in the beginning. */
    void empty() {
        for (MultipartUpload one :
                owner.listMultipartUploads(request -> request.bucket(BUCKET)).uploads()) {
            owner.abortMultipartUpload(
                    request -> request.bucket(BUCKET).key(one.key()).uploadId(one.uploadId()));
        }
        objects().forEach(name -> owner.deleteObject(request -> request.bucket(BUCKET).key(name)));
    }
}
