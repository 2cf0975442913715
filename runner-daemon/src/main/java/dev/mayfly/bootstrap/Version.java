package dev.mayfly.bootstrap;

import java.util.Objects;

/** Which Mayfly this is. */
public final class Version {

    private Version() {}

    /** The version of the jar, or {@code dev} when it runs from class files. */
    public static String current() {
        return Objects.requireNonNullElse(
                Version.class.getPackage().getImplementationVersion(), "dev");
    }
}
