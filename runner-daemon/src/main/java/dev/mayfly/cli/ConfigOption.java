package dev.mayfly.cli;

import dev.mayfly.bootstrap.Daemon;
import dev.mayfly.config.ConfigLoader;
import dev.mayfly.config.Environment;
import dev.mayfly.config.LoadedConfiguration;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.source.local.ApiToken;
import dev.mayfly.source.local.LocalClient;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which configuration a command uses, and the way to the daemon that it describes. */
final class ConfigOption {

    @Option(
            names = {"-c", "--config"},
            paramLabel = "FILE",
            description = {
                "The configuration file. Without it: $MAYFLY_CONFIG, then mayfly.yaml in"
                        + " ~/.config/mayfly and /etc/mayfly, then the built-in default."
            })
    private @Nullable Path file;

    /** Where the configuration is, or empty for the built-in one. */
    Optional<Path> located() {
        return ConfigLoader.locate(file, Environment.ofProcess());
    }

    /**
     * Reads the configuration.
     *
     * @throws dev.mayfly.config.ConfigException with all of its problems
     */
    MayflySettings load() {
        Environment environment = Environment.ofProcess();
        return located()
                .map(found -> ConfigLoader.load(found, environment))
                .orElseGet(() -> ConfigLoader.loadBuiltIn(environment));
    }

    /**
     * Reads the configuration so that it can be read again.
     *
     * @throws dev.mayfly.config.ConfigException with all of its problems
     */
    LoadedConfiguration loaded() {
        return LoadedConfiguration.of(located().orElse(null), Environment.ofProcess());
    }

    /**
     * A client of the daemon that runs with this configuration.
     *
     * @throws NoDaemonException when none has made the token that it would ask for
     */
    LocalClient client() throws NoDaemonException {
        MayflySettings settings = load();
        var given = settings.api().token();
        if (given == null && Files.notExists(settings.api().tokenFile())) {
            throw new NoDaemonException(
                    "no daemon runs with this configuration: it would have made "
                            + settings.api().tokenFile());
        }
        ApiToken token =
                given == null ? ApiToken.read(settings.api().tokenFile()) : ApiToken.of(given);
        return new LocalClient(Daemon.endpoint(settings), token);
    }
}
