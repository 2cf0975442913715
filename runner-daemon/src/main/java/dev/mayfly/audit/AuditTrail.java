package dev.mayfly.audit;

/** Takes what is to be remembered. Safe for use by many threads; must not throw. */
@FunctionalInterface
public interface AuditTrail {

    /** Remembers nothing. */
    AuditTrail NONE = _ -> {};

    /** Remembers that something happened, now. Blocks for a bounded time when the disk is slow. */
    void record(AuditEvent event);

    /** Why nothing can be remembered now, so that no job is to be taken; empty when it can. */
    default String unhealthyBecause() {
        return "";
    }
}
