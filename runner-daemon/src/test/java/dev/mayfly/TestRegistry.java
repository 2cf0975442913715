package dev.mayfly;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * A real image registry on this host, which lets in one user by password. Needs docker-registry,
 * htpasswd, the docker command line and a static busybox.
 */
public final class TestRegistry {

    public static final String USER = "puller";
    public static final String PASSWORD = "pa55-of-the-registry";

    private static final Duration LIMIT = Duration.ofSeconds(60);
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    private final Path directory;
    private final int port;
    private final List<String> local = new ArrayList<>();
    private @Nullable Process process;

    /**
     * Prepares a registry that nobody can reach yet.
     *
     * @param directory of its own, and existing
     */
    public TestRegistry(Path directory) throws IOException, InterruptedException {
        this.directory = directory;
        port = freePort();
        Path users = directory.resolve("users");
        Files.writeString(users, run(PASSWORD, "htpasswd", "-niB", USER).strip() + "\n");
        Files.writeString(
                directory.resolve("config.yml"),
                """
                version: 0.1
                log: {level: error}
                storage: {filesystem: {rootdirectory: %s}}
                http: {addr: "127.0.0.1:%d"}
                auth: {htpasswd: {realm: test, path: %s}}
                """
                        .formatted(directory.resolve("images"), port, users));
        Path logins = Files.createDirectory(directory.resolve("docker")).resolve("config.json");
        Files.writeString(logins, config(authority(), PASSWORD));
        Files.setPosixFilePermissions(logins, PosixFilePermissions.fromString("rw-------"));
    }

    /** Starts it, and waits until it answers. */
    public TestRegistry start() throws IOException, InterruptedException {
        process =
                new ProcessBuilder(
                                "docker-registry",
                                "serve",
                                directory.resolve("config.yml").toString())
                        .redirectErrorStream(true)
                        .redirectOutput(
                                ProcessBuilder.Redirect.appendTo(directory.resolve("log").toFile()))
                        .start();
        Eventually.holds("the registry answers", LIMIT, this::answers);
        return this;
    }

    /** How its images' names begin. */
    public String authority() {
        return "127.0.0.1:" + port;
    }

    /** A file as docker login writes it, with the one login. */
    public Path logins() {
        return directory.resolve("docker").resolve("config.json");
    }

    /** What is in such a file. */
    public static String config(String registry, String password) {
        return "{\"auths\": {\"%s\": {\"auth\": \"%s\"}}}".formatted(registry, encoded(password));
    }

    /** A login as such a file encodes it. */
    public static String encoded(String password) {
        return Base64.getEncoder().encodeToString((USER + ":" + password).getBytes(UTF_8));
    }

    /** Puts a small image with a shell there, and nowhere else; returns its name. */
    public String publish(String repository) throws IOException, InterruptedException {
        return publish(repository, repository);
    }

    /** The same with other bytes under the same name, which it had until now or not. */
    public String publish(String repository, String content)
            throws IOException, InterruptedException {
        String image = authority() + "/" + repository + ":1";
        Path context = Files.createDirectories(directory.resolve("build"));
        Path busybox = context.resolve("busybox");
        if (!Files.exists(busybox)) {
            Files.copy(Path.of("/bin/busybox"), busybox);
        }
        Files.writeString(
                context.resolve("Dockerfile"),
                """
                FROM scratch
                COPY busybox /bin/busybox
                RUN ["/bin/busybox", "sh", "-c", "/bin/busybox --install -s /bin; echo %s > /name"]
                """
                        .formatted(content));
        docker("build", "--quiet", "--tag", image, context.toString());
        docker("push", "--quiet", image);
        docker("rmi", "--force", image);
        local.add(image);
        return image;
    }

    /** What an image's tag stands for there now. */
    public String digest(String image) throws IOException, InterruptedException {
        int tag = image.lastIndexOf(':');
        String path = image.substring(image.indexOf('/') + 1, tag);
        URI manifest =
                URI.create(
                        "http://%s/v2/%s/manifests/%s"
                                .formatted(authority(), path, image.substring(tag + 1)));
        return HTTP.send(
                        request(manifest)
                                .header(
                                        "Accept",
                                        "application/vnd.docker.distribution.manifest.v2+json")
                                .HEAD()
                                .build(),
                        HttpResponse.BodyHandlers.discarding())
                .headers()
                .firstValue("Docker-Content-Digest")
                .orElseThrow();
    }

    /** Says of an image that is there that it is for mainframes, under another name. */
    public String forMainframes(String image) throws IOException, InterruptedException {
        String path = image.substring(image.indexOf('/') + 1, image.lastIndexOf(':'));
        URI manifests = URI.create("http://" + authority() + "/v2/" + path + "/manifests/");
        String type = "application/vnd.docker.distribution.manifest.v2+json";
        HttpResponse<String> manifest =
                HTTP.send(
                        request(manifests.resolve("1")).header("Accept", type).GET().build(),
                        HttpResponse.BodyHandlers.ofString());
        String listType = "application/vnd.docker.distribution.manifest.list.v2+json";
        HttpResponse<String> put =
                HTTP.send(
                        request(manifests.resolve("mainframe"))
                                .header("Content-Type", listType)
                                .PUT(
                                        HttpRequest.BodyPublishers.ofString(
                                                """
                                                {"schemaVersion": 2, "mediaType": "%s", "manifests": [
                                                 {"mediaType": "%s", "size": %d, "digest": "%s",
                                                  "platform": {"os": "linux", "architecture": "s390x"}}]}
                                                """
                                                        .formatted(
                                                                listType,
                                                                type,
                                                                manifest.body().length(),
                                                                manifest.headers()
                                                                        .firstValue(
                                                                                "Docker-Content-Digest")
                                                                        .orElseThrow())))
                                .build(),
                        HttpResponse.BodyHandlers.ofString());
        assertThat(put.statusCode()).as(put.body()).isEqualTo(201);
        return authority() + "/" + path + ":mainframe";
    }

    /** Removes from the engine what was pulled from here. */
    public void forget(String image) throws IOException, InterruptedException {
        new ProcessBuilder("docker", "rmi", "--force", image)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                .start()
                .waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS);
    }

    /** What it was asked for since it was started first, a line for each request. */
    public List<String> requests() throws IOException {
        return Files.readAllLines(directory.resolve("log")).stream()
                .filter(line -> line.contains("HTTP/1."))
                .toList();
    }

    private static HttpRequest.Builder request(URI uri) {
        return HttpRequest.newBuilder(uri)
                .timeout(LIMIT)
                .header("Authorization", "Basic " + encoded(PASSWORD));
    }

    private boolean answers() throws InterruptedException {
        try {
            return HTTP.send(
                                    request(URI.create("http://" + authority() + "/v2/")).build(),
                                    HttpResponse.BodyHandlers.discarding())
                            .statusCode()
                    == 200;
        } catch (IOException e) {
            return false;
        }
    }

    private void docker(String... arguments) throws IOException, InterruptedException {
        List<String> command =
                new ArrayList<>(
                        List.of("docker", "--config", directory.resolve("docker").toString()));
        command.addAll(List.of(arguments));
        run("", command.toArray(String[]::new));
    }

    private static String run(String input, String... command)
            throws IOException, InterruptedException {
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        try (var in = process.getOutputStream()) {
            in.write(input.getBytes(UTF_8));
        }
        String output = new String(process.getInputStream().readAllBytes(), UTF_8);
        assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(command[0] + ": " + output).isZero();
        return output;
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            return socket.getLocalPort();
        }
    }

    /** Stops it; it can be started again. */
    public void stop() throws InterruptedException {
        if (process != null) {
            process.destroy();
            assertThat(process.waitFor(LIMIT.toSeconds(), TimeUnit.SECONDS)).isTrue();
        }
    }

    /** Stops it, and removes its images from the engine. */
    public void close() throws IOException, InterruptedException {
        stop();
        for (String image : local) {
            forget(image);
        }
        // Those whose tag has moved, or that were pulled by their digest.
        String left =
                run(
                        "",
                        "docker",
                        "images",
                        "--quiet",
                        "--filter",
                        "reference=" + authority() + "/*/*");
        for (String image : left.lines().distinct().toList()) {
            forget(image);
        }
    }
}
