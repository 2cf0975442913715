package dev.mayfly.config;

import dev.mayfly.job.SecretValue;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * The HTTP interface.
 *
 * @param listen where it listens
 * @param token what clients must send, or null for the one in {@code tokenFile}
 * @param tokenFile where the generated token is kept, mode 0600; used when {@code token} is null
 */
public record ApiSettings(Listen listen, @Nullable SecretValue token, Path tokenFile) {

    /** Where the interface listens. */
    public sealed interface Listen {

        /**
         * A TCP port.
         *
         * @param host address or name, without brackets
         * @param port 0 for any free one, else 1 to 65535
         */
        record Tcp(String host, int port) implements Listen {}

        /**
         * A unix socket.
         *
         * @param path absolute
         */
        record UnixSocket(Path path) implements Listen {}
    }
}
