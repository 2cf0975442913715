package dev.mayfly.sandbox.docker;

import dev.mayfly.job.SecretValue;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.regex.Pattern;

/** What the agent says. */
sealed interface AgentMessage {

    /** How much memory the message stands for while it waits to be read. */
    default int bytes() {
        return 0;
    }

    /**
     * The first message of an agent.
     *
     * @param uid user id that steps have
     * @param gid group id that steps have
     * @param shell path of the image's best shell, empty if it has none
     */
    record Hello(int uid, int gid, String shell) implements AgentMessage {}

    /**
     * What a step wrote, or a part of it.
     *
     * @param array shared with other outputs; changed by nobody
     * @param offset where in it the bytes begin
     */
    @SuppressWarnings("ArrayRecordComponent") // the stream's hot path; compared by nobody
    record Output(byte[] array, int offset, int length) implements AgentMessage {
        /** A message takes memory too, which counts where a step writes byte by byte. */
        private static final int OVERHEAD = 64;

        @Override
        public int bytes() {
            return OVERHEAD + length;
        }
    }

    /**
     * A process of the step wants a value masked, and waits for the answer.
     *
     * @param name what it calls the value, or empty
     */
    record ToMask(String name, SecretValue value) implements AgentMessage {

        private static final Pattern NAME = Pattern.compile("([A-Za-z_][A-Za-z0-9_]{0,63})?");

        static ToMask parse(byte[] payload) {
            int end = 0;
            while (end < payload.length && payload[end] != 0) {
                end++;
            }
            String name = new String(payload, 0, end, StandardCharsets.US_ASCII);
            if (end == payload.length || !NAME.matcher(name).matches()) {
                // Without the payload, in which the value is.
                throw new IllegalArgumentException(
                        "a frame M of %d bytes that is not name, NUL, value"
                                .formatted(payload.length));
            }
            byte[] value = Arrays.copyOfRange(payload, end + 1, payload.length);
            Arrays.fill(payload, (byte) 0);
            ToMask message = new ToMask(name, new SecretValue(value));
            Arrays.fill(value, (byte) 0);
            return message;
        }

        @Override
        public int bytes() {
            return value.length();
        }
    }

    /**
     * A step has ended.
     *
     * @param code 0 to 255; 128 plus the number for a signal
     * @param oomKills how often the kernel killed for memory meanwhile
     * @param survivors processes of the step that the agent could not kill; they live until the
     *     container is destroyed
     */
    record Ended(int code, long oomKills, long survivors) implements AgentMessage {}

    /** Whether the address that was asked for accepted a connection in time. */
    record Tried(boolean accepted) implements AgentMessage {}

    /** A step could not be started. */
    record Trouble(String text) implements AgentMessage {}

    /** The agent has become a relay. */
    record Relaying() implements AgentMessage {}

    /**
     * Something of a connection or a datagram that a relay carries.
     *
     * @param type of the frame
     * @param payload changed by nobody
     */
    @SuppressWarnings("ArrayRecordComponent") // the stream's hot path; compared by nobody
    record Relayed(char type, byte[] payload) implements AgentMessage {
        private static final int OVERHEAD = 64;

        @Override
        public int bytes() {
            return OVERHEAD + payload.length;
        }
    }

    /**
     * The stream has ended: the container is gone or the connection is.
     *
     * @param why for a person
     */
    record Gone(String why) implements AgentMessage {}

    /**
     * Reads one frame that is not output.
     *
     * @param payload owned by the message afterwards
     * @throws IllegalArgumentException if the agent cannot have sent this
     */
    static AgentMessage parse(byte type, byte[] payload) {
        return switch (type) {
            case 'M' -> ToMask.parse(payload);
            case 'H' -> {
                Map<String, String> words = words(payload);
                require(words, "version", "1");
                yield new Hello(
                        Math.toIntExact(number(words, "uid")),
                        Math.toIntExact(number(words, "gid")),
                        words.getOrDefault("shell", ""));
            }
            case 'X' -> {
                Map<String, String> words = words(payload);
                yield new Ended(
                        Math.toIntExact(number(words, "code")),
                        number(words, "oom"),
                        words.containsKey("survivors") ? number(words, "survivors") : 0);
            }
            case 'T' -> new Tried(text(payload).equals("ok"));
            case 'N' -> new Relaying();
            case 'a', 'd', 'e', 'w', 'x', 'q' -> new Relayed((char) type, payload);
            case 'E' -> new Trouble(text(payload));
            default ->
                    throw new IllegalArgumentException("a frame of unknown type " + (type & 0xff));
        };
    }

    private static String text(byte[] payload) {
        return new String(payload, StandardCharsets.UTF_8);
    }

    private static Map<String, String> words(byte[] payload) {
        Map<String, String> words = new HashMap<>();
        for (String word : text(payload).split(" ", -1)) {
            int equals = word.indexOf('=');
            if (equals > 0) {
                words.put(word.substring(0, equals), word.substring(equals + 1));
            }
        }
        return words;
    }

    private static void require(Map<String, String> words, String key, String value) {
        if (!value.equals(words.get(key))) {
            throw new IllegalArgumentException(
                    "%s=%s where %s is expected".formatted(key, words.get(key), value));
        }
    }

    private static long number(Map<String, String> words, String key) {
        String value = words.getOrDefault(key, "");
        try {
            return Long.parseLong(value);
        } catch (NumberFormatException e) {
            throw new IllegalArgumentException(
                    "%s=%s where a number is expected".formatted(key, value), e);
        }
    }
}
