package dev.mayfly.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What people see who get nearly everything wrong. */
class MistakesTest {

    @TempDir private Path directory;

    @Test
    void configurationFullOfMistakesShowsThemAll() throws IOException {
        Path file = Files.writeString(directory.resolve("mayfly.yaml"), resource("mistakes.yaml"));
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-r--r--"));
        Environment environment = new Environment(Map.of(), Path.of("/root"), true);

        ConfigException refused =
                catchThrowableOfType(
                        ConfigException.class, () -> ConfigLoader.load(file, environment));

        assertThat(shown(refused)).isEqualTo(resource("mistakes.txt"));
    }

    @Test
    void jobFullOfMistakesShowsThemAll() throws IOException {
        Path file = Files.writeString(directory.resolve("job.yaml"), resource("mistakes-job.yaml"));

        ConfigException refused =
                catchThrowableOfType(ConfigException.class, () -> JobDocument.read(file));

        assertThat(shown(refused)).isEqualTo(resource("mistakes-job.txt"));
    }

    private String shown(ConfigException refused) {
        return Objects.requireNonNull(refused.getMessage()).replace(directory + "/", "") + "\n";
    }

    private static String resource(String name) throws IOException {
        try (InputStream in =
                Objects.requireNonNull(MistakesTest.class.getResourceAsStream(name), name)) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        }
    }
}
