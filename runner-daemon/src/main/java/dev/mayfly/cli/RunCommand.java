package dev.mayfly.cli;

import dev.mayfly.bootstrap.SingleJob;
import dev.mayfly.config.JobDocument;
import dev.mayfly.config.LocalSources;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.job.JobSpec;
import dev.mayfly.pipeline.LocalRun;
import dev.mayfly.pipeline.PipelineJob;
import java.nio.file.Path;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.ArgGroup;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** Runs one job in this process. */
@Command(
        name = "run",
        description = "Run one job here and now, in exactly the way the daemon would.",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mayfly run build.yaml",
            "  mayfly run --timestamps build.yaml; echo $?   # the script's own exit code",
            "  mayfly run --gitlab .gitlab-ci.yml            # lists the pipeline's jobs",
            "  mayfly run --gitlab .gitlab-ci.yml 'test: [17, debian]' --secret DEPLOY_TOKEN",
            "",
            "Ctrl-C cancels the job; its environment is destroyed before the command ends."
        })
final class RunCommand implements Callable<Integer> {

    @Parameters(
            paramLabel = "JOB",
            arity = "0..1",
            description = "The job file, or with --gitlab the name of a job.")
    private @Nullable String job;

    @ArgGroup(
            exclusive = false,
            heading =
                    "%nA job of a pipeline file (docs/run-gitlab-jobs.md says what of it is done):%n")
    private @Nullable PipelineOptions pipeline;

    @Option(names = "--timestamps", description = "Start each line of the log with the time.")
    private boolean timestamps;

    @Mixin private final ConfigOption config = new ConfigOption();
    @Mixin private final StyleOption style = new StyleOption();
    @Spec private @Nullable CommandSpec command;

    @Override
    public Integer call() throws Exception {
        if (pipeline != null) {
            return ofPipeline(pipeline);
        }
        if (job == null) {
            throw usage("Missing required parameter: 'JOB'");
        }
        MayflySettings settings = config.load();
        JobDocument document = JobDocument.read(Path.of(job));
        return run(settings, document.spec(), document.sources());
    }

    private int ofPipeline(PipelineOptions wanted) throws Exception {
        PipelineOptions.Opened opened = wanted.open();
        if (job == null) {
            PipelineOptions.list(opened.pipeline().jobs(), System.out);
            return ExitCode.OK;
        }
        MayflySettings settings = config.load();
        PipelineJob found = opened.pipeline().job(job, localRun(wanted, settings));
        PipelineOptions.tell(found.notes(), System.err);
        return run(
                settings,
                found.spec(),
                found.wantsSources()
                        ? new LocalSources.Directory(opened.project().root())
                        : new LocalSources.None());
    }

    private LocalRun localRun(PipelineOptions wanted, MayflySettings settings) {
        try {
            return wanted.run(settings);
        } catch (IllegalArgumentException e) {
            throw usage(String.valueOf(e.getMessage()));
        }
    }

    private int run(MayflySettings settings, JobSpec spec, LocalSources sources) throws Exception {
        // Closed last is what a process that was asked to end waits for: after the packed sources.
        try (SingleJob single = SingleJob.open(settings);
                PackedSources packed = PackedSources.of(sources)) {
            JobSpec whole = new JobDocument(spec, sources).withWorkspace(packed.workspace(spec));
            SingleJob.End end =
                    single.run(whole, new LogView(System.out, style.style(), timestamps));
            new JobView(System.out, style.style()).receipt(end.receipt());
            return end.receipt().clean() ? ExitCode.of(end.outcome()) : ExitCode.FAULTED;
        }
    }

    private ParameterException usage(String message) {
        return new ParameterException(Objects.requireNonNull(command).commandLine(), message);
    }
}
