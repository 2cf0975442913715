package dev.mayfly.source.gitlab;

import dev.mayfly.job.SecretValue;
import java.util.Collection;

/** Hides secrets, however they are encoded, in what is said of a job before its log masks. */
@FunctionalInterface
public interface Hiding {

    /** The text without these values. */
    String hidden(String text, Collection<SecretValue> secrets);
}
