package dev.mayfly.sandbox.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.ByteArrayOutputStream;
import java.nio.ByteBuffer;
import java.util.Arrays;
import org.junit.jupiter.api.Test;

class EngineFramesTest {

    private static byte[] frame(int stream, String piece) {
        byte[] bytes = piece.getBytes(UTF_8);
        return ByteBuffer.allocate(8 + bytes.length)
                .put((byte) stream)
                .put(new byte[3])
                .putInt(bytes.length)
                .put(bytes)
                .array();
    }

    private static byte[] stream() {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        all.writeBytes(frame(1, "first, "));
        all.writeBytes(frame(2, ""));
        all.writeBytes(frame(2, "second, "));
        all.writeBytes(frame(0, "x".repeat(300)));
        return all.toByteArray();
    }

    private static String carried(EngineFrames frames, byte[]... parts)
            throws InterruptedException {
        ByteArrayOutputStream all = new ByteArrayOutputStream();
        for (byte[] part : parts) {
            frames.feed(part, part.length, (bytes, from, to) -> all.write(bytes, from, to - from));
        }
        return all.toString(UTF_8);
    }

    @Test
    void piecesAreTheSameWhereverTheStreamIsSplit() throws InterruptedException {
        byte[] all = stream();
        for (int split = 0; split <= all.length; split++) {
            EngineFrames frames = new EngineFrames();
            byte[] head = Arrays.copyOfRange(all, 0, split);
            byte[] tail = Arrays.copyOfRange(all, split, all.length);
            assertThat(carried(frames, head, tail))
                    .as("split at %d", split)
                    .isEqualTo("first, second, " + "x".repeat(300));
            assertThat(frames.cut()).isFalse();
        }
    }

    @Test
    void streamThatEndsInsideAFrameIsKnownToBeCut() throws InterruptedException {
        byte[] all = stream();
        for (int length : new int[] {3, 8, 10, all.length - 1}) {
            EngineFrames frames = new EngineFrames();
            carried(frames, Arrays.copyOf(all, length));
            assertThat(frames.cut()).as("%d bytes", length).isTrue();
        }
    }

    @Test
    void bytesThatAreNoHeaderAreRefused() {
        for (byte[] header : new byte[][] {{3}, {'H', 'T'}, {1, 0, 1}, {(byte) 0x80}}) {
            assertThatThrownBy(() -> carried(new EngineFrames(), header))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("of a header");
        }
    }

    @Test
    void pieceOfMoreThanTwoGibibytesHasItsLength() throws InterruptedException {
        byte[] header = {1, 0, 0, 0, (byte) 0xFF, 0, 0, 0, 'x'};
        EngineFrames frames = new EngineFrames();
        assertThat(carried(frames, header)).isEqualTo("x");
        assertThat(frames.cut()).isTrue();
    }
}
