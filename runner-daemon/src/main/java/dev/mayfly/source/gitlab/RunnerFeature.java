package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;

/**
 * What a runner can declare that it does. A server fails a job that needs what is not declared, and
 * hands out one that needs what is: so a constant is declared when it is built, and not before.
 */
public enum RunnerFeature {
    /** Variables of the payload reach the script. */
    VARIABLES,
    /** The job names its image. */
    IMAGE,
    /** The job names services. */
    SERVICES,
    /** A service has variables of its own. */
    SERVICE_VARIABLES,
    /** A service has several names. */
    SERVICE_MULTIPLE_ALIASES,
    /** Files are kept at the server and brought from there. */
    ARTIFACTS,
    /** Reports are kept beside the archive. */
    UPLOAD_MULTIPLE_ARTIFACTS,
    /** A report is kept as it is. */
    UPLOAD_RAW_ARTIFACTS,
    /** Files are left out of what is kept. */
    ARTIFACTS_EXCLUDE,
    /** Caches are restored and saved. */
    CACHE,
    /** A cache is looked for under several keys. */
    FALLBACK_CACHE_KEYS,
    /** What the server adds to the script, as for a release, is run after it. */
    MULTI_BUILD_STEPS,
    /** Sources are fetched as the payload's refspecs say. */
    REFSPECS,
    /** Values of masked variables do not appear in the log. */
    MASKING,
    /** Secrets are fetched from Vault. */
    VAULT_SECRETS,
    /** Raw variables are not expanded. */
    RAW_VARIABLES,
    /** The log can be sent again from its start. */
    TRACE_RESET,
    /** The end carries the log's checksum. */
    TRACE_CHECKSUM,
    /** The end carries the log's size. */
    TRACE_SIZE,
    /** A job ends when its user cancels it. */
    CANCELABLE,
    /** A cancelled job runs its after_script. */
    CANCEL_GRACEFULLY,
    /** The end carries the script's exit code. */
    RETURN_EXIT_CODE;

    /** What Mayfly does with a job from GitLab today. */
    public static final Set<RunnerFeature> IMPLEMENTED =
            Set.copyOf(EnumSet.allOf(RunnerFeature.class));

    /** What GitLab calls it. */
    String word() {
        return name().toLowerCase(Locale.ROOT);
    }

    static ObjectNode json(Set<RunnerFeature> declared) {
        ObjectNode node = Json.object();
        for (RunnerFeature feature : values()) {
            if (declared.contains(feature)) {
                node.put(feature.word(), true);
            }
        }
        return node;
    }
}
