package dev.mayfly.cli;

import dev.mayfly.bootstrap.Assembly;
import dev.mayfly.sandbox.EngineName;
import dev.mayfly.source.local.LocalSourceSettings;
import dev.mayfly.teardown.Sweep;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Destroys leftovers. */
@Command(
        name = "reap",
        description = "Destroy what dead processes of this host's Mayfly have left, and prove it.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly reap",
            "  mayfly reap --gone ssh://mayfly@builder.example.com   # that host is no more",
            "",
            "Never touches the jobs of a running daemon or of another state directory. A",
            "daemon does the same at its start and every minute."
        })
final class ReapCommand implements Callable<Integer> {

    @Option(
            names = "--gone",
            paramLabel = "ENGINE",
            description = {
                "Forget what may be left on an engine that is gone for good, and say what it was."
            })
    private @Nullable String gone;

    @Mixin private final ConfigOption config = new ConfigOption();
    @Mixin private final StyleOption style = new StyleOption();

    @Override
    public Integer call() throws InterruptedException {
        try (Assembly parts = Assembly.open(config.load(), LocalSourceSettings.Queue.PRIVATE)) {
            if (gone != null) {
                parts.writeOff(new EngineName(gone))
                        .forEach(lost ->
                                System.out.println(
                                        "given up:  %s %s of job %s"
                                                .formatted(
                                                        lost.resource()
                                                                .kind()
                                                                .name()
                                                                .toLowerCase(Locale.ROOT),
                                                        lost.resource().name(),
                                                        lost.job())));
            }
            Sweep sweep = parts.sweep();
            JobView view = new JobView(System.out, style.style());
            sweep.receipts()
                    .forEach(receipt -> {
                        System.out.println("job:       " + receipt.job());
                        view.receipt(receipt);
                    });
            System.out.println(
                    sweep.receipts().isEmpty()
                            ? "nothing was left"
                            : sweep.receipts().size() + " jobs had left something");
            if (sweep.incompleteBecause() != null) {
                System.err.println(
                        "mayfly: not everything could be looked at: " + sweep.incompleteBecause());
            }
            return sweep.clean() ? ExitCode.OK : ExitCode.FAULTED;
        }
    }
}
