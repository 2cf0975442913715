package dev.mayfly.sandbox.docker;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.FaultException;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** An engine that answers late, over TCP, where an interrupt does not end a blocked read. */
@Timeout(60)
class AgentStreamTest {

    private static final Duration LIMIT = Duration.ofMillis(200);

    private static final DockerSettings.Bounds BOUNDS =
            new DockerSettings.Bounds(
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(10),
                    Duration.ofSeconds(10));

    /** More than the sockets between would hold. */
    private static final int MOST_WRITTEN = 256 << 20;

    private final LateEngine late = new LateEngine();

    AgentStreamTest() throws IOException {}

    @AfterEach
    void close() throws IOException {
        late.close();
    }

    @Test
    void answerThatComesAfterTheStreamWasGivenUpIsNotListenedTo() throws Exception {
        try (DockerEngine engine = new DockerEngine(late.host(), BOUNDS)) {
            engine.version();
            assertThatThrownBy(() -> AgentStream.attach(engine, "c1", LIMIT))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("container c1: attaching was not answered within");
            late.answer();
            assertThat(late.written.get()).isLessThan(MOST_WRITTEN);
        }
    }

    /** Answers what the version is; answers the attaching when told, and writes without end. */
    private static final class LateEngine implements AutoCloseable {

        private static final String VERSION =
                "{\"Version\":\"20.10.24\",\"ApiVersion\":\"1.41\",\"MinAPIVersion\":\"1.12\"}";

        private final ServerSocket listening =
                new ServerSocket(0, 0, InetAddress.getLoopbackAddress());
        private final CountDownLatch mayAnswer = new CountDownLatch(1);

        /** How many bytes it could write to whoever attached. */
        private final CompletableFuture<Long> written = new CompletableFuture<>();

        LateEngine() throws IOException {
            Thread.ofVirtual().start(this::accept);
        }

        URI host() {
            return URI.create("tcp://127.0.0.1:" + listening.getLocalPort());
        }

        void answer() {
            mayAnswer.countDown();
        }

        private void accept() {
            while (!listening.isClosed()) {
                try {
                    Socket socket = listening.accept();
                    Thread.ofVirtual().start(() -> serve(socket));
                } catch (IOException e) {
                    return;
                }
            }
        }

        private void serve(Socket socket) {
            try (socket) {
                BufferedReader requests =
                        new BufferedReader(
                                new InputStreamReader(socket.getInputStream(), ISO_8859_1));
                OutputStream answers = socket.getOutputStream();
                for (String line = requests.readLine(); line != null; line = requests.readLine()) {
                    if (line.startsWith("POST ") && line.contains("/attach?")) {
                        mayAnswer.await();
                        answers.write(
                                ("HTTP/1.1 101 UPGRADED\r\nContent-Type:"
                                                + " application/vnd.docker.raw-stream\r\n"
                                                + "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n")
                                        .getBytes(ISO_8859_1));
                        written.complete(write(answers));
                        return;
                    }
                    if (line.isEmpty()) {
                        answers.write(
                                ("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
                                                + "Content-Length: %d\r\n\r\n%s")
                                        .formatted(VERSION.length(), VERSION)
                                        .getBytes(ISO_8859_1));
                    }
                }
            } catch (IOException | InterruptedException e) {
                written.completeExceptionally(e);
            }
        }

        /** Frames of the engine with what the agent would say, until nobody takes them. */
        private static long write(OutputStream answers) {
            byte[] frame = new byte[8 + 5 + 64 * 1024];
            ByteBuffer.wrap(frame)
                    .put((byte) 1)
                    .position(4)
                    .putInt(frame.length - 8)
                    .put((byte) 'O')
                    .putInt(frame.length - 8 - 5);
            long written = 0;
            try {
                while (written < MOST_WRITTEN) {
                    answers.write(frame);
                    written += frame.length;
                }
            } catch (IOException _) {
                // The client is gone, as it should be.
            }
            return written;
        }

        @Override
        public void close() throws IOException {
            mayAnswer.countDown();
            listening.close();
        }
    }
}
