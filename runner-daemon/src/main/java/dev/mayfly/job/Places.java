package dev.mayfly.job;

/** Where a job finds its things in each of its containers, whatever the sandbox is made of. */
public final class Places {

    /** What job and helper share; gone with the job. */
    public static final String WORKSPACE = "/workspace";

    /** Where the sources are and each step begins, unless the job says otherwise. */
    public static final String SOURCES = WORKSPACE + "/src";

    /** Where values are that a step gets as files: in memory, readable by the step's user only. */
    public static final String FILES = "/run/secrets";

    private Places() {}

    /** The file of a value. */
    public static String file(String name) {
        return FILES + "/" + name;
    }
}
