package dev.mayfly.cli;

import dev.mayfly.config.JobDocument;
import dev.mayfly.source.local.LocalClient;
import dev.mayfly.source.local.LocalJob;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Puts a job into the daemon's queue. */
@Command(
        name = "submit",
        description = "Put a job into the daemon's queue and print its id.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly submit build.yaml",
            "  mayfly submit --follow build.yaml   # watch it, and end with its exit code",
            "",
            "A workspace directory or a local repository that the job names is packed and",
            "sent along."
        })
final class SubmitCommand implements Callable<Integer> {

    @Parameters(paramLabel = "JOB.yaml", description = "The job file.")
    private Path file = Path.of("job.yaml");

    @Option(
            names = {"-f", "--follow"},
            description = "Show the log until the job has ended.")
    private boolean follow;

    @Option(names = "--timestamps", description = "Start each line of the log with the time.")
    private boolean timestamps;

    @Mixin private final ConfigOption config = new ConfigOption();
    @Mixin private final StyleOption style = new StyleOption();

    @Override
    public Integer call() throws Exception {
        JobDocument document = JobDocument.read(file);
        try (PackedSources packed = PackedSources.of(document.sources());
                LocalClient client = config.client()) {
            LocalJob job = client.submit(Files.readString(file), packed.upload());
            if (!follow) {
                System.out.println(job.id());
                return ExitCode.OK;
            }
            System.err.println("submitted " + job.id());
            return Following.to(
                    client, job.id(), new LogView(System.out, style.style(), timestamps));
        }
    }
}
