package dev.mayfly.job;

/**
 * What a CI server says of a job in fields that it fills in itself. What it does not say is empty,
 * or the less trusted of two answers.
 *
 * @param project whose job it is
 * @param ref what is built
 * @param fork whether the code may come from a fork: true unless the server rules it out
 * @param run which job of which pipeline it is
 */
public record ServerFacts(Project project, Ref ref, boolean fork, Run run) implements Facts.Group {

    /** Of a source that has no server. Whoever may submit to it is trusted with what he submits. */
    public static final ServerFacts NONE =
            new ServerFacts(
                    new Project("", ""),
                    new Ref("", RefKind.NONE, false, ""),
                    false,
                    new Run("", "", ""));

    /**
     * A project.
     *
     * @param id its number, which no other project ever gets
     * @param path with its groups; can be given to another project later
     */
    public record Project(String id, String path) {}

    /**
     * What is built.
     *
     * @param name as the server writes it
     * @param kind what it is
     * @param isProtected whether few people may change it
     * @param commit full hash
     */
    public record Ref(String name, RefKind kind, boolean isProtected, String commit) {}

    /**
     * A run.
     *
     * @param job its number at the server
     * @param pipeline number of the pipeline
     * @param user number of who started it
     */
    public record Run(String job, String pipeline, String user) {}

    /** What a ref can be. */
    public enum RefKind {
        BRANCH,
        TAG,
        MERGE_REQUEST,
        /** There is none. */
        NONE
    }

    @Override
    public Facts.Origin origin() {
        return Facts.Origin.SERVER;
    }
}
