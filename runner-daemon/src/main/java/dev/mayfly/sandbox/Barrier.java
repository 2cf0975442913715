package dev.mayfly.sandbox;

/**
 * What stands between a pool's containers and the kernel of their host, and only the engine can put
 * there. An engine that cannot is not given the pool's jobs.
 *
 * @param runtime what runs the containers, by the engine's name for it, such as {@code runsc}; or
 *     the empty string for the engine's default
 * @param appArmorProfile name of an AppArmor profile that is loaded on the engine's host, or the
 *     empty string for the engine's own
 * @param userNamespace whether root in a container must be nobody on the host
 */
public record Barrier(String runtime, String appArmorProfile, boolean userNamespace) {

    /** Whatever the engine has. */
    public static final Barrier OF_ENGINE = new Barrier("", "", false);
}
