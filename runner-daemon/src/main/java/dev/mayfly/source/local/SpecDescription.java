package dev.mayfly.source.local;

import dev.mayfly.job.Inputs;
import dev.mayfly.job.JobEnvironment;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.ServiceSpec;
import dev.mayfly.job.WorkspaceSource;
import java.util.Map;
import java.util.TreeMap;

/** A job without what people put into variables and URLs although it is secret. */
final class SpecDescription {

    private static final String HIDDEN = "(hidden)";

    private SpecDescription() {}

    static JobSpec of(JobSpec spec) {
        JobEnvironment environment = spec.environment();
        return new JobSpec(
                spec.name(),
                spec.pool(),
                spec.steps(),
                new JobEnvironment(
                        environment.image(),
                        environment.services().stream().map(SpecDescription::of).toList(),
                        environment.network(),
                        environment.resources(),
                        environment.registries()),
                new Inputs(
                        hidden(spec.inputs().variables()),
                        spec.inputs().handed(),
                        spec.inputs().secrets(),
                        of(spec.inputs().workspace())),
                spec.artifacts());
    }

    private static ServiceSpec of(ServiceSpec service) {
        return new ServiceSpec(
                service.image(), service.aliases(), service.command(), hidden(service.variables()));
    }

    private static WorkspaceSource of(WorkspaceSource workspace) {
        return workspace instanceof WorkspaceSource.Git(String url, String commit, var how)
                ? new WorkspaceSource.Git(
                        url.replaceFirst("^([a-zA-Z+]+://)[^/@]*@", "$1" + HIDDEN + "@"),
                        commit,
                        how)
                : workspace;
    }

    private static Map<String, String> hidden(Map<String, String> variables) {
        Map<String, String> names = new TreeMap<>(variables);
        names.replaceAll((_, _) -> HIDDEN);
        return names;
    }
}
