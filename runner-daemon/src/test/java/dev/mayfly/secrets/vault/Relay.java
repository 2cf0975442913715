package dev.mayfly.secrets.vault;

import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * Carries bytes to a server and back, and can let connections go dead as a network does whose other
 * end is gone: nothing arrives any more, and nobody says so.
 */
final class Relay implements AutoCloseable {

    private final URI target;
    private final ServerSocket listening;
    private final List<Connection> connections = new CopyOnWriteArrayList<>();

    /** Both ends, and whether anything still passes. */
    private record Connection(Socket client, Socket server, AtomicBoolean dead) {

        void carry(Socket from, Socket to) {
            byte[] bytes = new byte[8192];
            try {
                for (int read = 0; read >= 0 && !dead.get(); ) {
                    to.getOutputStream().write(bytes, 0, read);
                    read = from.getInputStream().read(bytes);
                }
                if (!dead.get()) {
                    close();
                }
            } catch (IOException e) {
                close();
            }
        }

        void close() {
            for (Socket socket : List.of(client, server)) {
                try {
                    socket.close();
                } catch (IOException _) {
                    // it is closed
                }
            }
        }
    }

    Relay(URI target) throws IOException {
        this.target = target;
        this.listening = new ServerSocket(0, 16, InetAddress.getLoopbackAddress());
        Thread.ofVirtual().name("relay").start(this::accept);
    }

    private void accept() {
        try {
            while (true) {
                Connection connection =
                        new Connection(
                                listening.accept(),
                                new Socket(target.getHost(), target.getPort()),
                                new AtomicBoolean());
                connections.add(connection);
                Thread.ofVirtual()
                        .start(() -> connection.carry(connection.client(), connection.server()));
                Thread.ofVirtual()
                        .start(() -> connection.carry(connection.server(), connection.client()));
            }
        } catch (IOException _) {
            // closed
        }
    }

    URI address() {
        return URI.create("http://127.0.0.1:" + listening.getLocalPort());
    }

    /** How many connections there have been. */
    int connections() {
        return connections.size();
    }

    /** From now on nothing passes on those that are there; new ones are as good as ever. */
    void letThemGoDead() {
        connections.forEach(connection -> connection.dead().set(true));
    }

    @Override
    public void close() throws IOException {
        listening.close();
        connections.forEach(Connection::close);
    }
}
