package dev.mayfly.audit;

import dev.mayfly.job.Facts;
import dev.mayfly.job.JobId;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.Receipt;
import dev.mayfly.job.ServerFacts;
import dev.mayfly.job.Sha256;
import dev.mayfly.job.Steps;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Something that happened and that somebody may have to show. Never holds a secret's value: texts
 * about a job are masked before they come here.
 */
public sealed interface AuditEvent {

    /** What it is about, as {@code kind} of its line says it. */
    default String kind() {
        return switch (this) {
            case DaemonStarted _ -> "daemon-started";
            case DaemonStopped _ -> "daemon-stopped";
            case PolicyChanged _ -> "policy-changed";
            case JobClaimed _ -> "job-claimed";
            case JobDecided _ -> "job-decided";
            case JobApproved _ -> "job-approved";
            case ImageUsed _ -> "image-used";
            case SecretUsed _ -> "secret-used";
            case Connected _ -> "connected";
            case JobEnded _ -> "job-ended";
            case JobDestroyed _ -> "job-destroyed";
            case Checkpoint _ -> "checkpoint";
            case Retired _ -> "retired";
            case Lost _ -> "lost";
            case Damaged _ -> "damaged";
        };
    }

    /**
     * A process began to take jobs.
     *
     * @param version Mayfly's
     * @param daemon what tells its containers from others'
     */
    record DaemonStarted(String version, String daemon) implements AuditEvent {}

    /**
     * It ended by itself. Where this is missing, it was killed.
     *
     * @param idle whether nothing was left running
     */
    record DaemonStopped(boolean idle) implements AuditEvent {}

    /**
     * Other rules count from now on.
     *
     * @param before digest of the policy that counted
     */
    record PolicyChanged(String before) implements AuditEvent {}

    /**
     * A job was taken from its source.
     *
     * @param source its name in the configuration
     * @param pool whose slot it has
     * @param name what people call it
     * @param commands digest of the lines of its scripts
     * @param asked who asked for it, or null where no server says so
     */
    record JobClaimed(
            JobId job,
            String source,
            String pool,
            String name,
            String commands,
            @Nullable Asked asked)
            implements AuditEvent {

        /**
         * A job with what is known of it.
         *
         * @param name what people call it, masked
         */
        public static JobClaimed of(
                JobId job, PoolName pool, Facts facts, Steps steps, String name) {
            List<String> lines = new ArrayList<>(steps.setup());
            lines.addAll(steps.script());
            steps.further().forEach(step -> lines.addAll(step.lines()));
            lines.addAll(steps.afterScript());
            return new JobClaimed(
                    job,
                    facts.source(),
                    pool.value(),
                    name,
                    Sha256.hexOf(String.join("\n", lines)),
                    Asked.of(facts.trusted().server()));
        }
    }

    /**
     * Who asked for a job, by the word of the CI server.
     *
     * @param project path of the project
     * @param projectId its number
     * @param ref what is built
     * @param isProtected whether few may change that
     * @param commit full hash
     * @param pipeline its number
     * @param user number of who started it
     */
    record Asked(
            String project,
            String projectId,
            String ref,
            boolean isProtected,
            String commit,
            String pipeline,
            String user) {

        /** What a server says, or null where there is none. */
        static @Nullable Asked of(ServerFacts server) {
            return server.equals(ServerFacts.NONE)
                    ? null
                    : new Asked(
                            server.project().path(),
                            server.project().id(),
                            server.ref().name(),
                            server.ref().isProtected(),
                            server.ref().commit(),
                            server.run().pipeline(),
                            server.run().user());
        }
    }

    /**
     * It was decided whether a job runs.
     *
     * @param verdict admitted, approved, held or denied
     * @param rules those that were about it
     */
    record JobDecided(JobId job, String verdict, List<String> rules) implements AuditEvent {
        public JobDecided {
            rules = List.copyOf(rules);
        }
    }

    /**
     * Somebody let a held job run.
     *
     * @param by who
     */
    record JobApproved(JobId job, String by) implements AuditEvent {}

    /**
     * A part of a job's environment was made of an image.
     *
     * @param reference as the job or its pool names it
     * @param identity what tells its bytes from any others
     */
    record ImageUsed(JobId job, String reference, String identity) implements AuditEvent {}

    /**
     * A secret was used, or refused.
     *
     * @param action login, read, renew, revoke or refuse
     * @param subject its path, or the name of its lease
     * @param outcome {@code ok}, or what went wrong
     * @param request what the provider's own audit log calls it, or empty
     */
    record SecretUsed(JobId job, String action, String subject, String outcome, String request)
            implements AuditEvent {}

    /**
     * A job connected to somebody, or wanted to.
     *
     * @param pool the job's
     * @param verdict what became of it
     * @param origin which of its containers wanted it
     * @param destination host and port
     * @param address that was connected to, or null
     * @param upBytes from the job
     * @param downBytes to the job
     * @param millis from its beginning to its end
     * @param firstSeen whether no job of the project had been there before
     * @param because the rule that allowed it, or the reason why not
     */
    record Connected(
            JobId job,
            String pool,
            String verdict,
            String origin,
            String destination,
            @Nullable String address,
            long upBytes,
            long downBytes,
            long millis,
            boolean firstSeen,
            String because)
            implements AuditEvent {}

    /**
     * A job has its outcome.
     *
     * @param pool the job's
     * @param outcome one word
     * @param because one sentence
     */
    record JobEnded(JobId job, String pool, String outcome, String because) implements AuditEvent {}

    /**
     * A job's environment was destroyed, or that was tried.
     *
     * @param clean whether everything was shown to be gone
     * @param parts what there was
     */
    record JobDestroyed(JobId job, boolean clean, List<Part> parts) implements AuditEvent {
        public JobDestroyed {
            parts = List.copyOf(parts);
        }

        /** What a receipt says. */
        public static JobDestroyed of(Receipt receipt) {
            return new JobDestroyed(
                    receipt.job(),
                    receipt.clean(),
                    receipt.disposals().stream()
                            .map(one ->
                                    new Part(
                                            one.resource().kind().name().toLowerCase(Locale.ROOT),
                                            one.resource().name(),
                                            one.verified(),
                                            one.evidence()))
                            .toList());
        }
    }

    /**
     * One part of an environment.
     *
     * @param resource container, network, volume or lease
     * @param name what its owner calls it
     * @param gone whether its owner did not know it any more
     * @param evidence what was asked and what came back
     */
    record Part(String resource, String name, boolean gone, String evidence) {}

    // -- what the trail says of itself

    /**
     * What stands before this line is vouched for.
     *
     * @param key fingerprint of the key
     * @param signature Ed25519, in Base64, over the number and {@code prev} of this line, with a
     *     space between
     */
    record Checkpoint(String key, String signature) implements AuditEvent {}

    /**
     * Old lines were removed, as the configuration has it.
     *
     * @param lastSeq number of the last of them
     * @param lastHash its hash, with which the first that is kept goes on
     */
    record Retired(long lastSeq, String lastHash) implements AuditEvent {}

    /**
     * Events could not be written.
     *
     * @param events how many
     * @param because why not
     */
    record Lost(long events, String because) implements AuditEvent {}

    /**
     * The files are not what was written.
     *
     * @param because what was found, and what should have been
     */
    record Damaged(String because) implements AuditEvent {}
}
