package dev.mayfly.admission;

import java.util.Locale;

/** What a rule does to the jobs that it is about. */
public enum Effect {
    /** Refuses them; no other rule changes that. */
    DENY,
    /** Lifts what would hold them. */
    ALLOW,
    /** Makes them wait for somebody's approval. */
    HOLD;

    /** As a policy writes it. */
    public String word() {
        return name().toLowerCase(Locale.ROOT);
    }
}
