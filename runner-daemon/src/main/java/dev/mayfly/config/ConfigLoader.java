package dev.mayfly.config;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Finds the configuration file and turns it into settings, or into all of its problems at once. */
public final class ConfigLoader {

    private static final Path BUILT_IN = Path.of("(built-in)", "mayfly.yaml");

    private ConfigLoader() {}

    /**
     * The file to load: the given one, else {@code $MAYFLY_CONFIG}, else the user's, else the
     * host's. The working directory is not searched: a daemon must not obey a file that happens to
     * lie there.
     *
     * @param given what the command line names, or null
     * @return empty for the built-in configuration
     * @throws ConfigException when the given file, or the one in the variable, does not exist
     */
    public static Optional<Path> locate(@Nullable Path given, Environment environment) {
        if (given != null) {
            return Optional.of(existing(given, "--config"));
        }
        Optional<Path> named = environment.variable("MAYFLY_CONFIG").map(Path::of);
        if (named.isPresent()) {
            return named.map(file -> existing(file, "$MAYFLY_CONFIG"));
        }
        Path personal =
                environment
                        .variable("XDG_CONFIG_HOME")
                        .map(Path::of)
                        .orElse(environment.home().resolve(".config"));
        return Stream.of(personal.resolve("mayfly/mayfly.yaml"), Path.of("/etc/mayfly/mayfly.yaml"))
                .filter(Files::exists)
                .findFirst();
    }

    /**
     * Loads a configuration file.
     *
     * @throws ConfigException with every problem of the file
     */
    public static MayflySettings load(Path file, Environment environment) {
        Path directory = file.toAbsolutePath().normalize().getParent();
        return settings(
                YamlDocument.read(file), environment, directory == null ? Path.of("/") : directory);
    }

    /**
     * Checks a configuration that is not in a file yet.
     *
     * @param file what to call it in problems, and where its relative paths start
     * @throws ConfigException with every problem of the text
     */
    public static MayflySettings parse(Path file, String text, Environment environment) {
        Path directory = file.toAbsolutePath().normalize().getParent();
        return settings(
                YamlDocument.parse(file, text),
                environment,
                directory == null ? Path.of("/") : directory);
    }

    /**
     * Loads the configuration that is part of the program: the one in {@code config/mayfly.yaml}.
     */
    public static MayflySettings loadBuiltIn(Environment environment) {
        return settings(
                YamlDocument.parse(BUILT_IN, builtInText()), environment, environment.home());
    }

    /** The commented default configuration, to be written somewhere and edited. */
    public static String builtInText() {
        try (InputStream in = ConfigLoader.class.getResourceAsStream("mayfly.yaml")) {
            if (in == null) {
                throw new IllegalStateException("the program lacks its own file mayfly.yaml");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("could not read the program's own configuration", e);
        }
    }

    /**
     * What a document says.
     *
     * @throws ConfigException with every problem of the document
     */
    static MayflySettings settings(YamlDocument document, Environment environment, Path directory) {
        Review review = new Review(document, DocumentSchema.CONFIGURATION);
        new References(review, environment, directory).replaceAll();
        review.checkStructure();
        new SettingsChecks(review.root(), environment).run();
        SeccompProfiles seccomp = SeccompProfiles.read(review.root(), directory);
        TokenRuleFiles tokenRules = TokenRuleFiles.read(review.root(), directory);
        RegistryLoginFiles logins = RegistryLoginFiles.read(review.root(), directory);
        review.throwProblems();
        return new SettingsBinding(environment, directory, seccomp, tokenRules, logins)
                .settings(review.root());
    }

    private static Path existing(Path file, String namedBy) {
        if (!Files.exists(file)) {
            throw new ConfigException(
                    YamlDocument.wholeFile(
                            file,
                            "there is no such file, but " + namedBy + " names it",
                            "create it, or name another one"));
        }
        return file;
    }
}
