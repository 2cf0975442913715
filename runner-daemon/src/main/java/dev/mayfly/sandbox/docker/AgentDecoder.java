package dev.mayfly.sandbox.docker;

import java.util.Arrays;

/**
 * Turns the bytes of the agent's standard output into messages, however they were cut. Used by one
 * thread.
 */
final class AgentDecoder {

    /** A payload is never longer, in either direction. */
    static final int MAX_PAYLOAD_BYTES = 1 << 20;

    private static final byte OUTPUT = 'O';
    private static final int HEADER_BYTES = 5;
    private static final byte[] NOTHING = {};

    private final byte[] header = new byte[HEADER_BYTES];
    private int headerFilled;

    /** Of a frame's payload; output needs none. */
    private byte[] payload = NOTHING;

    private int payloadLength;
    private int payloadTaken;

    /** Takes whole messages, in order. */
    @FunctionalInterface
    interface Receiver {
        void accept(AgentMessage message) throws InterruptedException;
    }

    /**
     * Takes the next bytes of the stream. Output is handed on as it comes, in parts if a frame
     * comes in parts.
     *
     * @param bytes from its index {@code from} to before {@code to}; not to be changed afterwards,
     *     since outputs share it
     * @throws IllegalArgumentException if the agent does not keep to the protocol; nothing that
     *     follows can be understood
     */
    void feed(byte[] bytes, int from, int to, Receiver receiver) throws InterruptedException {
        int at = from;
        while (at < to) {
            if (headerFilled < HEADER_BYTES) {
                header[headerFilled++] = bytes[at++];
                if (headerFilled == HEADER_BYTES) {
                    payloadLength = payloadLength();
                    payload = header[0] == OUTPUT ? NOTHING : new byte[payloadLength];
                }
            } else {
                int part = Math.min(to - at, payloadLength - payloadTaken);
                if (header[0] == OUTPUT) {
                    receiver.accept(new AgentMessage.Output(bytes, at, part));
                } else {
                    System.arraycopy(bytes, at, payload, payloadTaken, part);
                }
                payloadTaken += part;
                at += part;
            }
            if (headerFilled == HEADER_BYTES && payloadTaken == payloadLength) {
                byte[] whole = payload;
                headerFilled = 0;
                payloadTaken = 0;
                payload = NOTHING;
                if (header[0] != OUTPUT) {
                    receiver.accept(AgentMessage.parse(header[0], whole));
                }
            }
        }
    }

    /** Whether the stream ended in the middle of a frame. */
    boolean cut() {
        return headerFilled > 0;
    }

    private int payloadLength() {
        int length =
                (header[1] & 0xff) << 24
                        | (header[2] & 0xff) << 16
                        | (header[3] & 0xff) << 8
                        | (header[4] & 0xff);
        if (length < 0 || length > MAX_PAYLOAD_BYTES) {
            throw new IllegalArgumentException(
                    "a frame of %s bytes, type %s, first bytes %s"
                            .formatted(
                                    Integer.toUnsignedString(length),
                                    header[0] & 0xff,
                                    Arrays.toString(header)));
        }
        return length;
    }
}
