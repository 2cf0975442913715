package dev.mayfly.sandbox.docker;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Collection;
import java.util.stream.Collectors;

/** What is said to the agent, as bytes. */
final class AgentFrames {

    /** At the beginning of a relay's frames, the number of the connection. */
    static final int RELAY_ID_BYTES = 2;

    /** Whatever the characters, the agent takes 4096 bytes. */
    private static final int REASON_LENGTH = 1000;

    private AgentFrames() {}

    static byte[] variable(String name, String value) {
        return text('V', name + "=" + value);
    }

    /**
     * A part of a file for the step.
     *
     * @param name without a directory
     */
    static byte[] file(String name, byte[] bytes, int offset, int length) {
        byte[] prefix = (name + "\0").getBytes(StandardCharsets.UTF_8);
        return header('F', prefix.length + length).put(prefix).put(bytes, offset, length).array();
    }

    /** How many bytes of a file fit into one frame beside its name. */
    static int filePartBytes(String name) {
        return AgentDecoder.MAX_PAYLOAD_BYTES - name.getBytes(StandardCharsets.UTF_8).length - 1;
    }

    static byte[] user(int uid, int gid) {
        return text('U', uid + ":" + gid);
    }

    static byte[] workingDirectory(String path) {
        return text('W', path);
    }

    static byte[] handOver(String path) {
        return text('O', path);
    }

    static byte[] script(byte[] text, int offset, int length) {
        return header('P', length).put(text, offset, length).array();
    }

    static byte[] argument(String argument) {
        return text('A', argument);
    }

    static byte[] run() {
        return header('R', 0).array();
    }

    static byte[] input(byte[] bytes, int offset, int length) {
        return header('I', length).put(bytes, offset, length).array();
    }

    static byte[] endOfInput() {
        return header('Z', 0).array();
    }

    static byte[] signal(int number) {
        return header('K', 1).put((byte) number).array();
    }

    static byte[] tryConnection(String ip, int port, int seconds) {
        return text('T', ip + ":" + port + ":" + seconds);
    }

    /** Lets processes of the next step ask for values to be masked. */
    static byte[] maskingChannel() {
        return header('C', 0).array();
    }

    /** Answers that the value is masked. */
    static byte[] masked() {
        return text('M', "+");
    }

    /**
     * Answers that the value is not masked.
     *
     * @param reason cut off where it is long
     */
    static byte[] notMasked(String reason) {
        return text('M', "-" + reason.substring(0, Math.min(reason.length(), REASON_LENGTH)));
    }

    /**
     * Makes the agent a relay.
     *
     * @param connections how many at once
     * @param tcp ports to accept connections on
     * @param udp port to take questions on
     */
    static byte[] relay(int connections, Collection<Integer> tcp, int udp) {
        return text(
                'N',
                "connections=%d tcp=%s udp=%d"
                        .formatted(
                                connections,
                                tcp.stream().map(String::valueOf).collect(Collectors.joining(",")),
                                udp));
    }

    /** Bytes for the container, of a connection that a relay carries. */
    static byte[] relayData(int id, byte[] bytes, int offset, int length) {
        return header('d', RELAY_ID_BYTES + length)
                .putShort((short) id)
                .put(bytes, offset, length)
                .array();
    }

    /** Nothing more is sent to the container. */
    static byte[] relayEnd(int id) {
        return header('e', RELAY_ID_BYTES).putShort((short) id).array();
    }

    /** The connection is over. */
    static byte[] relayClose(int id) {
        return header('x', RELAY_ID_BYTES).putShort((short) id).array();
    }

    /** So many bytes from the container have been taken. */
    static byte[] relayCredit(int id, int bytes) {
        return header('w', RELAY_ID_BYTES + Integer.BYTES)
                .putShort((short) id)
                .putInt(bytes)
                .array();
    }

    /**
     * Answers a datagram.
     *
     * @param question begins with who asked
     * @param peerBytes how much of it says so
     */
    static byte[] relayAnswer(byte[] question, int peerBytes, byte[] answer) {
        return header('q', peerBytes + answer.length)
                .put(question, 0, peerBytes)
                .put(answer)
                .array();
    }

    private static byte[] text(char type, String text) {
        byte[] payload = text.getBytes(StandardCharsets.UTF_8);
        return header(type, payload.length).put(payload).array();
    }

    private static ByteBuffer header(char type, int payloadBytes) {
        if (payloadBytes > AgentDecoder.MAX_PAYLOAD_BYTES) {
            throw new IllegalArgumentException(
                    "a frame of type %s would have %d bytes, at most %d fit"
                            .formatted(type, payloadBytes, AgentDecoder.MAX_PAYLOAD_BYTES));
        }
        return ByteBuffer.allocate(5 + payloadBytes).put((byte) type).putInt(payloadBytes);
    }
}
