package dev.mayfly.egress;

import java.net.Inet4Address;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Optional;

/**
 * One question to a name server (RFC 1035), and what is answered without asking anybody.
 *
 * @param id by which the asker knows the answer
 * @param name as asked
 * @param type of record that is wanted
 * @param question the part of the message that an answer repeats
 */
@SuppressWarnings("ArrayRecordComponent") // compared by nobody
record NameQuestion(short id, String name, int type, byte[] question) {

    static final int A = 1;

    private static final int HEADER_BYTES = 12;
    private static final int QUERY_FLAGS = 0xf800; // an answer, or another kind of question
    private static final int ANSWERED = 0x8180; // an answer, recursion wanted and available
    private static final int NO_SUCH_NAME = 3;
    private static final int INTERNET = 1;
    private static final int ADDRESS_RECORD_BYTES = 16;
    private static final int LONGEST_LABEL = 63;

    /** Long enough for one connection, short enough that nothing keeps it. */
    private static final int SECONDS_VALID = 60;

    /** Reads a message; empty if it is not one ordinary question. */
    static Optional<NameQuestion> parse(byte[] message) {
        ByteBuffer in = ByteBuffer.wrap(message);
        if (message.length < HEADER_BYTES) {
            return Optional.empty();
        }
        short id = in.getShort();
        boolean query = (in.getShort() & QUERY_FLAGS) == 0;
        int questions = in.getShort();
        in.position(HEADER_BYTES);
        if (!query || questions != 1) {
            return Optional.empty();
        }
        StringBuilder name = new StringBuilder();
        while (in.hasRemaining()) {
            int length = in.get() & 0xff;
            if (length == 0) {
                return rest(id, name.toString(), in, message);
            }
            if (length > LONGEST_LABEL || length > in.remaining()) {
                return Optional.empty();
            }
            byte[] label = new byte[length];
            in.get(label);
            name.append(name.isEmpty() ? "" : ".")
                    .append(new String(label, StandardCharsets.ISO_8859_1));
        }
        return Optional.empty();
    }

    private static Optional<NameQuestion> rest(
            short id, String name, ByteBuffer in, byte[] message) {
        if (in.remaining() < 2 * Short.BYTES) {
            return Optional.empty();
        }
        int type = in.getShort() & 0xffff;
        if (in.getShort() != INTERNET) {
            return Optional.empty();
        }
        byte[] question = new byte[in.position() - HEADER_BYTES];
        System.arraycopy(message, HEADER_BYTES, question, 0, question.length);
        return Optional.of(new NameQuestion(id, name, type, question));
    }

    /**
     * Says that the name is at this address, or for other records than addresses that it has none.
     */
    byte[] answeredBy(Inet4Address address) {
        if (type != A) {
            return header(ANSWERED, 0, 0).array();
        }
        return header(ANSWERED, 1, ADDRESS_RECORD_BYTES)
                .putShort((short) (0xc000 | HEADER_BYTES)) // the name of the question
                .putShort((short) A)
                .putShort((short) INTERNET)
                .putInt(SECONDS_VALID)
                .putShort((short) Integer.BYTES)
                .put(address.getAddress())
                .array();
    }

    /** Says that there is no such name, which programs believe at once and do not ask again. */
    byte[] refused() {
        return header(ANSWERED | NO_SUCH_NAME, 0, 0).array();
    }

    private ByteBuffer header(int flags, int answers, int more) {
        return ByteBuffer.allocate(HEADER_BYTES + question.length + more)
                .putShort(id)
                .putShort((short) flags)
                .putShort((short) 1)
                .putShort((short) answers)
                .putShort((short) 0)
                .putShort((short) 0)
                .put(question);
    }
}
