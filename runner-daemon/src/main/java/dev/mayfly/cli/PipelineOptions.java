package dev.mayfly.cli;

import dev.mayfly.bootstrap.Version;
import dev.mayfly.config.MayflySettings;
import dev.mayfly.config.PoolSettings;
import dev.mayfly.config.Problem;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.pipeline.Checkout;
import dev.mayfly.pipeline.LocalRun;
import dev.mayfly.pipeline.Pipeline;
import dev.mayfly.pipeline.ProjectFiles;
import dev.mayfly.source.gitlab.RunnerInfo;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** A pipeline file of GitLab's, and what a project has at the server beside it. */
final class PipelineOptions {

    @Option(
            names = "--gitlab",
            paramLabel = "FILE",
            required = true,
            description = {
                "A pipeline file such as .gitlab-ci.yml. JOB is then the name of one of its jobs;"
                        + " without it they are listed."
            })
    private Path file = Path.of(".gitlab-ci.yml");

    @Option(
            names = "--pool",
            paramLabel = "POOL",
            description = "The pool to run the pipeline's job in. Without it: the local default.")
    private @Nullable String pool;

    @Option(
            names = "--variable",
            paramLabel = "NAME=VALUE",
            description = {
                "A variable, in the place of one that the project has at the server. For what is no"
                        + " secret."
            })
    private Map<String, String> variables = new LinkedHashMap<>();

    @Option(
            names = "--secret",
            paramLabel = "NAME[=REF]",
            description = {
                "A variable whose value is a secret that Mayfly keeps as REF; NAME without it."
            })
    private List<String> secrets = List.of();

    /** Everything of a pipeline, read. */
    record Opened(Pipeline pipeline, ProjectFiles project) {}

    Opened open() throws IOException, InterruptedException {
        ProjectFiles project = ProjectFiles.around(file);
        Checkout checkout = null;
        try {
            checkout = GitCheckout.of(project.root());
        } catch (WorkspaceException e) {
            System.err.println("note: no CI_COMMIT_ variable is set: " + e.getMessage());
        }
        return new Opened(Pipeline.read(file, project, checkout, variables), project);
    }

    /**
     * What of the run is not the pipeline's.
     *
     * @throws IllegalArgumentException naming the option that is wrong
     */
    LocalRun run(MayflySettings settings) {
        variables.keySet().forEach(name -> checkName("--variable", name));
        PoolName name = pool == null ? settings.local().defaultPool() : new PoolName(pool);
        return new LocalRun(
                name,
                settings.pools().stream()
                        .map(PoolSettings::terms)
                        .filter(terms -> terms.pool().equals(name))
                        .findFirst()
                        .orElseThrow(() ->
                                new IllegalArgumentException("--pool: there is no pool " + name))
                        .network(),
                variables,
                secrets.stream().map(PipelineOptions::secret).toList(),
                new LocalRun.Host(
                        RunnerInfo.of(Version.current(), "").architecture(), Version.current()));
    }

    private static SecretRequest secret(String written) {
        int equals = written.indexOf('=');
        String name = equals < 0 ? written : written.substring(0, equals);
        checkName("--secret", name);
        return new SecretRequest(name, equals < 0 ? name : written.substring(equals + 1), true);
    }

    private static void checkName(String option, String name) {
        if (!name.matches("[A-Za-z_][A-Za-z0-9_]*")) {
            throw new IllegalArgumentException(
                    option
                            + ": \""
                            + name
                            + "\" is no name of a variable: letters, digits and underscores, not a"
                            + " digit first");
        }
    }

    /** The jobs, one a line. */
    static void list(List<Pipeline.Entry> jobs, PrintStream out) {
        int width = jobs.stream().mapToInt(job -> job.name().length()).max().orElse(0);
        for (Pipeline.Entry job : jobs) {
            String line =
                    "%%-%ds  %%s%%s"
                            .formatted(Math.max(4, width))
                            .formatted(
                                    job.name(),
                                    job.stage(),
                                    job.runnable() ? "" : "  (cannot be run here)");
            out.println(line);
        }
    }

    static void tell(List<Problem> notes, PrintStream err) {
        for (Problem note : notes) {
            err.println("note: " + note.withoutCure());
            if (!note.cure().isEmpty()) {
                err.println("    " + note.cure());
            }
        }
    }
}
