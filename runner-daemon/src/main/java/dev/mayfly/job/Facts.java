package dev.mayfly.job;

import java.util.function.UnaryOperator;

/**
 * What is known of a job, kept apart by who says it. Whatever gives a job more than others have, a
 * pool, a secret, an exception from a rule, takes {@link Trusted} and so cannot look at what the
 * job's author chose.
 *
 * @param trusted what no author of a job can choose
 * @param settable what the author chose, or could have chosen
 */
public record Facts(Trusted trusted, SettableFacts settable) {

    /** Where a fact comes from, and what its name begins with in a policy. */
    public enum Origin {
        /** The operator's configuration of the runner that the job arrived on. */
        REGISTRATION("registration"),
        /** A field that the CI server itself fills in. */
        SERVER("server"),
        /** An identity token of the job whose signature was checked. */
        CLAIMS("claims"),
        /** The job: its file, its variables. */
        JOB("job");

        private final String word;

        Origin(String word) {
            this.word = word;
        }

        /** As a policy writes it. */
        public String word() {
            return word;
        }
    }

    /** Facts of one origin. */
    public sealed interface Group
            permits RegistrationFacts, ServerFacts, VerifiedClaims, SettableFacts {

        /** Who says so. */
        Origin origin();
    }

    /**
     * The facts that no author of a job can choose.
     *
     * @param registration of the runner that the job arrived on
     * @param server what the CI server says
     * @param claims of the job's identity token; {@link VerifiedClaims#NONE} without one
     */
    public record Trusted(
            RegistrationFacts registration, ServerFacts server, VerifiedClaims claims) {

        /** Of a job of which nothing is known. */
        public static final Trusted NOTHING =
                new Trusted(
                        new RegistrationFacts("", "", false),
                        ServerFacts.NONE,
                        VerifiedClaims.NONE);

        /** The same with what an identity token adds. */
        public Trusted with(VerifiedClaims verified) {
            return new Trusted(registration, server, verified);
        }
    }

    /**
     * Of a job that came in without a CI server: nothing is known but who took it in.
     *
     * @param source that took it in
     */
    public static Facts ofSource(String source, JobSpec spec) {
        return new Facts(
                new Trusted(
                        new RegistrationFacts(source, "", false),
                        ServerFacts.NONE,
                        VerifiedClaims.NONE),
                SettableFacts.of(spec));
    }

    /** The name of the source that the job came from. */
    public String source() {
        return trusted.registration().name();
    }

    /** The same with what an identity token adds. */
    public Facts with(VerifiedClaims verified) {
        return new Facts(trusted.with(verified), settable);
    }

    /**
     * The same without what the job's author has put into them and nobody may read.
     *
     * @param hidden hides it in a text
     */
    public Facts hiding(UnaryOperator<String> hidden) {
        return new Facts(trusted, settable.hiding(hidden));
    }
}
