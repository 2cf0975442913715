package dev.mayfly.systemd;

import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.StructLayout;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.VarHandle;
import java.nio.charset.StandardCharsets;

/**
 * Sends datagrams to one Unix socket of Linux, which is how systemd wants to be spoken to; the JDK
 * has Unix sockets for streams only. Not connected, so that a receiver may come back. Safe for use
 * by many threads.
 */
final class UnixDatagrams implements AutoCloseable {

    private static final int AF_UNIX = 1;
    private static final int SOCK_DGRAM_CLOEXEC = 2 | 0x80000;
    private static final int MSG_NOSIGNAL = 0x4000;

    /** Of {@code struct sockaddr_un}, with the zero that ends a path. */
    private static final int PATH_BYTES = 108;

    private static final int FAMILY_BYTES = 2;

    private static final Linker LINKER = Linker.nativeLinker();
    private static final StructLayout STATE = Linker.Option.captureStateLayout();
    private static final VarHandle ERRNO =
            STATE.varHandle(MemoryLayout.PathElement.groupElement("errno"));

    private static final MethodHandle SOCKET =
            function(
                    "socket",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT,
                            ValueLayout.JAVA_INT));
    private static final MethodHandle SENDTO =
            function(
                    "sendto",
                    FunctionDescriptor.of(
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT,
                            ValueLayout.ADDRESS,
                            ValueLayout.JAVA_LONG,
                            ValueLayout.JAVA_INT,
                            ValueLayout.ADDRESS,
                            ValueLayout.JAVA_INT));
    private static final MethodHandle CLOSE =
            function("close", FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT));

    private final Arena arena = Arena.ofShared();
    private final String name;
    private final MemorySegment address;
    private final int socket;

    private UnixDatagrams(String name) throws IOException {
        this.name = name;
        this.address = address(arena, name);
        try (Arena call = Arena.ofConfined()) {
            MemorySegment state = call.allocate(STATE);
            socket = (int) SOCKET.invokeExact(state, AF_UNIX, SOCK_DGRAM_CLOEXEC, 0);
            if (socket < 0) {
                throw failure("no socket", state);
            }
        } catch (IOException e) {
            arena.close();
            throw e;
        } catch (Throwable e) {
            arena.close();
            throw new IOException("the C library's socket() cannot be called", e);
        }
    }

    /**
     * Prepares to send; whether anybody listens shows when something is sent.
     *
     * @param name a path, or a name that begins with {@code @} in the abstract namespace
     * @throws IOException when the name is no such address, or there is no socket left
     */
    static UnixDatagrams to(String name) throws IOException {
        return new UnixDatagrams(name);
    }

    /**
     * Sends one datagram.
     *
     * @throws IOException when nobody listens there, or it is too long
     */
    void send(byte[] message) throws IOException {
        try (Arena call = Arena.ofConfined()) {
            MemorySegment state = call.allocate(STATE);
            MemorySegment bytes = call.allocate(Math.max(1, message.length));
            MemorySegment.copy(message, 0, bytes, ValueLayout.JAVA_BYTE, 0, message.length);
            long sent =
                    (long)
                            SENDTO.invokeExact(
                                    state,
                                    socket,
                                    bytes,
                                    (long) message.length,
                                    MSG_NOSIGNAL,
                                    address,
                                    (int) address.byteSize());
            if (sent < 0) {
                throw failure("nothing was sent", state);
            }
        } catch (IOException e) {
            throw e;
        } catch (Throwable e) {
            throw new IOException("the C library's sendto() cannot be called", e);
        }
    }

    @Override
    public void close() {
        try (Arena call = Arena.ofConfined()) {
            int ignored = (int) CLOSE.invokeExact(call.allocate(STATE), socket);
        } catch (Throwable e) {
            throw new IllegalStateException("the C library's close() cannot be called", e);
        } finally {
            arena.close();
        }
    }

    private static MemorySegment address(Arena arena, String name) throws IOException {
        byte[] bytes = name.getBytes(StandardCharsets.UTF_8);
        boolean unnamed = name.startsWith("@");
        if ((!unnamed && !name.startsWith("/")) || bytes.length >= PATH_BYTES) {
            throw new IOException(
                    "\""
                            + name
                            + "\" is no address of a socket: must begin with / or @ and be"
                            + " shorter than "
                            + PATH_BYTES
                            + " bytes");
        }
        // An abstract name ends where the address does, a path with a zero.
        int length = FAMILY_BYTES + bytes.length + (unnamed ? 0 : 1);
        MemorySegment address = arena.allocate(length, Short.BYTES);
        address.set(ValueLayout.JAVA_SHORT, 0, (short) AF_UNIX);
        MemorySegment.copy(bytes, 0, address, ValueLayout.JAVA_BYTE, FAMILY_BYTES, bytes.length);
        if (unnamed) {
            address.set(ValueLayout.JAVA_BYTE, FAMILY_BYTES, (byte) 0);
        }
        return address;
    }

    private IOException failure(String what, MemorySegment state) {
        return new IOException(
                what + " to " + name + ": error " + (int) ERRNO.get(state, 0L) + " of the system");
    }

    @SuppressWarnings("restricted") // there is no other way to a datagram socket of this family
    private static MethodHandle function(String name, FunctionDescriptor shape) {
        return LINKER.downcallHandle(
                LINKER.defaultLookup().findOrThrow(name),
                shape,
                Linker.Option.captureCallState("errno"));
    }
}
