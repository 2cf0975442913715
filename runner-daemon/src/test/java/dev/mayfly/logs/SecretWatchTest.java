package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.SecretValue;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.InstantSource;
import java.util.Base64;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;

/** What leaves of files, and what does not. */
class SecretWatchTest {

    private static final String VALUE = "correct-horse-battery";

    private final ByteArrayOutputStream left = new ByteArrayOutputStream();

    @Test
    void secretIsFoundHoweverTheFileIsCutAndNoByteOfItLeaves() throws Exception {
        byte[] file = ("x".repeat(50) + VALUE + "y".repeat(50)).getBytes(UTF_8);
        for (int piece = 1; piece < file.length; piece++) {
            left.reset();
            SecretWatch watch = watch();

            assertThat(feed(watch, file, piece)).isEqualTo("PASSWORD");
            assertThat(left.toString(UTF_8)).matches("x*").hasSizeLessThanOrEqualTo(50);
        }
    }

    @Test
    void secretIsFoundInTheFormsInWhichALogWouldMaskIt() throws Exception {
        String encoded = Base64.getEncoder().encodeToString(VALUE.getBytes(UTF_8));

        assertThat(feed(watch(), ("token: " + encoded).getBytes(UTF_8), 7)).isEqualTo("PASSWORD");
    }

    @Test
    void fileWithoutASecretLeavesAsItIs() throws Exception {
        byte[] file = new byte[200_000];
        new Random(1).nextBytes(file);
        byte[] nearly = VALUE.substring(0, VALUE.length() - 1).getBytes(UTF_8);
        System.arraycopy(nearly, 0, file, 1000, nearly.length);
        System.arraycopy(nearly, 0, file, file.length - nearly.length, nearly.length);
        for (int piece : new int[] {1 << 20, 16 * 1024 + 1, 997}) {
            left.reset();

            assertThat(feed(watch(), file, piece)).isNull();
            assertThat(left.toByteArray()).isEqualTo(file);
        }
    }

    @Test
    void halfInOneFileAndHalfInTheNextIsNoSecret() throws Exception {
        SecretWatch watch = watch();

        assertThat(feed(watch, VALUE.substring(0, 10).getBytes(UTF_8), 3)).isNull();
        assertThat(feed(watch, VALUE.substring(10).getBytes(UTF_8), 3)).isNull();
        assertThat(left.toString(UTF_8)).isEqualTo(VALUE);
        assertThat(feed(watch, VALUE.getBytes(UTF_8), 3)).isEqualTo("PASSWORD");
    }

    private static SecretWatch watch() throws InterruptedException {
        LogPipeline pipeline =
                new LogPipeline(InstantSource.system(), 1 << 20, Masking.STANDARD, List.of());
        Map<String, SecretValue> secrets = new LinkedHashMap<>();
        secrets.put("OTHER", new SecretValue("something-else".getBytes(UTF_8)));
        secrets.put("PASSWORD", new SecretValue(VALUE.getBytes(UTF_8)));
        pipeline.addSecrets(secrets);
        return pipeline.watch();
    }

    private @Nullable String feed(SecretWatch watch, byte[] file, int piece) throws IOException {
        String found = null;
        for (int at = 0; at < file.length && found == null; at += piece) {
            found = watch.take(file, at, Math.min(piece, file.length - at), left::write);
        }
        if (found == null) {
            watch.end(left::write);
        }
        return found;
    }
}
