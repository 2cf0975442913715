package dev.mayfly.config;

import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.ResourceRequest;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.job.Steps;
import dev.mayfly.job.WorkspaceSource;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A job as its author wrote it.
 *
 * @param spec the job; its workspace is empty as long as local sources are not packed
 * @param sources what has to be packed where the document was read. A server that was sent the
 *     document must refuse anything but {@link LocalSources.None}: the paths are the sender's.
 */
public record JobDocument(JobSpec spec, LocalSources sources) {

    /**
     * Reads a job file.
     *
     * @throws ConfigException with every problem of the file
     */
    public static JobDocument read(Path file) {
        return checked(YamlDocument.read(file));
    }

    /**
     * Reads a job.
     *
     * @param file what to call it in problems, and where its relative paths start
     * @param text YAML or JSON
     * @throws ConfigException with every problem of the text
     */
    public static JobDocument parse(Path file, String text) {
        return checked(YamlDocument.parse(file, text));
    }

    /** The job, with its local sources packed. */
    public JobSpec withWorkspace(WorkspaceSource packed) {
        return new JobSpec(
                spec.name(),
                spec.pool(),
                spec.steps(),
                spec.environment(),
                spec.inputs().with(packed),
                spec.artifacts());
    }

    private static JobDocument checked(YamlDocument document) {
        Review review = new Review(document, DocumentSchema.JOB);
        review.checkStructure();
        new JobChecks(review.root()).run();
        review.throwProblems();
        Section root = review.root();
        LocalSources sources = sources(root.section("workspace"), document.file());
        JobSpec spec =
                new JobSpec(
                        root.has("name") ? root.text("name") : nameOf(document.file()),
                        root.has("pool") ? new PoolName(root.text("pool")) : null,
                        steps(root),
                        environment(root),
                        inputs(root),
                        root.section("artifacts").texts("paths"));
        return new JobDocument(spec, sources);
    }

    private static Steps steps(Section root) {
        return new Steps(
                root.texts("setup"),
                root.texts("script"),
                List.of(),
                root.texts("after_script"),
                new Steps.Limits(root.has("timeout") ? root.duration("timeout") : null, null, null),
                false);
    }

    private static JobEnvironment environment(Section root) {
        Section resources = root.section("resources");
        return new JobEnvironment(
                image(root),
                root.sections("services").stream().map(JobDocument::service).toList(),
                NetworkAccess.valueOf(root.text("network").toUpperCase(Locale.ROOT)),
                new ResourceRequest(
                        resources.has("memory") ? resources.bytes("memory") : null,
                        resources.has("cpus") ? resources.decimal("cpus") : null,
                        resources.has("pids") ? resources.number("pids") : null,
                        resources.has("disk") ? resources.bytes("disk") : null));
    }

    private static @Nullable ImageSpec image(Section root) {
        if (!root.has("image")) {
            return null;
        }
        Section image = root.section("image");
        return image.value().isTextual()
                ? new ImageSpec(image.value().textValue(), List.of())
                : new ImageSpec(image.text("name"), image.texts("entrypoint"));
    }

    private static ServiceSpec service(Section service) {
        String image =
                service.value().isTextual() ? service.value().textValue() : service.text("image");
        return new ServiceSpec(
                image,
                JobChecks.alias(service),
                service.texts("command"),
                variables(service.section("variables")));
    }

    private static Inputs inputs(Section root) {
        Section secrets = root.section("secrets");
        return new Inputs(
                variables(root.section("variables")),
                secrets.keys().stream().map(name -> secret(name, secrets.section(name))).toList(),
                workspace(root.section("workspace").section("git")));
    }

    private static SecretRequest secret(String name, Section secret) {
        return secret.value().isTextual()
                ? new SecretRequest(name, secret.value().textValue(), false)
                : new SecretRequest(name, secret.text("ref"), secret.flag("variable"));
    }

    private static Map<String, String> variables(Section section) {
        Map<String, String> variables = new LinkedHashMap<>();
        for (String name : section.keys()) {
            variables.put(name, section.review().document().written(section.pointer(name)));
        }
        return variables;
    }

    private static WorkspaceSource workspace(Section git) {
        return git.has("url")
                        && GitAddress.parse(git.text("url"))
                                instanceof GitAddress.Remote(String url)
                ? new WorkspaceSource.Git(url, git.text("commit").toLowerCase(Locale.ROOT))
                : new WorkspaceSource.Empty();
    }

    private static LocalSources sources(Section workspace, Path file) {
        Path directory = file.toAbsolutePath().resolveSibling("");
        if (workspace.has("directory")) {
            return new LocalSources.Directory(
                    directory.resolve(workspace.text("directory")).normalize());
        }
        Section git = workspace.section("git");
        return git.has("url")
                        && GitAddress.parse(git.text("url"))
                                instanceof GitAddress.Local(String path)
                ? new LocalSources.Repository(
                        directory.resolve(path).normalize(),
                        git.has("commit") ? git.text("commit") : "HEAD")
                : new LocalSources.None();
    }

    private static String nameOf(Path file) {
        Path last = file.getFileName();
        String name = last == null ? "job" : last.toString().replaceFirst("\\.(ya?ml|json)$", "");
        return name.isBlank() ? "job" : name;
    }
}
