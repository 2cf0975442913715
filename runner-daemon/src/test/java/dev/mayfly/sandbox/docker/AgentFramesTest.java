package dev.mayfly.sandbox.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class AgentFramesTest {

    private static String shown(byte[] frame) {
        int length =
                (frame[1] & 0xff) << 24
                        | (frame[2] & 0xff) << 16
                        | (frame[3] & 0xff) << 8
                        | (frame[4] & 0xff);
        assertThat(frame).hasSize(5 + length);
        return (char) frame[0] + "|" + new String(frame, 5, length, UTF_8);
    }

    @Test
    void eachFrameIsItsTypeItsLengthAndItsPayload() {
        assertThat(shown(AgentFrames.variable("NAME", "ä=1"))).isEqualTo("V|NAME=ä=1");
        assertThat(shown(AgentFrames.file("token", "-abc-".getBytes(UTF_8), 1, 3)))
                .isEqualTo("F|token\0abc");
        assertThat(shown(AgentFrames.user(1000, 1001))).isEqualTo("U|1000:1001");
        assertThat(shown(AgentFrames.workingDirectory("/w"))).isEqualTo("W|/w");
        assertThat(shown(AgentFrames.handOver("/w"))).isEqualTo("O|/w");
        assertThat(shown(AgentFrames.script("xecho".getBytes(UTF_8), 1, 4))).isEqualTo("P|echo");
        assertThat(shown(AgentFrames.argument("-c"))).isEqualTo("A|-c");
        assertThat(shown(AgentFrames.run())).isEqualTo("R|");
        assertThat(shown(AgentFrames.input(new byte[] {'a', 'b'}, 0, 2))).isEqualTo("I|ab");
        assertThat(shown(AgentFrames.endOfInput())).isEqualTo("Z|");
        assertThat(shown(AgentFrames.signal(15))).isEqualTo("K|\u000f");
        assertThat(shown(AgentFrames.tryConnection("10.0.0.2", 80, 3)))
                .isEqualTo("T|10.0.0.2:80:3");
        assertThat(shown(AgentFrames.maskingChannel())).isEqualTo("C|");
        assertThat(shown(AgentFrames.masked())).isEqualTo("M|+");
        assertThat(shown(AgentFrames.notMasked("too short"))).isEqualTo("M|-too short");
    }

    @Test
    void reasonOfAnyLengthFitsWhatTheAgentTakes() {
        assertThat(AgentFrames.notMasked("\u20ac".repeat(5000))).hasSizeBetween(3000, 4096);
    }

    @Test
    void payloadThatDoesNotFitIsRefusedWithItsSizeAndNotItsContent() {
        String value = "s".repeat(AgentDecoder.MAX_PAYLOAD_BYTES);
        assertThatThrownBy(() -> AgentFrames.variable("NAME", value))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a frame of type V would have 1048581 bytes, at most 1048576 fit");
    }

    @Test
    void filePartAndNameFillAFrameExactly() {
        byte[] content = new byte[AgentFrames.filePartBytes("näme")];
        assertThat(AgentFrames.file("näme", content, 0, content.length))
                .hasSize(5 + AgentDecoder.MAX_PAYLOAD_BYTES);
    }
}
