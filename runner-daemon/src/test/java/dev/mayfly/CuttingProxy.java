package dev.mayfly;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.SocketAddress;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.util.concurrent.atomic.AtomicInteger;

/** A network on a bad day: passes bytes on, and breaks each connection after some. */
public final class CuttingProxy implements AutoCloseable {

    private final ServerSocket server;
    private final SocketAddress target;
    private final int after;
    private final AtomicInteger cuts = new AtomicInteger();

    /**
     * Listens on a port of its own.
     *
     * @param target what is behind it, be it a socket in the file system
     * @param after bytes from there after which a connection breaks
     */
    public CuttingProxy(SocketAddress target, int after) throws IOException {
        this.server = new ServerSocket(0, 10, InetAddress.getLoopbackAddress());
        this.target = target;
        this.after = after;
        Thread.ofVirtual().start(this::serve);
    }

    public int port() {
        return server.getLocalPort();
    }

    /** How many connections it has broken. */
    public int cuts() {
        return cuts.get();
    }

    @Override
    public void close() throws IOException {
        server.close();
    }

    private void serve() {
        while (!server.isClosed()) {
            try {
                Socket client = server.accept();
                SocketChannel behind = SocketChannel.open(target);
                InputStream asked = client.getInputStream();
                OutputStream answered = client.getOutputStream();
                Thread.ofVirtual()
                        .start(() ->
                                pass(asked, Channels.newOutputStream(behind), Integer.MAX_VALUE));
                Thread.ofVirtual()
                        .start(() -> pass(Channels.newInputStream(behind), answered, after));
            } catch (IOException e) {
                return; // closed
            }
        }
    }

    /** Closing a stream of a connection closes the connection. */
    private void pass(InputStream from, OutputStream to, int most) {
        byte[] buffer = new byte[1024];
        int passed = 0;
        try (from;
                to) {
            for (int n = from.read(buffer); n > 0; n = from.read(buffer)) {
                to.write(buffer, 0, n);
                passed += n;
                if (passed > most) {
                    cuts.incrementAndGet();
                    return;
                }
            }
        } catch (IOException e) {
            // the other direction was cut
        }
    }
}
