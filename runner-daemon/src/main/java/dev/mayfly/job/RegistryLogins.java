package dev.mayfly.job;

import java.util.List;

/** Logins that somebody keeps, and may change while jobs run. */
@FunctionalInterface
public interface RegistryLogins {

    /** None at all. */
    RegistryLogins NONE = List::of;

    /**
     * The logins as they are now.
     *
     * @throws FaultException {@code REGISTRY} if they cannot be had, without any of their content
     */
    List<RegistryLogin> now();
}
