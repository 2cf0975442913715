package dev.mayfly.source.gitlab;

import dev.mayfly.job.RegistryLogin;
import java.util.List;
import java.util.Locale;

/**
 * Which variables have a value that no job can choose. A job's own variable wins over a predefined
 * one of the same name, and a payload does not say which of the two it holds; but some values the
 * server also says in fields of their own.
 */
final class ServedVariables {

    private ServedVariables() {}

    /** The variables in a text that a job can set. */
    static List<String> settableIn(String text, JobPayload payload, JobVariables variables) {
        return JobVariables.namesIn(text).stream()
                .filter(name -> !served(name, payload).contains(variables.value(name)))
                .toList();
    }

    /** The values of a variable that can only be the server's. */
    private static List<String> served(String name, JobPayload payload) {
        JobPayload.ProjectFacts project = payload.facts().project();
        return switch (name) {
            case "CI_PROJECT_ID" -> List.of(String.valueOf(project.id()));
            case "CI_PROJECT_PATH" ->
                    project.path().isEmpty() ? List.of() : List.of(project.path());
            case "CI_JOB_ID" -> List.of(String.valueOf(payload.facts().id()));
            case "CI_PIPELINE_ID" ->
                    project.pipeline().isEmpty() ? List.of() : List.of(project.pipeline());
            case "CI_COMMIT_SHA" -> List.of(payload.git().sha());
            case "CI_REGISTRY" -> registries(payload);
            case "CI_REGISTRY_IMAGE" ->
                    project.path().isEmpty()
                            ? List.of()
                            : registries(payload).stream()
                                    .map(registry ->
                                            registry
                                                    + "/"
                                                    + project.path().toLowerCase(Locale.ROOT))
                                    .toList();
            default -> List.of();
        };
    }

    /** Those that the server has given the job a login for. */
    private static List<String> registries(JobPayload payload) {
        return payload.transfers().registries().stream().map(RegistryLogin::registry).toList();
    }
}
