package dev.mayfly.cli;

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
import picocli.CommandLine.Parameters;

/** Checks files without using them. */
@Command(
        name = "check",
        description = "Check the configuration, and job files if given: all problems at once.",
        footerHeading = "%nExamples:%n",
        footer = {"  mayfly check", "  mayfly check --config mayfly.yaml jobs/*.yaml"})
final class CheckCommand implements Callable<Integer> {

    @Parameters(
            arity = "0..*",
            paramLabel = "JOB.yaml",
            description = "Job files to check as well.")
    private List<Path> jobs = new ArrayList<>();

    @Mixin private final ConfigOption config = new ConfigOption();

    @Override
    public Integer call() {
        int code = ExitCode.OK;
        try {
            MayflySettings settings = config.load();
            PolicyFiles.read(settings);
            System.out.println(
                    config.located().map(Path::toString).orElse("the built-in configuration")
                            + ": good, pools "
                            + settings.pools().stream()
                                    .map(p -> p.terms().pool() + " (" + p.slots() + ")")
                                    .toList());
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
}
