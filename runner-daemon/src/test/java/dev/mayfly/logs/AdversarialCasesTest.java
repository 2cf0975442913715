package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.SecretValue;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** Where maskers are known to fail, over the whole chain: from values to what is shown. */
class AdversarialCasesTest {

    private static final String SECRET = "s3cr3tvalue";

    static Stream<MaskingCase> adversarialCases() throws IOException {
        return MaskingCase.all("adversarial-cases.yaml").filter(c -> c.needs().isEmpty());
    }

    static Stream<MaskingCase> peersCases() throws IOException {
        return MaskingCase.all("peers-cases.yaml").filter(c -> c.needs().isEmpty());
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("adversarialCases")
    void whatDefeatsAMaskerDoesNotDefeatThisOne(MaskingCase masking) {
        masking.check();
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("peersCases")
    void whatPeersTestHoldsHereToo(MaskingCase masking) {
        masking.check();
    }

    private static MaskedStream stream(String... values) {
        return new MaskedStream(SecretPatterns.none().with(WholeChain.forms(List.of(values))));
    }

    @Test
    void halvesOfASecretOnOneOfTwoStreamsAreMaskedWhateverTheOtherPrints() {
        MaskedStream first = stream(SECRET);
        MaskedStream second = stream(SECRET);
        first.write("s3cr");
        second.write("noise\n");
        first.write("3tvalue\n");
        assertThat(first.finish()).isEqualTo("[MASKED]\n");
        assertThat(second.finish()).isEqualTo("noise\n");
    }

    @Test
    void halvesOfASecretOnDifferentStreamsAreNotJoined() {
        MaskedStream first = stream(SECRET);
        MaskedStream second = stream(SECRET);
        first.write("s3cr");
        second.write("3tvalue\n");
        assertThat(first.finish()).isEqualTo("s3cr");
        assertThat(second.finish()).isEqualTo("3tvalue\n");
    }

    @Test
    void valueAboveTheLimitIsRefusedByNameAndTheOthersAreMasked() throws InterruptedException {
        StringBuilder shown = new StringBuilder();
        LogPipeline log =
                new LogPipeline(
                        InstantSource.system(),
                        Long.MAX_VALUE,
                        Masking.STANDARD,
                        List.of(into(shown)));
        Map<String, SecretValue> values = new LinkedHashMap<>();
        values.put("HUGE", new SecretValue(new byte[1024 * 1024]));
        values.put("USUAL", new SecretValue(SECRET.getBytes(ISO_8859_1)));
        assertThat(log.addSecrets(values))
                .satisfiesExactly(
                        huge ->
                                assertThat(huge)
                                        .isInstanceOf(Maskability.TooLong.class)
                                        .extracting(Object::toString)
                                        .asString()
                                        .contains("HUGE"),
                        usual -> assertThat(usual).isInstanceOf(Maskability.Maskable.class));
        byte[] text = "x s3cr3tvalue y\n".getBytes(ISO_8859_1);
        log.output(text, 0, text.length);
        log.finish();
        assertThat(shown).hasToString("x [MASKED] y\n");
    }

    private static LogSink into(StringBuilder shown) {
        return new LogSink() {
            @Override
            public void output(long start, Instant at, byte[] bytes, int offset, int length) {
                shown.append(new String(bytes, offset, length, ISO_8859_1));
            }

            @Override
            public void event(LogPosition at, LogEvent event) {}

            @Override
            public void finish(LogPosition total) {}
        };
    }

    /** What is looked for never changes, so streams share it; each takes it over when it likes. */
    @Test
    void secretAddedWhileFourThreadsWriteFourStreamsIsMaskedOnEach()
            throws InterruptedException, ExecutionException {
        SecretPatterns before = SecretPatterns.none().with(WholeChain.forms(List.of(SECRET)));
        SecretPatterns after = before.with(WholeChain.forms(List.of("another-secret")));
        List<Future<String>> streams = new ArrayList<>();
        try (ExecutorService writers = Executors.newFixedThreadPool(4)) {
            for (int i = 0; i < 4; i++) {
                streams.add(
                        writers.submit(() -> {
                            MaskedStream stream = new MaskedStream(before);
                            for (int line = 0; line < 200; line++) {
                                if (line == 100) {
                                    stream.masker().extend(after);
                                }
                                stream.write("x s3cr").write("3tvalue another-").write("secret\n");
                            }
                            return stream.finish();
                        }));
            }
        }
        for (Future<String> stream : streams) {
            assertThat(stream.get())
                    .isEqualTo(
                            "x [MASKED] another-secret\n".repeat(100)
                                    + "x [MASKED] [MASKED]\n".repeat(100));
        }
    }

    @Test
    void promptIsShownAtOnceUnlessItsEndBeginsASecret() {
        MaskedStream stream = stream(SECRET, "p4ssphrase");
        assertThat(stream.write("Password: ").shown()).isEqualTo("Password: ");
        assertThat(stream.write("Is it s3c").shown()).isEqualTo("Password: Is it ");
    }

    @Test
    void textWithoutSecretsComesOutAsItIs() {
        byte[] random = new byte[1024 * 1024];
        new Random(88).nextBytes(random);
        for (String text :
                List.of(
                        new String(random, ISO_8859_1),
                        "\n".repeat(random.length),
                        "\u001b[m".repeat(random.length / 3),
                        "\u001b".repeat(random.length),
                        "\u001b[" + "1;".repeat(random.length / 2),
                        "\u001b]0;" + "t".repeat(random.length))) {
            byte[] bytes = text.getBytes(ISO_8859_1);
            ByteArrayOutputStream output = new ByteArrayOutputStream(bytes.length);
            LogMasker masker =
                    new LogMasker(
                            SecretPatterns.none().with(WholeChain.forms(List.of(SECRET))),
                            output::write);
            for (int from = 0; from < bytes.length; from += 4096) {
                masker.write(bytes, from, Math.min(4096, bytes.length - from));
            }
            masker.finish();
            assertThat(output.toByteArray()).isEqualTo(bytes);
        }
    }
}
