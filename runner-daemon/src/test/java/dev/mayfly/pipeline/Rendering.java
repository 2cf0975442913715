package dev.mayfly.pipeline;

import dev.mayfly.job.ImageSpec;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.ServiceSpec;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A job as text, everything that a pipeline can decide, to be compared with a file. */
final class Rendering {

    private final StringBuilder out = new StringBuilder();

    private Rendering() {}

    static String of(PipelineJob job) {
        return new Rendering().job(job);
    }

    private String job(PipelineJob job) {
        JobSpec spec = job.spec();
        line("job", spec.name());
        line("stage", spec.inputs().variables().get("CI_JOB_STAGE"));
        image("image", spec.environment().image());
        lines("script", spec.steps().script());
        lines("after", spec.steps().afterScript());
        line("limit", spec.steps().limits().job());
        variables("  ", spec.inputs().variables());
        spec.environment().services().forEach(this::service);
        if (!job.wantsSources()) {
            line("sources", "none");
        }
        job.notes().forEach(note -> line("note", note.withoutCure() + " | " + note.cure()));
        return out.toString();
    }

    private void service(ServiceSpec service) {
        image("service", service.image());
        line("  names", service.aliases());
        lines("  command", service.command());
        variables("    ", service.variables());
    }

    private void image(String key, @Nullable ImageSpec image) {
        if (image != null) {
            line(
                    key,
                    image.reference()
                            + " entrypoint="
                            + image.entrypoint()
                            + " user="
                            + image.user()
                            + " pull="
                            + image.pull());
        }
    }

    /** What GitLab sets itself is the same in each job, and tested elsewhere. */
    private void variables(String indent, Map<String, String> variables) {
        new TreeMap<>(variables)
                .forEach((name, value) -> {
                    if (!name.matches("(GITLAB_)?CI(_.*)?")
                            || name.startsWith("CI_ENV")
                            || name.startsWith("CI_NODE")) {
                        line(indent + name, value);
                    }
                });
    }

    private void lines(String key, List<String> lines) {
        lines.forEach(one -> line(key, one.strip().replace("\n", "\\n")));
    }

    private void line(String key, @Nullable Object value) {
        if (value != null) {
            out.append(key).append(": ").append(value).append('\n');
        }
    }
}
