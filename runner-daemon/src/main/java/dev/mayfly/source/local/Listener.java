package dev.mayfly.source.local;

import dev.mayfly.state.StateDirectory;
import dev.mayfly.state.StateException;
import io.vertx.core.http.HttpServer;
import io.vertx.core.net.SocketAddress;
import java.io.IOException;
import java.net.BindException;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.net.UnknownHostException;
import java.nio.channels.SocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A server that listens at one endpoint, and at no other than was meant. */
final class Listener {

    private static final Logger LOG = LoggerFactory.getLogger(Listener.class);

    private static final long LIMIT_SECONDS = 10;

    private final HttpServer server;
    private final @Nullable Path socket;

    private Listener(HttpServer server, @Nullable Path socket) {
        this.server = server;
        this.socket = socket;
    }

    static Listener listen(HttpServer server, ApiEndpoint endpoint) {
        return switch (endpoint) {
            case ApiEndpoint.Tcp(String host, int port, Set<String> remoteNames) -> {
                if (remoteNames.isEmpty()) {
                    requireLoopback(host);
                }
                bind(server, SocketAddress.inetSocketAddress(port, host), host + ":" + port);
                yield new Listener(server, null);
            }
            case ApiEndpoint.UnixSocket(Path path) -> {
                removeStale(path);
                bind(server, SocketAddress.domainSocketAddress(path.toString()), path.toString());
                closeToOthers(path);
                yield new Listener(server, path);
            }
        };
    }

    int port() {
        return socket == null ? server.actualPort() : 0;
    }

    void close() {
        try {
            server.close()
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(LIMIT_SECONDS, TimeUnit.SECONDS);
            if (socket != null) {
                Files.deleteIfExists(socket);
            }
        } catch (ExecutionException | TimeoutException | IOException e) {
            LOG.warn("The API did not stop cleanly", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static void bind(HttpServer server, SocketAddress address, String where) {
        try {
            server.listen(address)
                    .toCompletionStage()
                    .toCompletableFuture()
                    .get(LIMIT_SECONDS, TimeUnit.SECONDS);
        } catch (ExecutionException | TimeoutException e) {
            throw new StateException(
                    "the API cannot listen at "
                            + where
                            + ": "
                            + reason(e)
                            + "; stop the other daemon, or name another address with api.listen",
                    e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new StateException("interrupted while starting to listen at " + where, e);
        }
    }

    private static String reason(Exception failure) {
        return switch (failure.getCause()) {
            case BindException e when String.valueOf(e.getMessage()).contains("in use") ->
                    "something else listens there";
            case null -> "it took longer than " + LIMIT_SECONDS + " s";
            case Throwable e -> String.valueOf(e.getMessage());
        };
    }

    private static void requireLoopback(String host) {
        try {
            for (InetAddress address : InetAddress.getAllByName(host)) {
                if (!address.isLoopbackAddress()) {
                    throw new StateException(
                            "api.listen: "
                                    + host
                                    + " is "
                                    + address.getHostAddress()
                                    + ", which other hosts can reach, and nothing there is"
                                    + " encrypted: use 127.0.0.1 or a unix socket, with a reverse"
                                    + " proxy in front for other hosts",
                            null);
                }
            }
        } catch (UnknownHostException e) {
            throw new StateException("api.listen: " + host + " has no address: use 127.0.0.1", e);
        }
    }

    /** A daemon that was killed leaves its socket; one that runs must not lose it. */
    private static void removeStale(Path path) {
        if (!Files.exists(path)) {
            return;
        }
        try (SocketChannel probe = SocketChannel.open(StandardProtocolFamily.UNIX)) {
            probe.connect(UnixDomainSocketAddress.of(path));
            throw new StateException(
                    "another daemon listens at " + path + ": stop it, or choose another path",
                    null);
        } catch (ConnectException e) {
            delete(path);
        } catch (IOException e) {
            throw new StateException(
                    path + " is in the way (" + e + "): choose another path for the socket", e);
        }
    }

    private static void delete(Path path) {
        try {
            if (Files.isRegularFile(path)) {
                throw new StateException(
                        path + " is a file and not a socket: choose another path", null);
            }
            Files.deleteIfExists(path);
        } catch (IOException e) {
            throw new StateException(path + " is left over and cannot be removed (" + e + ")", e);
        }
    }

    private static void closeToOthers(Path path) {
        try {
            Files.setPosixFilePermissions(path, StateDirectory.PRIVATE_FILE);
        } catch (IOException e) {
            throw new StateException(path + " cannot be closed to others (" + e + ")", e);
        }
    }
}
