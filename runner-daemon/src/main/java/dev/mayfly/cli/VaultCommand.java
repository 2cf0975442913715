package dev.mayfly.cli;

import dev.mayfly.bootstrap.VaultSetup;
import dev.mayfly.config.Environment;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.job.SecretValue;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What concerns a Vault server. */
@Command(
        name = "vault",
        description = "Set up a Vault or OpenBao server for this configuration.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = VaultCommand.Bootstrap.class,
        footerHeading = "%nExamples:%n",
        footer = {"  mayfly vault bootstrap", "  VAULT_TOKEN=... mayfly vault bootstrap --apply"})
final class VaultCommand {

    private VaultCommand() {}

    /** Prints or writes policies and roles. */
    @Command(
            name = "bootstrap",
            description = {
                "Print the policies and roles that the server needs for this configuration, as"
                        + " commands for a shell; or write them."
            },
            footerHeading = "%nExamples:%n",
            footer = {
                "  mayfly vault bootstrap                            # to be read first",
                "  VAULT_TOKEN=... mayfly vault bootstrap --apply    # writes them",
                "",
                "The token is an operator's, and is taken from VAULT_TOKEN alone."
            })
    static final class Bootstrap implements Callable<Integer> {

        @Option(names = "--apply", description = "Write them, with the token in VAULT_TOKEN.")
        private boolean apply;

        @Option(
                names = "--replace",
                description = {
                    "Take away what policies and roles of the same names have and this"
                            + " configuration does not need. Without it, nothing is written then."
                })
        private boolean replace;

        @Mixin private final ConfigOption config = new ConfigOption();

        @Override
        public Integer call() throws InterruptedException {
            MayflySettings settings = config.load();
            Optional<VaultSetup> setup = VaultSetup.of(settings);
            if (setup.isEmpty()) {
                System.err.println(
                        "mayfly: the configuration names no Vault: add secrets.vault to it");
                return ExitCode.BAD_CONFIG;
            }
            List<String> troubles = setup.get().troubles();
            if (!troubles.isEmpty()) {
                troubles.forEach(trouble -> System.err.println("mayfly: " + trouble));
                return ExitCode.BAD_CONFIG;
            }
            setup.get().commands(replace).forEach(System.out::println);
            if (!apply) {
                return ExitCode.OK;
            }
            Optional<String> token = Environment.ofProcess().variable("VAULT_TOKEN");
            if (token.isEmpty()) {
                System.err.println("mayfly: put an operator's token into VAULT_TOKEN");
                return ExitCode.USAGE;
            }
            setup.get()
                    .apply(
                            replace,
                            new SecretValue(token.get().getBytes(StandardCharsets.US_ASCII)));
            System.err.println("written");
            return ExitCode.OK;
        }
    }
}
