package dev.mayfly.cli;

import dev.mayfly.source.local.LocalClient;
import dev.mayfly.source.local.Operations;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;

/** Lets the daemon read its configuration again. */
@Command(
        name = "reload",
        description = "Let the daemon read its configuration and policies again.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly reload",
            "",
            "Says which changed keys apply to the next job, and which only after a",
            "restart. With a mistake in the file nothing changes, it is named with its",
            "line, and the exit code is 78."
        })
final class ReloadCommand implements Callable<Integer> {

    @Mixin private final ConfigOption config = new ConfigOption();

    @Override
    public Integer call() throws Exception {
        try (LocalClient client = config.client()) {
            Operations.Reloading.Used used = client.reload();
            list("applies to the next job:", used.live());
            list("needs a restart:", used.waiting());
            if (used.live().isEmpty() && used.waiting().isEmpty()) {
                System.out.println("no key has changed since the start");
            }
            return ExitCode.OK;
        }
    }

    private static void list(String heading, List<String> keys) {
        if (!keys.isEmpty()) {
            System.out.println(heading);
            keys.forEach(key -> System.out.println("  " + key));
        }
    }
}
