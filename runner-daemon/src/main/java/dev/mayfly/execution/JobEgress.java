package dev.mayfly.execution;

import dev.mayfly.egress.Destination;
import dev.mayfly.egress.EgressPolicy;
import dev.mayfly.egress.Gateway;
import dev.mayfly.egress.JobOutlet;
import dev.mayfly.job.GitFetch;
import dev.mayfly.job.ServerFacts;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.source.Claim;
import java.net.URI;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** One job's way to others, if its pool filters that. */
final class JobEgress implements AutoCloseable {

    private static final int HTTPS = 443;
    private static final int HTTP = 80;

    private final @Nullable JobOutlet outlet;

    /**
     * Opens it.
     *
     * @param log the job's
     */
    JobEgress(Gateway gateway, Claim claim, PoolTerms terms, JobLog log) {
        EgressPolicy policy = terms.egress();
        outlet =
                policy == null
                        ? null
                        : gateway.open(
                                policy,
                                new Gateway.Traveller(claim.job(), terms.pool(), project(claim)),
                                sources(claim.spec().inputs().workspace()),
                                words(log));
    }

    private static Gateway.Log words(JobLog log) {
        return new Gateway.Log() {
            @Override
            public void soon(String text) {
                log.soon(text);
            }

            @Override
            public String masked(String text) {
                return log.line(text);
            }
        };
    }

    /** By the server's word; jobs without a server are one project. */
    private static String project(Claim claim) {
        ServerFacts.Project project = claim.facts().trusted().server().project();
        return claim.source() + "/" + (project.id().isEmpty() ? project.path() : project.id());
    }

    /** The server that a CI server names for the sources; never what a job's author names. */
    private static @Nullable Destination sources(WorkspaceSource workspace) {
        if (!(workspace instanceof WorkspaceSource.Git git)
                || git.how().access().equals(GitFetch.Access.OPEN)) {
            return null;
        }
        try {
            URI base = URI.create(git.how().access().base());
            return Destination.parse(
                    String.valueOf(base.getRawAuthority()),
                    "http".equals(base.getScheme()) ? HTTP : HTTPS);
        } catch (IllegalArgumentException e) {
            return null; // git will say what is wrong with it
        }
    }

    @Nullable JobOutlet outlet() {
        return outlet;
    }

    /** Where the job has been, for the end of its log. */
    List<String> table() {
        if (outlet == null) {
            return List.of();
        }
        outlet.logEnds();
        return outlet.table();
    }

    @Override
    public void close() {
        if (outlet != null) {
            outlet.close();
        }
    }
}
