package dev.mayfly.source.local;

import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Set;

/** Where the API listens, and where a client finds it. */
public sealed interface ApiEndpoint {

    /**
     * A TCP port.
     *
     * @param host name or address to bind
     * @param port 0 for any free one
     * @param remoteNames names under which other hosts reach it; empty, and only this host does:
     *     then {@code host} must be a loopback address. There is no TLS here: put a proxy in front.
     */
    record Tcp(String host, int port, Set<String> remoteNames) implements ApiEndpoint {
        public Tcp {
            remoteNames = Set.copyOf(remoteNames);
            if (port < 0 || port > 65535) {
                throw new IllegalArgumentException("port is " + port + ", must be 0 to 65535");
            }
        }

        /** The address as a person writes it, {@code http://127.0.0.1:9477}. */
        @Override
        public String toString() {
            return "http://" + (host.contains(":") ? "[" + host + "]" : host) + ":" + port;
        }
    }

    /**
     * A socket in the file system, mode 0600.
     *
     * @param path at most 107 bytes; its directory must exist
     */
    record UnixSocket(Path path) implements ApiEndpoint {
        /** The kernel's limit for a socket's path. */
        private static final int LONGEST = 107;

        public UnixSocket {
            path = path.toAbsolutePath();
            int length = path.toString().getBytes(StandardCharsets.UTF_8).length;
            if (length > LONGEST) {
                throw new IllegalArgumentException(
                        path
                                + " is "
                                + length
                                + " bytes long, a socket's path has at most "
                                + LONGEST);
            }
        }

        /** The address as a person writes it, {@code unix:/path}. */
        @Override
        public String toString() {
            return "unix:" + path;
        }
    }
}
