package dev.mayfly.config;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Objects;

/** The checkout that the tests run in. Maven starts them in the module's directory. */
final class Repository {

    static final Path ROOT = root();
    static final Path CONFIGURATION = ROOT.resolve("config/mayfly.yaml");
    static final Path EXAMPLES = ROOT.resolve("config/examples");
    static final Path REFERENCE = ROOT.resolve("docs/reference");

    private Repository() {}

    private static Path root() {
        Path directory = Path.of("").toAbsolutePath();
        while (!Files.exists(directory.resolve("config/mayfly.schema.json"))) {
            directory =
                    Objects.requireNonNull(
                            directory.getParent(), "not run in a checkout of Mayfly");
        }
        return directory;
    }
}
