package dev.mayfly.policy;

import dev.mayfly.admission.Effect;
import dev.mayfly.admission.Finding;
import dev.mayfly.job.Facts;
import dev.mayfly.job.ServerFacts;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * The rules that a pool switches on without a line of CEL, for what most pools want.
 *
 * @param forks what becomes of jobs whose code may come from a fork
 * @param protectedOnly whether only jobs of protected refs may run
 * @param projects whose jobs may run: numbers, paths, or paths with {@code *} at the end; empty for
 *     all
 * @param environments for which environments jobs may run, by a claim that was verified; empty for
 *     all jobs
 * @param approved environments whose jobs each need an approval, even if only the job itself says
 *     that it is for one of them
 */
public record PoolRules(
        Forks forks,
        boolean protectedOnly,
        List<String> projects,
        List<String> environments,
        List<String> approved) {

    /** Nothing is switched on. */
    public static final PoolRules NONE =
            new PoolRules(Forks.ALLOW, false, List.of(), List.of(), List.of());

    /** What becomes of jobs whose code may come from a fork. */
    public enum Forks {
        ALLOW,
        HOLD,
        DENY
    }

    public PoolRules {
        projects = List.copyOf(projects);
        environments = List.copyOf(environments);
        approved = List.copyOf(approved);
    }

    List<Finding> review(Facts facts) {
        List<Finding> findings = new ArrayList<>();
        ServerFacts server = facts.trusted().server();
        boolean hasServer = !facts.trusted().registration().server().isEmpty();
        if (forks != Forks.ALLOW) {
            findings.add(
                    finding(
                            "forks",
                            forks == Forks.HOLD ? Effect.HOLD : Effect.DENY,
                            server.fork(),
                            "its code may come from a fork, and this pool wants to see it first",
                            "server.fork"));
        }
        if (protectedOnly) {
            findings.add(
                    deny(
                            "protected-refs",
                            !server.ref().isProtected(),
                            "this pool runs jobs of protected refs only, and "
                                    + (hasServer
                                            ? server.ref().name() + " is not protected"
                                            : "its source knows no such refs"),
                            "server.ref_protected"));
        }
        if (!projects.isEmpty()) {
            findings.add(
                    deny(
                            "projects",
                            projects.stream().noneMatch(project -> covers(project, server)),
                            "this pool does not run jobs of its project",
                            "server.project"));
        }
        if (!environments.isEmpty()) {
            String verified = claimed(facts);
            findings.add(
                    deny(
                            "environments",
                            !environments.contains(verified),
                            verified.isEmpty()
                                    ? "this pool runs jobs for "
                                            + String.join(", ", environments)
                                            + " only, and no verified identity token says that"
                                            + " it is one"
                                    : "this pool runs no jobs for " + verified,
                            "claims"));
        }
        if (!approved.isEmpty()) {
            String own = facts.settable().variables().getOrDefault("CI_ENVIRONMENT_NAME", "");
            findings.add(
                    finding(
                            "approved-environments",
                            Effect.HOLD,
                            approved.contains(claimed(facts)) || approved.contains(own),
                            "it is for an environment whose jobs somebody has to approve",
                            "claims"));
        }
        return findings;
    }

    /** For a digest: the same rules give the same text. */
    String canonical() {
        return "%s %s %s %s %s"
                .formatted(
                        forks.name().toLowerCase(Locale.ROOT),
                        protectedOnly,
                        projects,
                        environments,
                        approved);
    }

    private static String claimed(Facts facts) {
        return facts.trusted().claims().values().get("environment") instanceof String name
                ? name
                : "";
    }

    private static boolean covers(String project, ServerFacts server) {
        String path = server.project().path();
        if (project.endsWith("*")) {
            return path.startsWith(project.substring(0, project.length() - 1));
        }
        boolean number = project.chars().allMatch(c -> c >= '0' && c <= '9');
        return project.equals(number ? server.project().id() : path);
    }

    private static Finding deny(String name, boolean applies, String because, String reads) {
        return finding(name, Effect.DENY, applies, because, reads);
    }

    private static Finding finding(
            String name, Effect effect, boolean applies, String because, String reads) {
        return new Finding("built-in/" + name, effect, applies, true, because, List.of(reads));
    }
}
