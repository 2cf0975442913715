package dev.mayfly.egress;

import dev.mayfly.sandbox.Outlet.Line;
import dev.mayfly.sandbox.Outlet.Origin;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A connection that is open: bytes pass between a container's line and a socket, in each direction
 * at the pace of who takes them.
 */
final class Passage {

    private static final int PIECE_BYTES = 32 * 1024;

    private final Origin origin;
    private final String to;
    private final InetAddress address;
    private final Socket socket;
    private final boolean firstSeen;
    private final AtomicLong up = new AtomicLong();
    private final AtomicLong down = new AtomicLong();
    private final long began = System.nanoTime();
    private volatile Connection.Verdict verdict;
    private volatile String because;

    Passage(Origin origin, String to, Dialer.Dialed.Open open, boolean firstSeen) {
        this.origin = origin;
        this.to = to;
        this.address = open.address();
        this.socket = open.socket();
        this.firstSeen = firstSeen;
        switch (open.ruling()) {
            case Ruling.Allowed(String rule) -> {
                verdict = Connection.Verdict.ALLOWED;
                because = rule;
            }
            case Ruling.Refused(String reason, String _, boolean _) -> {
                verdict = Connection.Verdict.WOULD_REFUSE;
                because = reason;
            }
        }
    }

    /** What is to be said of it now. */
    Connection connection() {
        return new Connection(
                origin,
                to,
                AddressBlock.text(address),
                verdict,
                because,
                new Connection.Traffic(
                        up.get(), down.get(), Duration.ofNanos(System.nanoTime() - began)),
                firstSeen);
    }

    /** It has been found out not to be what it was allowed as. */
    void refuse(String reason) {
        verdict = Connection.Verdict.REFUSED;
        because = reason;
    }

    /** Ends it from outside. */
    void end() {
        try {
            socket.close();
        } catch (IOException e) {
            because = because + "; " + e.getMessage();
        }
    }

    /** What the container sends, checked before the first of it goes on. */
    @FunctionalInterface
    interface Check {
        /** Returns whether it goes on; otherwise the connection ends. */
        boolean passes(Opening opening) throws IOException, InterruptedException;
    }

    /**
     * Carries bytes until both sides have ended or one of them broke. Closes the socket; not the
     * line.
     *
     * @param opening what the container has sent already
     * @param check of the first bytes, beside which those of the server pass already
     */
    void carry(Line line, Opening opening, Check check) throws InterruptedException {
        line.whenGone(this::end);
        try (socket) {
            Thread back = Thread.ofVirtual().name("egress-back").start(() -> back(line));
            try {
                if (check.passes(opening)) {
                    there(line, opening);
                    socket.shutdownOutput();
                } else {
                    socket.close();
                }
                back.join();
            } catch (IOException | InterruptedException e) {
                socket.close();
                back.join();
                throw e;
            }
        } catch (IOException e) {
            // Whoever broke it knows; what went through is counted all the same.
            line.close();
        }
    }

    private void there(Line line, Opening opening) throws IOException, InterruptedException {
        OutputStream out = socket.getOutputStream();
        out.write(opening.bytes(), 0, opening.length());
        up.addAndGet(opening.length());
        byte[] piece = new byte[PIECE_BYTES];
        for (int n = line.read(piece, 0, piece.length);
                n >= 0;
                n = line.read(piece, 0, piece.length)) {
            out.write(piece, 0, n);
            up.addAndGet(n);
        }
    }

    private void back(Line line) {
        try {
            InputStream in = socket.getInputStream();
            byte[] piece = new byte[PIECE_BYTES];
            for (int n = in.read(piece); n >= 0; n = in.read(piece)) {
                line.write(piece, 0, n);
                down.addAndGet(n);
            }
            line.endOutput();
        } catch (IOException e) {
            line.close();
        } catch (InterruptedException e) {
            line.close();
            Thread.currentThread().interrupt();
        }
    }
}
