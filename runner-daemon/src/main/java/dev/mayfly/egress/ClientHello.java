package dev.mayfly.egress;

import java.nio.BufferUnderflowException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The first message of a TLS client (RFC 8446), which names in clear the server that is meant (RFC
 * 6066). Nothing of TLS is broken or ended to see it.
 */
sealed interface ClientHello {

    /** More bytes than this are no greeting. */
    int LONGEST_BYTES = 20 * 1024;

    /** It is one. */
    record Complete(@Nullable String serverName) implements ClientHello {}

    /** It may become one. */
    record Incomplete() implements ClientHello {}

    /** It is none. */
    record Other() implements ClientHello {}

    int RECORD_HEADER_BYTES = 5;
    int HANDSHAKE = 22;
    int MAJOR_VERSION = 3;
    int HELLO = 1;
    int RANDOM_BYTES = 34; // the version before it too
    int SERVER_NAME = 0;

    /**
     * Reads the beginning of a stream.
     *
     * @param length how many of the bytes there are
     */
    static ClientHello read(byte[] bytes, int length) {
        if (length > 0 && bytes[0] != HANDSHAKE) {
            return new Other();
        }
        if (length > 1 && bytes[1] != MAJOR_VERSION) {
            return new Other();
        }
        Optional<ByteBuffer> message;
        try {
            message = message(ByteBuffer.wrap(bytes, 0, length));
        } catch (IllegalArgumentException e) {
            return new Other();
        }
        if (message.isEmpty()) {
            return length < LONGEST_BYTES ? new Incomplete() : new Other();
        }
        try {
            return new Complete(serverName(message.get()));
        } catch (BufferUnderflowException | IllegalArgumentException e) {
            return new Other();
        }
    }

    /** The greeting, whatever records it is cut into; empty while it is not whole. */
    private static Optional<ByteBuffer> message(ByteBuffer in) {
        ByteBuffer message = ByteBuffer.allocate(LONGEST_BYTES);
        while (in.remaining() >= RECORD_HEADER_BYTES) {
            if (in.get() != HANDSHAKE) {
                throw new IllegalArgumentException("another record in the middle of a greeting");
            }
            in.getShort();
            int size = in.getShort() & 0xffff;
            int part = Math.min(size, in.remaining());
            if (size == 0 || part > message.remaining()) {
                throw new IllegalArgumentException("a greeting without end");
            }
            message.put(in.slice(in.position(), part));
            in.position(in.position() + part);
            if (message.position() >= Integer.BYTES) {
                int head = message.getInt(0);
                if (head >>> 24 != HELLO) {
                    throw new IllegalArgumentException("no greeting");
                }
                int whole = (head & 0xffffff) + Integer.BYTES;
                if (whole > LONGEST_BYTES) {
                    throw new IllegalArgumentException("a greeting without end");
                }
                if (message.position() >= whole) {
                    return Optional.of(message.flip().limit(whole).position(Integer.BYTES));
                }
            }
        }
        return Optional.empty();
    }

    private static @Nullable String serverName(ByteBuffer in) {
        skip(in, RANDOM_BYTES);
        skip(in, in.get() & 0xff); // session
        skip(in, in.getShort() & 0xffff); // ciphers
        skip(in, in.get() & 0xff); // compressions
        if (!in.hasRemaining()) {
            return null;
        }
        int end = in.position() + Short.BYTES + (in.getShort(in.position()) & 0xffff);
        in.getShort();
        String name = null;
        while (in.position() < end) {
            int type = in.getShort() & 0xffff;
            int size = in.getShort() & 0xffff;
            if (type != SERVER_NAME) {
                skip(in, size);
                continue;
            }
            if (name != null) {
                throw new IllegalArgumentException("two server names");
            }
            name = hostName(in);
        }
        return name;
    }

    private static String hostName(ByteBuffer in) {
        int list = in.getShort() & 0xffff;
        int kind = in.get();
        byte[] name = new byte[in.getShort() & 0xffff];
        // Of a list with more than one, different servers read different names.
        if (kind != 0 || list != name.length + 3) {
            throw new IllegalArgumentException("more than one server name");
        }
        in.get(name);
        return new String(name, StandardCharsets.ISO_8859_1);
    }

    private static void skip(ByteBuffer in, int bytes) {
        if (bytes > in.remaining()) {
            throw new IllegalArgumentException("cut off");
        }
        in.position(in.position() + bytes);
    }
}
