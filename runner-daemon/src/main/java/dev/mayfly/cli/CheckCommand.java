package dev.mayfly.cli;

import dev.mayfly.bootstrap.HostReview;
import dev.mayfly.config.ConfigException;
import dev.mayfly.config.JobDocument;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.config.PolicyFiles;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Checks files without using them. */
@Command(
        name = "check",
        description = "Check the configuration, and job files if given: all problems at once.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly check",
            "  mayfly check --config mayfly.yaml jobs/*.yaml",
            "  mayfly check --elsewhere --config mayfly.yaml   # of another host",
            "",
            "Registrations, tokens and certificates that a daemon with this configuration",
            "needs are looked for on this host. Run it as the user that runs the daemon."
        })
final class CheckCommand implements Callable<Integer> {

    @Parameters(
            arity = "0..*",
            paramLabel = "JOB.yaml",
            description = "Job files to check as well.")
    private List<Path> jobs = new ArrayList<>();

    @Option(
            names = "--elsewhere",
            description = {
                "The configuration is for another host: do not look here for the registrations and"
                        + " certificates that it needs."
            })
    private boolean elsewhere;

    @Mixin private final ConfigOption config = new ConfigOption();

    @Override
    public Integer call() {
        int code = ExitCode.OK;
        try {
            MayflySettings settings = config.load();
            PolicyFiles.read(settings);
            List<String> troubles = elsewhere ? List.of() : HostReview.troubles(settings);
            if (!troubles.isEmpty()) {
                System.err.println(named() + ": a daemon cannot work with it on this host:");
                troubles.forEach(trouble -> System.err.println("  " + trouble));
                code = ExitCode.BAD_CONFIG;
            } else {
                good(settings);
            }
        } catch (ConfigException e) {
            System.err.println(e.getMessage());
            code = ExitCode.BAD_CONFIG;
        }
        for (Path job : jobs) {
            try {
                System.out.println(job + ": good, job " + JobDocument.read(job).spec().name());
            } catch (ConfigException e) {
                System.err.println(e.getMessage());
                code = ExitCode.BAD_CONFIG;
            }
        }
        return code;
    }

    private String named() {
        return config.located().map(Path::toString).orElse("the built-in configuration");
    }

    private void good(MayflySettings settings) {
        System.out.println(
                named()
                        + ": good, pools "
                        + settings.pools().stream()
                                .map(p -> p.terms().pool() + " (" + p.slots() + ")")
                                .toList());
    }
}
