package dev.mayfly.sandbox.docker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** The two bounded hand-overs between a container's stream and the job's thread. */
@Timeout(30)
class BoxesTest {

    private static long in(Duration wait) {
        return System.nanoTime() + wait.toNanos();
    }

    private static AgentMessage output(int bytes) {
        return new AgentMessage.Output(new byte[bytes], 0, bytes);
    }

    @Test
    void messagesComeOutInOrderAndThenTheEndAgainAndAgain() throws InterruptedException {
        Inbox inbox = new Inbox();
        AgentMessage first = output(1);
        inbox.put(first);
        inbox.put(new AgentMessage.Ended(0, 0, 0));
        inbox.end("gone");
        inbox.end("a later reason");
        assertThat(inbox.take(in(Duration.ofSeconds(5)))).isSameAs(first);
        assertThat(inbox.take(in(Duration.ofSeconds(5))))
                .isEqualTo(new AgentMessage.Ended(0, 0, 0));
        assertThat(inbox.take(in(Duration.ofSeconds(5)))).isEqualTo(new AgentMessage.Gone("gone"));
        assertThat(inbox.take(in(Duration.ofSeconds(5)))).isEqualTo(new AgentMessage.Gone("gone"));
    }

    @Test
    void fullInboxHoldsTheStreamUntilSomethingIsTaken() throws InterruptedException {
        Inbox inbox = new Inbox();
        inbox.put(output(Inbox.BOUND_BYTES));
        CountDownLatch put = new CountDownLatch(1);
        Thread stream = putting(inbox, put);
        assertThat(put.await(100, TimeUnit.MILLISECONDS)).isFalse();
        assertThat(inbox.take(in(Duration.ofSeconds(5)))).isNotNull();
        assertThat(put.await(5, TimeUnit.SECONDS)).isTrue();
        stream.join();
    }

    @Test
    void closingAFullInboxLetsTheStreamGo() throws InterruptedException {
        Inbox inbox = new Inbox();
        inbox.put(output(Inbox.BOUND_BYTES));
        CountDownLatch put = new CountDownLatch(1);
        Thread stream = putting(inbox, put);
        inbox.close();
        assertThat(put.await(5, TimeUnit.SECONDS)).isTrue();
        stream.join();
        assertThat(inbox.take(in(Duration.ofSeconds(5)))).isInstanceOf(AgentMessage.Gone.class);
    }

    private static Thread putting(Inbox inbox, CountDownLatch done) {
        return Thread.ofVirtual()
                .start(() -> {
                    try {
                        inbox.put(output(1));
                        done.countDown();
                    } catch (InterruptedException e) {
                        Thread.currentThread().interrupt();
                    }
                });
    }

    @Test
    void takingEndsAtItsDeadlineAndWhenWoken() throws InterruptedException {
        Inbox inbox = new Inbox();
        assertThat(inbox.take(in(Duration.ofMillis(20)))).isNull();
        inbox.wake();
        assertThat(inbox.take(in(Duration.ofDays(1)))).isNull();
    }

    @Test
    void sentFramesAreReadAsOneStreamAndForgotten() throws Exception {
        Outbox outbox = new Outbox();
        byte[] secret = {1, 2, 3};
        assertThat(outbox.send(secret, in(Duration.ofSeconds(5)))).isTrue();
        outbox.sendNow(new byte[] {4});
        byte[] read = new byte[2];
        assertThat(outbox.read(read)).isEqualTo(2);
        assertThat(read).containsExactly(1, 2);
        assertThat(outbox.read()).isEqualTo(3);
        assertThat(outbox.read()).isEqualTo(4);
        assertThat(secret).as("overwritten once it was sent").containsOnly(0);
    }

    @Test
    void fullOutboxMakesTheSenderWaitButNotASignal() throws Exception {
        Outbox outbox = new Outbox();
        outbox.send(new byte[Outbox.BOUND_BYTES], in(Duration.ofSeconds(5)));
        assertThat(outbox.send(new byte[1], in(Duration.ofMillis(50)))).isFalse();
        outbox.sendNow(AgentFrames.signal(9));
        assertThat(outbox.readNBytes(Outbox.BOUND_BYTES)).hasSize(Outbox.BOUND_BYTES);
        assertThat(outbox.readNBytes(6)).isEqualTo(AgentFrames.signal(9));
    }

    @Test
    void closedOutboxEndsTheReaderForgetsWhatWaitsAndRefusesMore() throws Exception {
        Outbox outbox = new Outbox();
        byte[] secret = {7};
        outbox.send(secret, in(Duration.ofSeconds(5)));
        outbox.close();
        assertThat(outbox.read()).isEqualTo(-1);
        assertThat(secret).containsOnly(0);
        assertThatThrownBy(() -> outbox.sendNow(new byte[1])).isInstanceOf(IOException.class);
    }

    @Test
    void tailKeepsTheLastBytes() {
        ServiceContainer.Tail tail = new ServiceContainer.Tail(4);
        assertThat(tail.content()).isEmpty();
        tail.add(new byte[] {0, 1, 2, 3, 0}, 1, 3);
        assertThat(tail.content()).containsExactly(1, 2, 3);
        tail.add(new byte[] {4, 5}, 0, 2);
        assertThat(tail.content()).containsExactly(2, 3, 4, 5);
        tail.add(new byte[] {6, 7, 8, 9, 10, 11}, 0, 6);
        assertThat(tail.content()).containsExactly(8, 9, 10, 11);
    }
}
