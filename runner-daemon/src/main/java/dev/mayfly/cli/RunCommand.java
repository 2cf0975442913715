package dev.mayfly.cli;

import dev.mayfly.bootstrap.SingleJob;
import dev.mayfly.config.JobDocument;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.job.JobSpec;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Runs one job in this process. */
@Command(
        name = "run",
        description = "Run one job here and now, in exactly the way the daemon would.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly run build.yaml",
            "  mayfly run --timestamps build.yaml; echo $?   # the script's own exit code",
            "",
            "Ctrl-C cancels the job; its environment is destroyed before the command ends."
        })
final class RunCommand implements Callable<Integer> {

    @Parameters(paramLabel = "JOB.yaml", description = "The job file.")
    private Path file = Path.of("job.yaml");

    @Option(names = "--timestamps", description = "Start each line of the log with the time.")
    private boolean timestamps;

    @Mixin private final ConfigOption config = new ConfigOption();
    @Mixin private final StyleOption style = new StyleOption();

    @Override
    public Integer call() throws Exception {
        MayflySettings settings = config.load();
        JobDocument document = JobDocument.read(file);
        // Closed last is what a process that was asked to end waits for: after the packed sources.
        try (SingleJob job = SingleJob.open(settings);
                PackedSources packed = PackedSources.of(document.sources())) {
            JobSpec spec = document.withWorkspace(packed.workspace(document.spec()));
            SingleJob.End end = job.run(spec, new LogView(System.out, style.style(), timestamps));
            new JobView(System.out, style.style()).receipt(end.receipt());
            return end.receipt().clean() ? ExitCode.of(end.outcome()) : ExitCode.FAULTED;
        }
    }
}
