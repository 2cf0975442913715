package dev.mayfly.sandbox;

/**
 * What a pool may relax or tighten. Everything else is the same for every sandbox.
 *
 * @param readOnlyRoot whether the job container's root file system is read-only
 * @param user who runs the script and the services
 * @param seccompProfile JSON of a stricter seccomp profile, or the empty string for the engine's
 * @param barrier what the engine must put around the containers
 */
public record Hardening(boolean readOnlyRoot, User user, String seccompProfile, Barrier barrier) {

    /** Hardening with whatever barrier the engine has. */
    public Hardening(boolean readOnlyRoot, User user, String seccompProfile) {
        this(readOnlyRoot, user, seccompProfile, Barrier.OF_ENGINE);
    }

    /** Who runs a job's script and its services. */
    public enum User {
        /** The image's user; where that is root, root with few capabilities. */
        IMAGE,
        /** Never root: an image whose user is root runs as an ordinary user instead. */
        NON_ROOT
    }
}
