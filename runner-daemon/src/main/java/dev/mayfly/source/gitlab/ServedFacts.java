package dev.mayfly.source.gitlab;

import dev.mayfly.job.Facts;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.RegistrationFacts;
import dev.mayfly.job.ServerFacts;
import dev.mayfly.job.ServerFacts.RefKind;
import dev.mayfly.job.SettableFacts;
import dev.mayfly.job.VerifiedClaims;
import dev.mayfly.source.gitlab.JobPayload.GitFacts;
import dev.mayfly.source.gitlab.JobPayload.ProjectFacts;

/**
 * What a payload says of a job that its author cannot choose. That is what stands in fields of its
 * own; a variable never is, not even a predefined one, because a job's own variables of the same
 * name win over it.
 */
final class ServedFacts {

    /** The server makes such refs, and nobody can push to them. */
    private static final String MERGE_REQUESTS = "refs/merge-requests/";

    private ServedFacts() {}

    static Facts of(
            JobPayload payload, GitLabSourceSettings settings, ServerAddress server, JobSpec spec) {
        return new Facts(
                new Facts.Trusted(
                        new RegistrationFacts(
                                settings.registration(),
                                server.toString(),
                                settings.protectedRefs()),
                        server(payload),
                        VerifiedClaims.NONE),
                SettableFacts.of(spec));
    }

    private static ServerFacts server(JobPayload payload) {
        ProjectFacts project = payload.facts().project();
        GitFacts git = payload.git();
        RefKind kind = kind(git);
        return new ServerFacts(
                new ServerFacts.Project(String.valueOf(project.id()), project.path()),
                new ServerFacts.Ref(git.ref(), kind, git.protectedRef(), git.sha()),
                // From which project its source branch is, only variables tell.
                kind == RefKind.MERGE_REQUEST,
                new ServerFacts.Run(
                        String.valueOf(payload.facts().id()), project.pipeline(), project.user()));
    }

    private static RefKind kind(GitFacts git) {
        if (git.ref().startsWith(MERGE_REQUESTS)) {
            return RefKind.MERGE_REQUEST;
        }
        return git.tag() ? RefKind.TAG : RefKind.BRANCH;
    }
}
