package dev.mayfly.systemd;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/** The other end: a Unix socket that receives datagrams, which the JDK has not. */
final class DatagramSocket implements AutoCloseable {

    private static final short AF_UNIX = 1;
    private static final int SOCK_DGRAM = 2;
    private static final int SOL_SOCKET = 1;
    private static final int SO_RCVTIMEO = 20;
    private static final long LIMIT_SECONDS = 20;
    private static final int MOST_BYTES = 1 << 18;

    private final int socket;

    /** Listens at a path, or in the abstract namespace at a name that begins with {@code @}. */
    DatagramSocket(String name) throws IOException {
        socket = (int) call("socket", (int) AF_UNIX, SOCK_DGRAM, 0);
        byte[] path = name.getBytes(StandardCharsets.UTF_8);
        try (Arena arena = Arena.ofConfined()) {
            boolean unnamed = name.startsWith("@");
            MemorySegment address = arena.allocate(2 + path.length + (unnamed ? 0 : 1), 2);
            address.set(ValueLayout.JAVA_SHORT, 0, AF_UNIX);
            MemorySegment.copy(path, 0, address, ValueLayout.JAVA_BYTE, 2, path.length);
            if (unnamed) {
                address.set(ValueLayout.JAVA_BYTE, 2, (byte) 0);
            }
            MemorySegment limit = arena.allocate(ValueLayout.JAVA_LONG, 2);
            limit.setAtIndex(ValueLayout.JAVA_LONG, 0, LIMIT_SECONDS);
            call("setsockopt", socket, SOL_SOCKET, SO_RCVTIMEO, limit, (int) limit.byteSize());
            if (call("bind", socket, address, (int) address.byteSize()) != 0) {
                throw new IOException("cannot listen at " + name);
            }
        }
    }

    /** Waits for the next datagram. */
    byte[] receive() throws IOException {
        try (Arena arena = Arena.ofConfined()) {
            MemorySegment bytes = arena.allocate(MOST_BYTES);
            long length = call("recv", socket, bytes, (long) MOST_BYTES, 0);
            if (length < 0) {
                throw new IOException("nothing came in " + LIMIT_SECONDS + " s");
            }
            return Arrays.copyOf(bytes.toArray(ValueLayout.JAVA_BYTE), (int) length);
        }
    }

    String receiveText() throws IOException {
        return new String(receive(), StandardCharsets.UTF_8);
    }

    @Override
    public void close() throws IOException {
        call("close", socket);
    }

    @SuppressWarnings("restricted") // there is no other way to a datagram socket of this family
    private static long call(String name, Object... arguments) throws IOException {
        Linker linker = Linker.nativeLinker();
        boolean wide = name.equals("recv");
        MemoryLayout[] shapes =
                Arrays.stream(arguments)
                        .map(argument ->
                                switch (argument) {
                                    case Integer _ -> ValueLayout.JAVA_INT;
                                    case Long _ -> ValueLayout.JAVA_LONG;
                                    default -> ValueLayout.ADDRESS;
                                })
                        .toArray(MemoryLayout[]::new);
        MethodHandle function =
                linker.downcallHandle(
                        linker.defaultLookup().findOrThrow(name),
                        FunctionDescriptor.of(
                                wide ? ValueLayout.JAVA_LONG : ValueLayout.JAVA_INT, shapes));
        try {
            return ((Number) function.invokeWithArguments(arguments)).longValue();
        } catch (Throwable e) {
            throw new IOException(name + "() of the C library cannot be called", e);
        }
    }
}
