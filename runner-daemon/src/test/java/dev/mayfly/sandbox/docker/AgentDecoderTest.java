package dev.mayfly.sandbox.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AgentDecoderTest {

    private static final String OUTPUT = "Output ";

    private static byte[] frame(char type, String payload) {
        byte[] bytes = payload.getBytes(UTF_8);
        return ByteBuffer.allocate(5 + bytes.length)
                .put((byte) type)
                .putInt(bytes.length)
                .put(bytes)
                .array();
    }

    private static byte[] conversation() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(frame('H', "version=1 uid=1000 gid=1001 shell=/bin/bash"));
        all.writeBytes(frame('O', "first\n"));
        all.writeBytes(frame('O', ""));
        all.writeBytes(frame('O', "second"));
        all.writeBytes(frame('T', "timeout"));
        all.writeBytes(frame('M', "TOKEN\0value"));
        all.writeBytes(frame('M', "\0"));
        all.writeBytes(frame('X', "code=137 oom=2 survivors=3"));
        all.writeBytes(frame('E', "no such file"));
        return all.toByteArray();
    }

    private static List<String> decoded(byte[]... parts) throws InterruptedException {
        AgentDecoder decoder = new AgentDecoder();
        List<String> messages = new ArrayList<>();
        for (byte[] part : parts) {
            decoder.feed(part, 0, part.length, message -> add(message, messages));
        }
        assertThat(decoder.cut()).isFalse();
        return messages;
    }

    /** Parts of output that follow each other are one. */
    private static void add(AgentMessage message, List<String> messages) {
        String text = shown(message);
        if (text.startsWith(OUTPUT)
                && !messages.isEmpty()
                && messages.getLast().startsWith(OUTPUT)) {
            messages.add(messages.removeLast() + text.substring(OUTPUT.length()));
        } else {
            messages.add(text);
        }
    }

    private static String shown(AgentMessage message) {
        return message instanceof AgentMessage.Output(byte[] array, int offset, int length)
                ? OUTPUT + new String(array, offset, length, UTF_8)
                : message.toString();
    }

    private static final List<String> EXPECTED =
            List.of(
                    "Hello[uid=1000, gid=1001, shell=/bin/bash]",
                    "Output first\nsecond",
                    "Tried[accepted=false]",
                    "ToMask[name=TOKEN, value=SecretValue[hidden]]",
                    "ToMask[name=, value=SecretValue[hidden]]",
                    "Ended[code=137, oomKills=2, survivors=3]",
                    "Trouble[text=no such file]");

    @Test
    void messagesAreTheSameWhereverTheStreamIsSplit() throws InterruptedException {
        byte[] all = conversation();
        for (int split = 0; split <= all.length; split++) {
            byte[] head = java.util.Arrays.copyOfRange(all, 0, split);
            byte[] tail = java.util.Arrays.copyOfRange(all, split, all.length);
            assertThat(decoded(head, tail)).as("split at %d", split).isEqualTo(EXPECTED);
        }
    }

    @Test
    void messagesAreTheSameByteByByte() throws InterruptedException {
        byte[] all = conversation();
        byte[][] single = new byte[all.length][];
        for (int i = 0; i < all.length; i++) {
            single[i] = new byte[] {all[i]};
        }
        assertThat(decoded(single)).isEqualTo(EXPECTED);
    }

    @Test
    void outputIsHandedOnBeforeItsFrameIsWhole() throws InterruptedException {
        AgentDecoder decoder = new AgentDecoder();
        List<String> messages = new ArrayList<>();
        byte[] half = {'O', 0, 0, 0, 9, 'x', 'y'};
        decoder.feed(half, 0, half.length, message -> messages.add(shown(message)));
        assertThat(messages).containsExactly(OUTPUT + "xy");
    }

    @Test
    void largestPayloadIsTaken() throws InterruptedException {
        assertThat(decoded(frame('O', "x".repeat(AgentDecoder.MAX_PAYLOAD_BYTES)))).hasSize(1);
    }

    @Test
    void longerPayloadIsRefusedBeforeItIsRead() {
        byte[] header =
                ByteBuffer.allocate(5)
                        .put((byte) 'O')
                        .putInt(AgentDecoder.MAX_PAYLOAD_BYTES + 1)
                        .array();
        assertThatThrownBy(() -> decoded(header))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("1048577 bytes");
    }

    @Test
    void negativeLengthIsRefused() {
        byte[] header = ByteBuffer.allocate(5).put((byte) 'O').putInt(-1).array();
        assertThatThrownBy(() -> decoded(header)).hasMessageContaining("4294967295 bytes");
    }

    @Test
    void unknownTypeIsRefused() {
        assertThatThrownBy(() -> decoded(frame('Q', "")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("unknown type 81");
    }

    @Test
    void otherProtocolVersionIsRefused() {
        assertThatThrownBy(() -> decoded(frame('H', "version=2 uid=0 gid=0 shell=")))
                .hasMessageContaining("version=2 where 1 is expected");
    }

    @Test
    void endWithoutACodeIsRefused() {
        assertThatThrownBy(() -> decoded(frame('X', "oom=0")))
                .hasMessageContaining("code= where a number is expected");
    }

    @Test
    void valueToMaskIsWholeAndItsFrameIsOverwritten() {
        byte[] payload = "A_1\0a\0b\n".getBytes(UTF_8);
        AgentMessage message = AgentMessage.parse((byte) 'M', payload);
        assertThat(message).isInstanceOf(AgentMessage.ToMask.class);
        assertThat(((AgentMessage.ToMask) message).value().reveal())
                .isEqualTo("a\0b\n".getBytes(UTF_8));
        assertThat(message.bytes()).isEqualTo(4);
        assertThat(payload).containsOnly(0);
    }

    @Test
    void requestToMaskThatIsNoneIsRefusedWithoutItsContent() {
        for (String payload :
                List.of("", "value", "a-b\0value", "1\0value", "x".repeat(65) + "\0v")) {
            assertThatThrownBy(() -> decoded(frame('M', payload)))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessage(
                            "a frame M of %d bytes that is not name, NUL, value", payload.length());
        }
    }

    @Test
    void imageWithoutAShellSaysSo() throws InterruptedException {
        assertThat(decoded(frame('H', "version=1 uid=0 gid=0 shell=")))
                .containsExactly("Hello[uid=0, gid=0, shell=]");
    }

    @Test
    void streamThatEndsInsideAFrameIsKnownToBeCut() throws InterruptedException {
        AgentDecoder decoder = new AgentDecoder();
        byte[] half = {'O', 0, 0, 0, 9, 'x'};
        decoder.feed(half, 0, half.length, message -> {});
        assertThat(decoder.cut()).isTrue();
    }
}
