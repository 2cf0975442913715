package dev.mayfly;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import ch.qos.logback.classic.LoggerContext;
import ch.qos.logback.classic.encoder.PatternLayoutEncoder;
import ch.qos.logback.classic.joran.JoranConfigurator;
import ch.qos.logback.classic.spi.ILoggingEvent;
import ch.qos.logback.core.OutputStreamAppender;
import ch.qos.logback.core.joran.spi.JoranException;
import ch.qos.logback.core.status.Status;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.core.DefaultDockerClientConfig;
import com.github.dockerjava.core.DockerClientImpl;
import com.github.dockerjava.zerodep.ZerodepDockerHttpClient;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.Objects;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import org.slf4j.LoggerFactory;

/** The configuration of the daemon's own log. */
class LoggingTest {

    private static final String CANARY = "canary-5c1d-do-not-show";
    private static final URL CONFIGURATION =
            Objects.requireNonNull(LoggingTest.class.getResource("/logback.xml"));

    private final LoggerContext context = (LoggerContext) LoggerFactory.getILoggerFactory();

    @AfterEach
    void logAsBefore() throws JoranException {
        configure(Map.of());
    }

    @Test
    void environmentOfAContainerStaysOutOfTheLogAtTrace() throws Exception {
        configure(Map.of("mayfly.log.root", "TRACE", "mayfly.log.level", "TRACE"));

        assertThat(logOfAContainerBeingCreated()).doesNotContain(CANARY);
    }

    @Test
    void environmentOfAContainerWouldBeInTheLogWithoutThePin() throws Exception {
        configure(Map.of());
        context.getLogger("com.github.dockerjava").setLevel(Level.TRACE);

        assertThat(logOfAContainerBeingCreated()).contains(CANARY);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "com.github.dockerjava.core.exec.CreateContainerCmdExec",
                "com.github.dockerjava.zerodep.shaded.org.apache.hc.client5.http.wire",
                "io.netty.handler.logging.LoggingHandler",
                "software.amazon.awssdk.request",
                "software.amazon.awssdk.auth.signer"
            })
    void whoPrintsSecretsIsHeldAtWarn(String logger) throws Exception {
        configure(Map.of("mayfly.log.root", "TRACE"));

        assertThat(context.getLogger(logger).getEffectiveLevel()).isEqualTo(Level.WARN);
    }

    @Test
    void aFailedPullIsReportedByMayflyAlone() throws Exception {
        configure(Map.of("mayfly.log.root", "TRACE"));

        assertThat(
                        context.getLogger("com.github.dockerjava.api.async.ResultCallbackTemplate")
                                .isErrorEnabled())
                .isFalse();
    }

    @Test
    void levelOfMayflyIsAProperty() throws Exception {
        configure(Map.of("mayfly.log.level", "DEBUG"));

        assertThat(context.getLogger("dev.mayfly.job").getEffectiveLevel()).isEqualTo(Level.DEBUG);
        assertThat(context.getLogger("io.vertx").getEffectiveLevel()).isEqualTo(Level.INFO);
    }

    @Test
    void textHasTimeLevelLoggerAndMessageAndGoesToStandardError() throws Exception {
        String line =
                printedBy(
                        Map.of(),
                        () ->
                                LoggerFactory.getLogger("dev.mayfly.pool.SlotPool")
                                        .warn("slot quarantined pool={}", "trusted"));

        assertThat(line)
                .matches(
                        "\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}(Z|[+-]\\d\\d:\\d\\d)"
                                + " WARN  dev\\.mayfly\\.pool\\.SlotPool slot quarantined"
                                + " pool=trusted\\R");
    }

    @Test
    void jsonIsOneObjectForEachMessage() throws Exception {
        String printed =
                printedBy(
                        Map.of("mayfly.log.format", "json"),
                        () ->
                                LoggerFactory.getLogger("dev.mayfly.pool.SlotPool")
                                        .warn("a \"quoted\"\nmessage pool={}", "trusted"));

        assertThat(printed.lines()).hasSize(1);
        JsonNode line = new ObjectMapper().readTree(printed);
        assertThat(line.get("level").asText()).isEqualTo("WARN");
        assertThat(line.get("loggerName").asText()).isEqualTo("dev.mayfly.pool.SlotPool");
        assertThat(line.get("formattedMessage").asText())
                .isEqualTo("a \"quoted\"\nmessage pool=trusted");
        assertThat(line.get("timestamp").asLong()).isPositive();
    }

    @ParameterizedTest
    @ValueSource(strings = {"text", "json"})
    void configurationIsReadWithoutAWarning(String format) throws Exception {
        configure(Map.of("mayfly.log.format", format));

        assertThat(context.getStatusManager().getCopyOfStatusList())
                .isNotEmpty()
                .allMatch(status -> status.getEffectiveLevel() == Status.INFO);
    }

    private void configure(Map<String, String> properties) throws JoranException {
        context.reset();
        context.getStatusManager().clear();
        var configurator = new JoranConfigurator();
        configurator.setContext(context);
        properties.forEach(System::setProperty);
        try {
            configurator.doConfigure(CONFIGURATION);
        } finally {
            properties.keySet().forEach(System::clearProperty);
        }
    }

    /** What a configuration prints on standard error. */
    private String printedBy(Map<String, String> properties, Runnable logging) throws Exception {
        PrintStream before = System.err;
        var printed = new ByteArrayOutputStream();
        System.setErr(new PrintStream(printed, true, StandardCharsets.UTF_8));
        try {
            configure(properties);
            logging.run();
        } finally {
            System.setErr(before);
        }
        return printed.toString(StandardCharsets.UTF_8);
    }

    /** Everything any logger says while docker-java creates a container with a secret in it. */
    private String logOfAContainerBeingCreated() throws Exception {
        var log = new ByteArrayOutputStream();
        var encoder = new PatternLayoutEncoder();
        encoder.setContext(context);
        encoder.setPattern("%logger %msg%n%ex{full}");
        encoder.start();
        var appender = new OutputStreamAppender<ILoggingEvent>();
        appender.setContext(context);
        appender.setEncoder(encoder);
        appender.setOutputStream(log);
        appender.start();
        Logger root = context.getLogger(Logger.ROOT_LOGGER_NAME);
        root.addAppender(appender);
        root.detachAppender("console");
        root.setLevel(Level.TRACE);

        assertThatCode(LoggingTest::createContainer).doesNotThrowAnyException();
        return log.toString(StandardCharsets.UTF_8);
    }

    private static void createContainer() throws Exception {
        HttpServer engine =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        engine.createContext(
                "/",
                exchange -> {
                    exchange.getRequestBody().readAllBytes();
                    byte[] answer = "{\"Id\":\"c0ffee\"}".getBytes(StandardCharsets.UTF_8);
                    exchange.getResponseHeaders().add("Content-Type", "application/json");
                    exchange.sendResponseHeaders(201, answer.length);
                    exchange.getResponseBody().write(answer);
                    exchange.close();
                });
        engine.start();
        URI address = URI.create("tcp://127.0.0.1:" + engine.getAddress().getPort());
        try (var http = new ZerodepDockerHttpClient.Builder().dockerHost(address).build();
                var docker =
                        DockerClientImpl.getInstance(
                                DefaultDockerClientConfig.createDefaultConfigBuilder()
                                        .withDockerHost(address.toString())
                                        .withDockerTlsVerify(false)
                                        .build(),
                                http)) {
            assertThat(docker.createContainerCmd("image").withEnv("TOKEN=" + CANARY).exec().getId())
                    .isEqualTo("c0ffee");
        } finally {
            engine.stop(0);
        }
    }
}
