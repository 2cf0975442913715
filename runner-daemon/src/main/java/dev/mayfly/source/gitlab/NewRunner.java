package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.time.Duration;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a server shall note of a runner that a registration token makes. For a runner that was
 * created at the server, these belong to the server and are changed there.
 *
 * @param description what people see
 * @param tags of the jobs it takes
 * @param access which refs' jobs it takes
 * @param untagged whether it takes jobs without tags
 * @param maximumTimeout of its jobs, at least ten minutes, or null for the project's
 */
public record NewRunner(
        String description,
        List<String> tags,
        Access access,
        boolean untagged,
        @Nullable Duration maximumTimeout) {

    /** Which refs' jobs a runner takes. */
    public enum Access {
        /** All. */
        NOT_PROTECTED,
        /** Those of protected branches and tags only. */
        REF_PROTECTED
    }

    public NewRunner {
        tags = List.copyOf(tags);
    }

    void into(ObjectNode body) {
        body.put("description", description)
                .put("tag_list", String.join(",", tags))
                .put("access_level", access.name().toLowerCase(java.util.Locale.ROOT))
                .put("run_untagged", untagged);
        if (maximumTimeout != null) {
            body.put("maximum_timeout", maximumTimeout.toSeconds());
        }
    }
}
