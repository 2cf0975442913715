package dev.mayfly.job;

import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An image and how to enter it.
 *
 * @param reference as the author wrote it, for example {@code debian:bookworm-slim}
 * @param entrypoint for a job: a command that receives the shell as its arguments and must execute
 *     it; null or empty to run the shell directly, since the ENTRYPOINT of most images starts a
 *     server, not a shell. For a service: what takes the place of the image's ENTRYPOINT; empty for
 *     nothing, null for the image's own
 * @param user to run as, a number or a name of the image, possibly with a group; null for the
 *     image's
 * @param pull when to fetch it, each tried where the one before has failed; empty where nobody says
 *     it: then {@link PullPolicy#IF_NOT_PRESENT}, or {@link PullPolicy#ALWAYS} for an image that a
 *     login opens
 * @param variables names of those that a job can set and that the reference was made of
 */
public record ImageSpec(
        String reference,
        @Nullable List<String> entrypoint,
        @Nullable String user,
        List<PullPolicy> pull,
        List<String> variables) {

    public ImageSpec {
        entrypoint = entrypoint == null ? null : List.copyOf(entrypoint);
        pull = List.copyOf(pull);
        variables = List.copyOf(variables);
    }

    /** An image whose reference was written without variables. */
    public ImageSpec(
            String reference,
            @Nullable List<String> entrypoint,
            @Nullable String user,
            List<PullPolicy> pull) {
        this(reference, entrypoint, user, pull, List.of());
    }

    /** The same, fetched by these policies where it does not name its own. */
    public ImageSpec orPulled(List<PullPolicy> policies) {
        return pull.isEmpty()
                ? new ImageSpec(reference, entrypoint, user, policies, variables)
                : this;
    }

    /** An image with its own user, fetched when it is not there. */
    public ImageSpec(String reference, @Nullable List<String> entrypoint) {
        this(reference, entrypoint, null, List.of(), List.of());
    }
}
