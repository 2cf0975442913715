package dev.mayfly.cli;

import dev.mayfly.bootstrap.Version;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;

/** Says which Mayfly this is. */
@Command(
        name = "version",
        description = "Print the versions of Mayfly and of the Java it runs on.",
        footerHeading = "%nExamples:%n",
        footer = "  mayfly version")
final class VersionCommand implements Callable<Integer> {

    @Override
    public Integer call() {
        System.out.println("mayfly " + Version.current());
        System.out.println("java " + Runtime.version());
        return ExitCode.OK;
    }
}
