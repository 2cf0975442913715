package dev.mayfly.sandbox.docker;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;

/** What is said to the agent, as bytes. */
final class AgentFrames {

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
