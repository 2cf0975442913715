package dev.mayfly.egress;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ClientHelloTest {

    private static ClientHello read(byte[] bytes) {
        return ClientHello.read(bytes, bytes.length);
    }

    @Test
    void nameOfTheServerIsSeenHoweverTheGreetingArrives() {
        byte[] hello = Hellos.bytes("good.example");

        assertThat(read(hello)).isEqualTo(new ClientHello.Complete("good.example"));
        for (int cut = 0; cut < hello.length; cut++) {
            assertThat(read(Arrays.copyOf(hello, cut))).isInstanceOf(ClientHello.Incomplete.class);
        }
        byte[] more = Arrays.copyOf(hello, hello.length + 100);
        assertThat(read(more)).isEqualTo(new ClientHello.Complete("good.example"));
    }

    @Test
    void greetingCutIntoRecordsOfOneByteIsStillRead() {
        byte[] hello = Hellos.bytes("good.example");
        ByteBuffer cut = ByteBuffer.allocate(hello.length * 6);
        for (int i = 5; i < hello.length; i++) {
            cut.put((byte) 22).put((byte) 3).put((byte) 1).putShort((short) 1).put(hello[i]);
        }

        assertThat(ClientHello.read(cut.array(), cut.position()))
                .isEqualTo(new ClientHello.Complete("good.example"));
    }

    @Test
    void greetingWithoutANameHasNone() {
        assertThat(read(Hellos.bytes(null))).isEqualTo(new ClientHello.Complete(null));
    }

    @Test
    void otherProtocolsAreTold() {
        assertThat(read("GET / HTTP/1.1\r\n".getBytes(StandardCharsets.UTF_8)))
                .isInstanceOf(ClientHello.Other.class);
        assertThat(read(new byte[] {22, 2, 0})).isInstanceOf(ClientHello.Other.class);
        assertThat(read(new byte[] {22, 3, 1, 0, 4, 2, 0, 0, 0}))
                .isInstanceOf(ClientHello.Other.class);
    }

    @Test
    void changedGreetingIsReadOrNotAndNothingElseHappens() {
        Random random = new Random(7);
        byte[] hello = Hellos.bytes("good.example");
        for (int round = 0; round < 20_000; round++) {
            byte[] changed = hello.clone();
            for (int i = random.nextInt(4); i >= 0; i--) {
                changed[random.nextInt(changed.length)] = (byte) random.nextInt();
            }
            assertThat(ClientHello.read(changed, random.nextInt(changed.length + 1))).isNotNull();
        }
    }
}
