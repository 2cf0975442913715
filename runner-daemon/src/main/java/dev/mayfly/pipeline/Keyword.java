package dev.mayfly.pipeline;

import java.util.Arrays;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/** What a job of a pipeline file can say, and what a local run makes of it. */
enum Keyword {
    SCRIPT(Use.DONE, "in one shell with before_script"),
    BEFORE_SCRIPT(Use.DONE, Origin.DEFAULT, "nested lists are flattened"),
    AFTER_SCRIPT(Use.DONE, Origin.DEFAULT, "in a second shell, also after a failure"),
    IMAGE(
            Use.DONE,
            Origin.DEFAULT,
            "name, entrypoint, pull_policy, docker:user; docker:platform" + " of this host only"),
    SERVICES(Use.DONE, Origin.DEFAULT, "with alias, entrypoint, command, variables, pull_policy"),
    VARIABLES(Use.DONE, "global ones too; references are expanded"),
    EXTENDS(Use.DONE, "several, 10 levels deep"),
    INHERIT(Use.DONE, "default and variables"),
    STAGE(Use.DONE, "becomes CI_JOB_STAGE; one that the pipeline does not have is a mistake"),
    PARALLEL(Use.DONE, "one of the jobs is run, by its full name; with matrix too"),
    TIMEOUT(Use.DONE, Origin.DEFAULT, "bounds the job; a pool's own timeout too"),
    ID_TOKENS(
            Use.DONE, Origin.DEFAULT, "needs --secret NAME=REF for each: no server signs one here"),
    SECRETS(Use.DONE, "needs --secret NAME=REF for each: the values come from Mayfly's secrets"),
    ENVIRONMENT(
            Use.NOTED, "no deployment is recorded; CI_ENVIRONMENT_NAME, _URL and _ACTION are set"),
    ARTIFACTS(Use.NOTED, Origin.DEFAULT, "nothing is kept of a local run"),
    CACHE(Use.NOTED, Origin.DEFAULT, "nothing is restored or saved"),
    NEEDS(Use.NOTED, "other jobs do not run, their artifacts are not there"),
    DEPENDENCIES(Use.NOTED, "other jobs do not run, their artifacts are not there"),
    RULES(Use.NOTED, "not evaluated: the job runs, without variables that a rule would set"),
    ONLY(Use.NOTED, "not evaluated: the job runs"),
    EXCEPT(Use.NOTED, "not evaluated: the job runs"),
    WHEN(Use.NOTED, "not looked at: the job runs now"),
    START_IN(Use.NOTED, "not looked at: the job runs now"),
    MANUAL_CONFIRMATION(Use.NOTED, "nobody is asked"),
    TAGS(Use.NOTED, Origin.DEFAULT, "not looked at: --pool names the pool"),
    ALLOW_FAILURE(Use.NOTED, "not looked at: the exit code is the script's"),
    RETRY(Use.NOTED, Origin.DEFAULT, "the job runs once"),
    INTERRUPTIBLE(Use.NOTED, Origin.DEFAULT, "Ctrl-C cancels the job"),
    RESOURCE_GROUP(Use.NOTED, "other runs are not waited for"),
    COVERAGE(Use.NOTED, "not looked for in the log"),
    RELEASE(Use.NOTED, "no release is made"),
    PAGES(Use.NOTED, "nothing is published"),
    PUBLISH(Use.NOTED, "nothing is published"),
    HOOKS(
            Use.NOTED,
            Origin.DEFAULT,
            "not run: the sources are the working tree, nothing is fetched"),
    DAST_CONFIGURATION(Use.NOTED, "the server's profiles are not known here"),
    TRIGGER(Use.REFUSED, "starts another pipeline, at a server"),
    RUN(Use.REFUSED, "steps are not supported"),
    INPUTS(Use.REFUSED, "inputs of jobs are not supported"),
    IDENTITY(Use.REFUSED, Origin.DEFAULT, "needs a server");

    /** What becomes of a keyword. */
    enum Use {
        DONE,
        /** The job runs without, and that is said. */
        NOTED,
        /** The job does not run. */
        REFUSED
    }

    /** Where it may stand. */
    enum Origin {
        JOB,
        /** In a job or below {@code default}. */
        DEFAULT
    }

    private final Use use;
    private final Origin origin;
    private final String remark;

    Keyword(Use use, String remark) {
        this(use, Origin.JOB, remark);
    }

    Keyword(Use use, Origin origin, String remark) {
        this.use = use;
        this.origin = origin;
        this.remark = remark;
    }

    Use use() {
        return use;
    }

    boolean isInherited() {
        return origin == Origin.DEFAULT;
    }

    /** In a few words, what is done with it or why it is not. */
    String remark() {
        return remark;
    }

    /** What can be done about it; empty for nothing. */
    String cure() {
        return switch (this) {
            case ARTIFACTS -> "let the script print what you want to see";
            case NEEDS, DEPENDENCIES -> "put what they make into the working tree first";
            case RULES -> "give such variables by --variable NAME=VALUE";
            case TAGS -> "choose by --pool NAME";
            default -> "";
        };
    }

    /** As it is written. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    static Optional<Keyword> of(String word) {
        return Arrays.stream(values()).filter(keyword -> keyword.word().equals(word)).findFirst();
    }

    static Stream<Keyword> inherited() {
        return Arrays.stream(values()).filter(Keyword::isInherited);
    }
}
