package dev.mayfly.cli;

import dev.mayfly.config.ConfigException;
import dev.mayfly.config.ConfigLoader;
import dev.mayfly.config.Environment;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.migration.Fate;
import dev.mayfly.migration.Finding;
import dev.mayfly.migration.Migration;
import dev.mayfly.migration.RunnerToken;
import dev.mayfly.source.gitlab.GitLabToken;
import dev.mayfly.source.gitlab.Registration;
import dev.mayfly.source.gitlab.Registrations;
import dev.mayfly.source.gitlab.ServerAddress;
import dev.mayfly.state.StateDirectory;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Instant;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Turns a configuration of gitlab-runner's into one of Mayfly's. */
@Command(
        name = "migrate",
        description = "Turn gitlab-runner's config.toml into a mayfly.yaml, and say what is left.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly migrate /etc/gitlab-runner/config.toml > mayfly.yaml",
            "  mayfly migrate --output /etc/mayfly/mayfly.yaml --register",
            "",
            "The configuration goes to standard output or the file, what became of each key",
            "to standard error. Tokens never get into the configuration. Stop gitlab-runner",
            "before the daemon starts: both would use the same tokens."
        })
final class MigrateCommand implements Callable<Integer> {

    @Parameters(
            arity = "0..1",
            paramLabel = "CONFIG.toml",
            defaultValue = "/etc/gitlab-runner/config.toml",
            description = "gitlab-runner's configuration. Default: ${DEFAULT-VALUE}.")
    private Path file = Path.of("config.toml");

    @Option(
            names = "--output",
            paramLabel = "FILE",
            description = "Write the configuration here, not to standard output.")
    private @Nullable Path output;

    @Option(names = "--force", description = "Replace FILE, and registrations of the same name.")
    private boolean force;

    @Option(
            names = "--register",
            description = {
                "Keep the runners' tokens as registrations in the state directory, mode 0600. No"
                        + " server is asked."
            })
    private boolean register;

    @Option(
            names = "--state-dir",
            paramLabel = "DIR",
            description = "The state directory of the new configuration. Without it: the usual.")
    private @Nullable Path state;

    @Override
    public Integer call() throws IOException {
        Migration migration =
                Migration.of(file, state == null ? null : state.toAbsolutePath().normalize());
        Path called = output == null ? Path.of("mayfly.yaml") : output;
        MayflySettings settings;
        try {
            settings = ConfigLoader.parse(called, migration.yaml(), Environment.ofProcess());
        } catch (ConfigException e) {
            System.err.println("mayfly: the new configuration would not be usable:");
            System.err.println(e.getMessage());
            return ExitCode.BAD_CONFIG;
        }
        if (output != null && !force && Files.exists(output)) {
            System.err.println(
                    "mayfly: there is a file "
                            + output
                            + " already\n    cure: --force replaces it; or name another one");
            return ExitCode.BAD_CONFIG;
        }
        Registrations registrations = null;
        if (register) {
            registrations =
                    Registrations.in(
                            new StateDirectory(settings.daemon().stateDirectory()).create());
            if (!registrable(migration.tokens(), registrations)) {
                return ExitCode.BAD_CONFIG;
            }
        }
        write(migration.yaml());
        if (registrations != null) {
            for (RunnerToken token : migration.tokens()) {
                registrations.write(registration(token));
                System.err.println(
                        "registered " + token.name() + ": " + registrations.file(token.name()));
            }
        }
        tell(migration, System.err);
        return ExitCode.OK;
    }

    private boolean registrable(List<RunnerToken> tokens, Registrations registrations) {
        for (RunnerToken token : tokens) {
            try {
                registration(token);
            } catch (IllegalArgumentException e) {
                System.err.println(
                        "mayfly: the token of "
                                + token.name()
                                + " cannot be used: "
                                + e.getMessage()
                                + "\n    cure: create the runner at the server, and run mayfly"
                                + " register --name "
                                + token.name());
                return false;
            }
            if (!force && registrations.read(token.name()).isPresent()) {
                System.err.println(
                        "mayfly: there is a registration "
                                + token.name()
                                + " already\n    cure: --force replaces it");
                return false;
            }
        }
        return true;
    }

    private static Registration registration(RunnerToken token) {
        return new Registration(
                token.name(),
                ServerAddress.of(token.url()),
                token.runner(),
                new GitLabToken(token.value()),
                new Registration.Validity(
                        Objects.requireNonNullElseGet(token.since(), Instant::now), token.until()));
    }

    private void write(String yaml) throws IOException {
        if (output == null) {
            System.out.print(yaml);
            System.out.flush();
        } else if (force) {
            Path draft = output.resolveSibling(output.getFileName() + ".new");
            Files.writeString(draft, yaml);
            Files.move(
                    draft,
                    output,
                    StandardCopyOption.ATOMIC_MOVE,
                    StandardCopyOption.REPLACE_EXISTING);
        } else {
            // Whatever came there meanwhile stays.
            Files.writeString(output, yaml, StandardOpenOption.CREATE_NEW);
        }
    }

    /** Keys are somebody's words on a terminal: control characters would be obeyed there. */
    private static String visible(String text) {
        return text.replaceAll("\\p{Cntrl}", "?");
    }

    private void tell(Migration migration, PrintStream err) {
        for (Fate fate : Fate.values()) {
            List<Finding> some =
                    migration.findings().stream().filter(one -> one.fate() == fate).toList();
            if (!some.isEmpty()) {
                err.println(fate.words() + ":");
                some.forEach(one -> err.println(visible("  " + one.key() + ": " + one.remark())));
            }
        }
        if (!register) {
            for (RunnerToken token : migration.tokens()) {
                err.println(
                        "the token of "
                                + token.name()
                                + " is not kept yet: run again with --register, or mayfly register"
                                + " --name "
                                + token.name()
                                + " with --config for the new file");
            }
        }
    }
}
