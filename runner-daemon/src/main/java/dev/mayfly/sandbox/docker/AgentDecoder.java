package dev.mayfly.sandbox.docker;

import java.util.Arrays;

/**
 * Turns the bytes of the agent's standard output into messages, however they were cut. Used by one
 * thread.
 */
final class AgentDecoder {

    /** A payload is never longer, in either direction. */
    static final int MAX_PAYLOAD_BYTES = 1 << 20;

    private static final int HEADER_BYTES = 5;
    private static final byte[] NOTHING = {};

    private final byte[] header = new byte[HEADER_BYTES];
    private int headerFilled;
    private byte[] payload = NOTHING;
    private int payloadFilled;

    /** Takes whole messages, in order. */
    @FunctionalInterface
    interface Receiver {
        void accept(AgentMessage message) throws InterruptedException;
    }

    /**
     * Takes the next bytes of the stream.
     *
     * @param bytes copied
     * @throws IllegalArgumentException if the agent does not keep to the protocol; nothing that
     *     follows can be understood
     */
    void feed(byte[] bytes, int offset, int length, Receiver receiver) throws InterruptedException {
        int at = offset;
        int end = offset + length;
        while (at < end) {
            if (headerFilled < HEADER_BYTES) {
                header[headerFilled++] = bytes[at++];
                if (headerFilled == HEADER_BYTES) {
                    payload = new byte[payloadLength()];
                }
            } else {
                int part = Math.min(end - at, payload.length - payloadFilled);
                System.arraycopy(bytes, at, payload, payloadFilled, part);
                payloadFilled += part;
                at += part;
            }
            if (headerFilled == HEADER_BYTES && payloadFilled == payload.length) {
                AgentMessage message = AgentMessage.parse(header[0], payload);
                headerFilled = 0;
                payloadFilled = 0;
                payload = NOTHING;
                receiver.accept(message);
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
