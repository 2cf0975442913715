package dev.mayfly.artifacts.s3;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SealTest {

    @TempDir private Path folder;

    private static byte[] sealed(String name, String content) throws IOException {
        Seal seal = new Seal(name);
        byte[] bytes = content.getBytes(UTF_8);
        seal.update(bytes, 0, bytes.length);
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(bytes);
        out.write(seal.bytes());
        return out.toByteArray();
    }

    /** What is left of an object, or nothing if it does not open. */
    private String opened(byte[] object, String name) throws IOException {
        Path path = Files.write(folder.resolve("object"), object);
        try (FileChannel file =
                FileChannel.open(path, StandardOpenOption.READ, StandardOpenOption.WRITE)) {
            if (!Seal.opens(file, name)) {
                return "does not open";
            }
            ByteBuffer content = ByteBuffer.allocate((int) file.size());
            assertThat(file.position()).isZero();
            file.read(content);
            return "opens: " + new String(content.array(), UTF_8);
        }
    }

    @Test
    void whatWasSealedOpensAndLosesItsSeal() throws IOException {
        assertThat(opened(sealed("a/b", "content"), "a/b")).isEqualTo("opens: content");
        assertThat(opened(sealed("a/b", ""), "a/b")).isEqualTo("opens: ");
    }

    @Test
    void sealIsForOneName() throws IOException {
        assertThat(opened(sealed("a/b", "content"), "a/c")).isEqualTo("does not open");
        assertThat(opened(sealed("a", "\u0000b"), "a\u0000")).isEqualTo("does not open");
    }

    @Test
    void anyOtherBitAndAnyOtherLengthIsSeen() throws IOException {
        byte[] object = sealed("a/b", "content");
        for (int bit = 0; bit < object.length * 8; bit++) {
            byte[] damaged = object.clone();
            damaged[bit / 8] ^= (byte) (1 << (bit % 8));
            assertThat(opened(damaged, "a/b")).as("bit " + bit).isEqualTo("does not open");
        }
        for (int length = 0; length < object.length; length++) {
            assertThat(opened(Arrays.copyOf(object, length), "a/b"))
                    .as("cut to " + length)
                    .isEqualTo("does not open");
        }
        assertThat(opened(Arrays.copyOf(object, object.length + 1), "a/b"))
                .isEqualTo("does not open");
    }
}
