package dev.mayfly.cli;

import dev.mayfly.bootstrap.Assembly;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.config.PoolSettings;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.SecretValue;
import dev.mayfly.logs.Maskability;
import dev.mayfly.logs.Masking;
import dev.mayfly.secrets.file.SecretEntry;
import dev.mayfly.secrets.file.SecretStore;
import dev.mayfly.secrets.file.SetOutcome;
import java.io.Console;
import java.io.IOException;
import java.nio.CharBuffer;
import java.nio.charset.StandardCharsets;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Keeps secrets for jobs, encrypted, in the file that the configuration names. */
@Command(
        name = "secret",
        description = "Keep secrets for jobs in an encrypted file.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            SecretCommand.SetSecret.class,
            SecretCommand.ListSecrets.class,
            SecretCommand.RemoveSecret.class,
            SecretCommand.RotateKey.class,
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly secret set deploy-token --pool trusted           # asks for the value",
            "  printf %%s \"$TOKEN\" | mayfly secret set deploy-token   # or reads it",
            "  mayfly secret list",
            "  mayfly secret rm deploy-token"
        })
final class SecretCommand {

    private SecretCommand() {}

    private static SecretStore store(MayflySettings settings) {
        return new SecretStore(
                settings.secrets().file(), Assembly.keyOf(settings), InstantSource.system());
    }

    /** Stores a value. */
    @Command(
            name = "set",
            description = "Store a value, read from standard input or asked for.",
            footerHeading = "%nExamples:%n",
            footer = {
                "  mayfly secret set deploy-token                    # asks for the value",
                "  printf %%s \"$TOKEN\" | mayfly secret set deploy-token --pool trusted",
                "  mayfly secret set deploy-key < id_ed25519",
                "",
                "A value is never an argument: those are seen by every user of the host."
            })
    static final class SetSecret implements Callable<Integer> {

        @Parameters(paramLabel = "NAME", description = "What jobs call it.")
        private String name = "";

        @Option(
                names = "--pool",
                paramLabel = "POOL",
                description = {
                    "A pool that may read it; can be repeated. Without it: the most trusted pool only."
                })
        private @Nullable Set<String> pools;

        @Option(
                names = "--allow-short",
                description = {
                    "Store a value that is too short to be masked. Jobs that want it will fail unless"
                            + " it is made longer."
                })
        private boolean allowShort;

        @Option(
                names = "--keep-newline",
                description = {
                    "Keep the line end that a value of one line ends with. Without it, one is taken"
                            + " off, because echo adds it. Values of several lines, such as keys,"
                            + " are always stored as they are."
                })
        private boolean keepNewline;

        @Mixin private final ConfigOption config = new ConfigOption();

        @Spec private CommandSpec spec = CommandSpec.create();

        @Override
        public Integer call() throws Exception {
            MayflySettings settings = config.load();
            Set<PoolName> readers = readers(settings);
            SecretStore store = store(settings);
            if (store.createKeyIfMissing()) {
                System.err.println("created the key " + settings.secrets().keyFile());
            }
            byte[] value = value();
            try {
                if (Maskability.of(name, new SecretValue(value), Masking.STANDARD)
                        instanceof Maskability.CommonWord refusal) {
                    System.err.println("mayfly: " + refusal);
                    return ExitCode.BAD_CONFIG;
                }
                return switch (store.set(name, value, readers, allowShort)) {
                    case SetOutcome.Stored(boolean replaced, boolean _) -> {
                        System.err.println(
                                (replaced ? "replaced " : "stored ")
                                        + name
                                        + " for pools "
                                        + readers);
                        yield ExitCode.OK;
                    }
                    case SetOutcome.Refused(String reason) -> {
                        System.err.println("mayfly: " + reason);
                        yield ExitCode.BAD_CONFIG;
                    }
                };
            } finally {
                Arrays.fill(value, (byte) 0);
            }
        }

        private Set<PoolName> readers(MayflySettings settings) {
            Set<PoolName> known = new LinkedHashSet<>();
            settings.pools().stream().map(PoolSettings::terms).forEach(t -> known.add(t.pool()));
            if (pools == null) {
                return Set.of(known.iterator().next());
            }
            Set<PoolName> wanted = new LinkedHashSet<>();
            for (String pool : pools) {
                wanted.add(
                        known.stream()
                                .filter(name -> name.value().equals(pool))
                                .findFirst()
                                .orElseThrow(() -> unknown(pool, known)));
            }
            return wanted;
        }

        private ParameterException unknown(String pool, Set<PoolName> known) {
            return new ParameterException(
                    spec.commandLine(),
                    "--pool: there is no pool " + pool + "; the configuration has " + known);
        }

        private byte[] value() throws IOException {
            if (!Style.terminal()) {
                byte[] value = System.in.readAllBytes();
                return keepNewline ? value : withoutLineEnd(value);
            }
            Console console = Objects.requireNonNull(System.console());
            char[] typed = console.readPassword("Value (not shown): ");
            if (typed == null) {
                return new byte[0];
            }
            var encoded = StandardCharsets.UTF_8.encode(CharBuffer.wrap(typed));
            Arrays.fill(typed, '\0');
            byte[] value = new byte[encoded.remaining()];
            encoded.get(value);
            return value;
        }
    }

    /** Of a value of one line: the end of a key's last line belongs to the key. */
    static byte[] withoutLineEnd(byte[] value) {
        int end = value.length;
        if (end == 0 || value[end - 1] != '\n') {
            return value;
        }
        for (int i = 0; i < end - 1; i++) {
            if (value[i] == '\n') {
                return value;
            }
        }
        byte[] line = Arrays.copyOf(value, end > 1 && value[end - 2] == '\r' ? end - 2 : end - 1);
        Arrays.fill(value, (byte) 0);
        return line;
    }

    /** Lists names. */
    @Command(
            name = "list",
            description = "List names and who may read them; never values.",
            footerHeading = "%nExamples:%n",
            footer = "  mayfly secret list")
    static final class ListSecrets implements Callable<Integer> {

        @Mixin private final ConfigOption config = new ConfigOption();

        @Override
        public Integer call() {
            for (SecretEntry entry : store(config.load()).list()) {
                System.out.printf(
                        "%-32s pools %-24s changed %s%n",
                        entry.name(), entry.pools(), entry.changed());
            }
            return ExitCode.OK;
        }
    }

    /** Removes a value. */
    @Command(
            name = "rm",
            description = "Remove a secret.",
            footerHeading = "%nExamples:%n",
            footer = "  mayfly secret rm deploy-token")
    static final class RemoveSecret implements Callable<Integer> {

        @Parameters(paramLabel = "NAME", description = "What jobs call it.")
        private String name = "";

        @Mixin private final ConfigOption config = new ConfigOption();

        @Override
        public Integer call() throws Exception {
            if (store(config.load()).remove(name)) {
                System.err.println("removed " + name);
                return ExitCode.OK;
            }
            System.err.println("mayfly: there is no secret " + name + "; mayfly secret list");
            return ExitCode.NOT_FOUND;
        }
    }

    /** Rotates the key. */
    @Command(
            name = "rotate-key",
            description = "Make a new key and encrypt the file with it.",
            footerHeading = "%nExamples:%n",
            footer = {
                "  mayfly secret rotate-key",
                "",
                "A running daemon reads the new key with the next job."
            })
    static final class RotateKey implements Callable<Integer> {

        @Mixin private final ConfigOption config = new ConfigOption();

        @Override
        public Integer call() throws Exception {
            store(config.load()).rotateKey();
            System.err.println("the file is encrypted with a new key");
            return ExitCode.OK;
        }
    }
}
