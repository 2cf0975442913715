package dev.mayfly.secrets.file;

import static dev.mayfly.secrets.file.StoreOnDisk.TRUSTED;
import static dev.mayfly.secrets.file.StoreOnDisk.UNTRUSTED;
import static org.assertj.core.api.Assertions.assertThat;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.OutputStreamAppender;
import dev.mayfly.job.FaultException;
import dev.mayfly.secrets.SecretLease;
import java.io.ByteArrayOutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.slf4j.LoggerFactory;

/** A value that is easy to find is looked for wherever it must not be. */
class SecretCanaryTest {

    private static final String CANARY = "canary-8f3a-do-not-show";
    private static final byte[] VALUE = CANARY.getBytes(StandardCharsets.UTF_8);
    private static final List<String> FORMS =
            List.of(
                    CANARY,
                    "canary-8f3a",
                    Base64.getEncoder().encodeToString(VALUE).substring(0, 20),
                    HexFormat.of().formatHex(VALUE),
                    "99, 97, 110, 97, 114, 121"); // an array of bytes, printed

    @TempDir Path directory;
    StoreOnDisk onDisk;
    private final Logger root = (Logger) LoggerFactory.getLogger(Logger.ROOT_LOGGER_NAME);
    private final Logger mayfly = (Logger) LoggerFactory.getLogger("dev.mayfly");
    private final Level rootBefore = root.getLevel();
    private final Level mayflyBefore = mayfly.getLevel();
    private final OutputStreamAppender<ILoggingEvent> appender = new OutputStreamAppender<>();
    private final ByteArrayOutputStream log = new ByteArrayOutputStream();

    @BeforeEach
    void makeStoreAndLogEverything() throws InterruptedException {
        var encoder = new PatternLayoutEncoder();
        encoder.setContext(root.getLoggerContext());
        encoder.setPattern("%level %logger %msg%n%ex{full}");
        encoder.start();
        appender.setContext(root.getLoggerContext());
        appender.setEncoder(encoder);
        appender.setOutputStream(log);
        appender.start();
        root.addAppender(appender);
        root.setLevel(Level.TRACE);
        mayfly.setLevel(Level.TRACE);

        onDisk = StoreOnDisk.withKey(directory);
        onDisk.set("token", CANARY, TRUSTED);
    }

    @AfterEach
    void logAsBefore() {
        root.detachAppender(appender);
        root.setLevel(rootBefore);
        mayfly.setLevel(mayflyBefore);
    }

    @Test
    void valueIsNotInAnyFile() throws Exception {
        onDisk.fetch(TRUSTED, "token").revoke();
        onDisk.store.rotateKey();

        assertThat(Files.size(onDisk.path)).isGreaterThan(CANARY.length());
        try (var files = Files.walk(directory)) {
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                assertThat(new String(Files.readAllBytes(file), StandardCharsets.ISO_8859_1))
                        .as(file.toString())
                        .doesNotContain(FORMS);
            }
        }
    }

    @Test
    void nameAndPoolsAreNotInTheFileEither() throws Exception {
        assertThat(new String(Files.readAllBytes(onDisk.path), StandardCharsets.ISO_8859_1))
                .doesNotContain("token", "trusted");
    }

    @Test
    void valueIsNotInAnythingPrinted() throws Exception {
        SecretLease lease = onDisk.fetch(TRUSTED, "token");

        hidden(lease + " " + lease.secrets() + " " + lease.secrets().getFirst().value());
        hidden(onDisk.store.list().toString());
        try (SecretsDocument document = onDisk.file.read()) {
            hidden(onDisk.file + " " + document.all());
        }
    }

    @Test
    void valueIsNotInAnyRefusal() throws Exception {
        hidden(onDisk.store.set("no name", VALUE, Set.of(TRUSTED), false).toString());
        hidden(onDisk.store.set("new", VALUE, Set.of(), false).toString());
        byte[] tooLong = CANARY.repeat(4000).getBytes(StandardCharsets.UTF_8);
        hidden(onDisk.store.set("long", tooLong, Set.of(TRUSTED), false).toString());
        hidden(
                onDisk.store
                        .set(
                                "short",
                                "cana".getBytes(StandardCharsets.UTF_8),
                                Set.of(TRUSTED),
                                false)
                        .toString());
    }

    @Test
    void valueIsNotInAnyFault() throws Exception {
        hidden(fault(() -> onDisk.fetch(UNTRUSTED, "token")));
        hidden(fault(() -> onDisk.fetch(TRUSTED, "tokem")));

        byte[] content = Files.readAllBytes(onDisk.path);
        content[content.length - 1] ^= 1;
        Files.write(onDisk.path, content);
        hidden(fault(() -> onDisk.fetch(TRUSTED, "token")));
        hidden(fault(() -> onDisk.store.set("other", VALUE, Set.of(TRUSTED), false)));
        hidden(onDisk.provider.unhealthyBecause(TRUSTED));
    }

    @Test
    void valueIsNotInTheLogAtTrace() throws Exception {
        onDisk.fetch(TRUSTED, "token").revoke();
        fault(() -> onDisk.fetch(UNTRUSTED, "token"));
        onDisk.store.rotateKey();
        onDisk.store.remove("token");

        assertThat(log.toString(StandardCharsets.UTF_8)).contains("secrets fetched job=job-1");
        hidden(log.toString(StandardCharsets.UTF_8));
    }

    private static void hidden(String text) {
        assertThat(text).isNotEmpty().doesNotContain(FORMS);
    }

    private static String fault(ThrowingCall call) throws Exception {
        try {
            call.run();
        } catch (FaultException e) {
            var trace = new StringWriter();
            e.printStackTrace(new PrintWriter(trace));
            return trace.toString();
        }
        throw new AssertionError("there was no fault");
    }

    private interface ThrowingCall {
        void run() throws Exception;
    }
}
