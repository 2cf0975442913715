package dev.mayfly.secrets.vault;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.Eventually;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The tests' own server out of an image, so that it does for them what it does as a process. Needs
 * an engine on this host and the docker command line.
 */
@Timeout(180)
class ServerHostIT {

    private static final String IMAGE = "mayfly-test-vault:1";

    @TempDir private Path directory;

    @Test
    void serverOutOfAnImageServesLikeAProcess() throws IOException, InterruptedException {
        switch (VaultServer.kind()) {
            case ServerHost.Kind.Image image -> assertServes(image);
            case ServerHost.Kind.Program(String program) -> {
                Files.copy(Path.of(program), directory.resolve("server"));
                Files.writeString(
                        directory.resolve("Dockerfile"),
                        "FROM scratch\nCOPY server /server\nENTRYPOINT [\"/server\"]\n");
                docker("build", "--quiet", "--tag", IMAGE, directory.toString());
                try {
                    assertServes(new ServerHost.Kind.Image(IMAGE));
                } finally {
                    docker("rmi", "--force", IMAGE);
                }
            }
        }
    }

    private static void assertServes(ServerHost.Kind.Image image)
            throws IOException, InterruptedException {
        try (VaultServer server = VaultServer.start(image, true)) {
            assertThat(server.address().getScheme()).isEqualTo("https");
            assertThat(server.authority()).exists();
            server.write("sys/mounts/kv", "{\"type\":\"kv\"}");
            server.write("kv/x", "{\"v\":\"of-a-container\"}");
            server.seal();
            Eventually.holds(
                    "it is sealed",
                    Duration.ofSeconds(20),
                    () -> server.answer("GET", "kv/x", null, "x").statusCode() == 503);
            server.unseal();
            assertThat(server.read("kv/x").at("/data/v").asText()).isEqualTo("of-a-container");
        }
    }

    private static void docker(String... arguments) throws IOException, InterruptedException {
        List<String> line = new ArrayList<>(List.of("docker"));
        line.addAll(List.of(arguments));
        Process process = new ProcessBuilder(line).redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(said).isZero();
    }
}
