package dev.mayfly.job;

import java.util.List;

/**
 * An image and how to enter it.
 *
 * @param reference as the author wrote it, for example {@code debian:bookworm-slim}
 * @param entrypoint a command that receives the shell as its arguments and must execute it; empty
 *     to run the shell directly. The image's own ENTRYPOINT is not used: most of them start a
 *     server, not a shell.
 */
public record ImageSpec(String reference, List<String> entrypoint) {

    public ImageSpec {
        entrypoint = List.copyOf(entrypoint);
    }
}
