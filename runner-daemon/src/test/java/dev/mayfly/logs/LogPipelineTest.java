package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogOrder;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.SecretValue;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(30)
class LogPipelineTest {

    private static final String SECRET = "s3cr3tvalue";
    private static final long NO_LIMIT = Long.MAX_VALUE;

    private final TickingClock clock = new TickingClock();

    /** Each look at it is a second later. */
    private static final class TickingClock implements InstantSource {

        private Instant now = Instant.parse("2026-01-01T00:00:00Z");

        @Override
        public Instant instant() {
            now = now.plusSeconds(1);
            return now;
        }
    }

    /**
     * Keeps what it gets as short lines: {@code out:}, {@code start:}, {@code end:}, {@code say:}.
     */
    private static class RecordingSink implements LogSink {

        final List<String> lines = new ArrayList<>();
        final List<Instant> times = new ArrayList<>();
        final List<LogEvent> events = new ArrayList<>();
        private final LogOrder order = new LogOrder(LogPosition.START);
        @Nullable LogPosition total;

        @Override
        public void output(long start, Instant at, byte[] bytes, int offset, int length)
                throws InterruptedException {
            taking();
            order.output(start, length);
            assertThat(length).isBetween(1, LARGEST_PIECE);
            times.add(at);
            lines.add("out:" + new String(bytes, offset, length, ISO_8859_1));
        }

        @Override
        public void event(LogPosition at, LogEvent event) throws InterruptedException {
            taking();
            order.event(at);
            times.add(event.at());
            events.add(event);
            lines.add(
                    switch (event) {
                        case LogEvent.SectionStarted e -> "start:" + e.section();
                        case LogEvent.SectionEnded e -> "end:" + e.section();
                        case LogEvent.Notice e -> "say:" + e.text();
                    });
        }

        @Override
        public void finish(LogPosition end) throws InterruptedException {
            order.end(end);
            total = end;
        }

        /** Before anything is taken. */
        void taking() throws InterruptedException {
            assertThat(total).as("finished").isNull();
        }

        boolean finished() {
            return total != null;
        }

        /** The output of all pieces. */
        String output() {
            StringBuilder output = new StringBuilder();
            for (String line : lines) {
                if (line.startsWith("out:")) {
                    output.append(line, 4, line.length());
                }
            }
            return output.toString();
        }
    }

    private LogPipeline pipeline(long limitBytes, LogSink... sinks) {
        return new LogPipeline(clock, limitBytes, Masking.STANDARD, List.of(sinks));
    }

    private LogPipeline masking(LogSink... sinks) throws InterruptedException {
        LogPipeline log = pipeline(NO_LIMIT, sinks);
        log.addSecrets(Map.of("TOKEN", secret(SECRET)));
        return log;
    }

    private static SecretValue secret(String value) {
        return new SecretValue(value.getBytes(UTF_8));
    }

    private static void print(LogPipeline log, String text) throws InterruptedException {
        byte[] bytes = text.getBytes(ISO_8859_1);
        log.output(bytes, 0, bytes.length);
    }

    @Test
    void everySinkGetsEverythingInOrder() throws InterruptedException {
        RecordingSink first = new RecordingSink();
        RecordingSink second = new RecordingSink();
        LogPipeline log = masking(first, second);

        LogPipeline.Section section = log.section("script");
        print(log, "token: s3cr3tvalue\n");
        log.notice("half way");
        print(log, "done\n");
        section.end();
        log.finish();

        assertThat(first.lines)
                .containsExactly(
                        "start:script",
                        "out:token: [MASKED]\n",
                        "say:half way",
                        "out:done\n",
                        "end:script");
        assertThat(second.lines).isEqualTo(first.lines);
        assertThat(first.finished()).isTrue();
        assertThat(second.finished()).isTrue();
    }

    @Test
    void outputIsDeliveredWhenTheWriteReturns() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = masking(sink);
        print(log, "Password: ");
        assertThat(sink.lines).containsExactly("out:Password: ");
    }

    @Test
    void oneWriteIsOneEventHoweverManySecretsAreInIt() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = masking(sink);
        print(log, "a s3cr3tvalue b s3cr3tvalue c\n");
        assertThat(sink.lines).containsExactly("out:a [MASKED] b [MASKED] c\n");
    }

    @Test
    void secretPrintedByteByByteIsMasked() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = masking(sink);
        for (char c : "x s3cr3tvalue y".toCharArray()) {
            print(log, String.valueOf(c));
        }
        log.finish();
        assertThat(sink.output()).isEqualTo("x [MASKED] y");
    }

    @Test
    void heldBytesAreDeliveredAtTheEnd() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = masking(sink);
        print(log, "x s3cr");
        assertThat(sink.lines).containsExactly("out:x ");
        log.finish();
        assertThat(sink.lines).containsExactly("out:x ", "out:s3cr");
    }

    @Test
    void callersMayUseTheirArrayAgain() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = masking(sink);
        byte[] array = "..ab s3cr..".getBytes(ISO_8859_1);
        log.output(array, 2, 7);
        java.util.Arrays.fill(array, (byte) '#');
        log.finish();
        assertThat(sink.output()).isEqualTo("ab s3cr");
    }

    @Test
    void secretWhoseHalvesAreInTwoSectionsIsMasked() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = masking(sink);
        LogPipeline.Section first = log.section("one");
        print(log, "a s3cr");
        first.end();
        LogPipeline.Section second = log.section("two");
        print(log, "3tvalue b\n");
        second.end();
        log.finish();
        assertThat(sink.lines)
                .containsExactly(
                        "start:one",
                        "out:a ",
                        "out:[MASKED]",
                        "end:one",
                        "start:two",
                        "out: b\n",
                        "end:two");
    }

    @Test
    void heldBytesThatAreNoSecretStayInTheirSection() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = masking(sink);
        LogPipeline.Section first = log.section("one");
        print(log, "a s3cr");
        first.end();
        log.notice("between");
        assertThat(sink.lines).containsExactly("start:one", "out:a ");
        print(log, "b\n");
        assertThat(sink.lines)
                .containsExactly(
                        "start:one", "out:a ", "out:s3cr", "end:one", "say:between", "out:b\n");
    }

    @Test
    void sectionsThatWaitForHeldBytesEndWithTheLog() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = masking(sink);
        LogPipeline.Section section = log.section("one");
        print(log, "s3cr");
        section.end();
        log.finish();
        assertThat(sink.lines).containsExactly("start:one", "out:s3cr", "end:one");
    }

    @Test
    void timesNeverGoBack() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = masking(sink);
        LogPipeline.Section section = log.section("one");
        print(log, "a s3cr");
        section.end();
        log.notice("between");
        print(log, "3t\n");
        log.finish();
        assertThat(sink.times).isSorted();
    }

    @Test
    void sectionTellsHowLongItTook() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = pipeline(NO_LIMIT, sink);
        LogPipeline.Section section = log.section("one");
        section.end();
        LogEvent.SectionStarted start = (LogEvent.SectionStarted) sink.events.getFirst();
        LogEvent.SectionEnded end = (LogEvent.SectionEnded) sink.events.getLast();
        assertThat(end.took()).isEqualTo(Duration.between(start.at(), end.at())).isPositive();
    }

    @Test
    void sectionEndsOnceAndAtTheLatestWithTheLog() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = pipeline(NO_LIMIT, sink);
        LogPipeline.Section first = log.section("one");
        first.end();
        first.end();
        log.section("two");
        assertThatThrownBy(() -> log.section("three"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("section three cannot start: two has not ended");
        log.finish();
        assertThat(sink.lines).containsExactly("start:one", "end:one", "start:two", "end:two");
    }

    @Test
    void noticeIsOneMaskedLine() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = masking(sink);
        log.notice("image s3cr3tvalue\r\nnot found\t\u001b[31m\u202e\u2028 \u00e4\ud83d\ude00");
        assertThat(sink.lines)
                .containsExactly(
                        "say:image [MASKED]\\r\\nnot found\\t\\u001b[31m\\u202e\\u2028"
                                + " \u00e4\ud83d\ude00");
    }

    @Test
    void sectionNameIsOneMaskedLine() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = masking(sink);
        log.section("service s3cr3tvalue\n").end();
        assertThat(sink.lines)
                .containsExactly("start:service [MASKED]\\n", "end:service [MASKED]\\n");
    }

    @Test
    void everyFormOfASecretIsMasked() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = masking(sink);
        print(log, "czNjcjN0dmFsdWU= 73336372337476616c7565\n");
        assertThat(sink.output()).isEqualTo("[MASKED] [MASKED]\n");
    }

    @Test
    void secretAddedWhileTheLogRunsIsMaskedFromThenOn() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = masking(sink);
        print(log, "a s3cr");
        log.addSecrets(Map.of("LEASE", secret("s3cr-of-a-lease")));
        print(log, "-of-a-lease s3cr3tvalue\n");
        assertThat(sink.output()).isEqualTo("a [MASKED] [MASKED]\n");
    }

    @Test
    void secretsThatCannotBeMaskedAreReportedByNameInOrder() throws InterruptedException {
        Map<String, SecretValue> secrets = new LinkedHashMap<>();
        secrets.put("GOOD", secret(SECRET));
        secrets.put("SHORT", secret("abc"));
        secrets.put("LONG", secret("x".repeat(65_537)));
        secrets.put("WORD", secret("password"));
        LogPipeline log = pipeline(NO_LIMIT, new RecordingSink());
        assertThat(log.addSecrets(secrets))
                .containsExactly(
                        new Maskability.Maskable("GOOD"),
                        new Maskability.TooShort("SHORT", 3, 6),
                        new Maskability.TooLong("LONG", 65_537),
                        new Maskability.CommonWord("WORD"));
    }

    @Test
    void onlyTheFormsOfItsMaskingAreLookedFor() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        Masking masking = Masking.STANDARD.without(Variant.HEX);
        LogPipeline log = new LogPipeline(clock, NO_LIMIT, masking, List.of(sink));
        log.addSecrets(Map.of("S", secret(SECRET)));
        print(log, "s3cr3tvalue 73336372337476616c7565 czNjcjN0dmFsdWU=\n");
        assertThat(sink.output()).isEqualTo("[MASKED] 73336372337476616c7565 [MASKED]\n");
    }

    @Test
    void outputBeyondTheLimitIsDroppedWithANotice() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = pipeline(10, sink);
        print(log, "12345");
        print(log, "6789");
        print(log, "0abc");
        print(log, "defgh");
        LogStatistics statistics = log.finish();
        assertThat(sink.lines)
                .containsExactly(
                        "out:12345",
                        "out:6789",
                        "out:0",
                        "say:log limit of 10 bytes reached, further output is dropped",
                        "say:8 bytes of output dropped beyond the log limit");
        assertThat(statistics).isEqualTo(new LogStatistics(18, 10, 8, List.of(), Map.of()));
    }

    @Test
    void outputThatJustFitsIsNotCut() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = pipeline(10, sink);
        print(log, "1234567890");
        log.finish();
        assertThat(sink.lines).containsExactly("out:1234567890");
    }

    @Test
    void limitIsAppliedAfterMasking() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = pipeline(4, sink);
        log.addSecrets(Map.of("TOKEN", secret(SECRET)));
        print(log, "as3cr3tvalue");
        log.finish();
        assertThat(sink.output()).isEqualTo("a[MA");
    }

    @Test
    void sectionsAndNoticesGoOnBeyondTheLimit() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = pipeline(1, sink);
        LogPipeline.Section section = log.section("one");
        print(log, "abc");
        log.notice("still here");
        section.end();
        assertThat(sink.lines)
                .endsWith(
                        "out:a",
                        "say:log limit of 1 bytes reached, further output is dropped",
                        "say:still here",
                        "end:one");
    }

    @Test
    void limitBelowOneIsRefused() {
        assertThatThrownBy(() -> pipeline(0, new RecordingSink()))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("a job's log limit is 0 bytes, must be at least 1");
    }

    @Test
    void statisticsCountBySecretAndVariantAndHoldNoValue() throws InterruptedException {
        LogPipeline log = pipeline(NO_LIMIT, new RecordingSink());
        Map<String, SecretValue> secrets = new LinkedHashMap<>();
        secrets.put("TOKEN", secret(SECRET));
        secrets.put("UNUSED", secret("never-printed"));
        log.addSecrets(secrets);
        print(log, "s3cr3tvalue s3cr3t");
        log.addSecrets(Map.of("LATER", secret("another-one")));
        print(log, "value czNjcjN0dmFsdWU= another-one\n");
        LogStatistics statistics = log.finish();
        assertThat(statistics.hits())
                .containsExactly(
                        new LogStatistics.Hits("TOKEN", Variant.EXACT, 2),
                        new LogStatistics.Hits("TOKEN", Variant.BASE64, 1),
                        new LogStatistics.Hits("LATER", Variant.EXACT, 1));
        assertThat(statistics.receivedBytes()).isEqualTo(53);
        assertThat(statistics.deliveredBytes()).isEqualTo(36);
        assertThat(statistics.toString()).doesNotContain(SECRET, "czNj");
    }

    @Test
    void slowSinkBlocksTheWriter() throws InterruptedException {
        CountDownLatch entered = new CountDownLatch(1);
        CountDownLatch proceed = new CountDownLatch(1);
        RecordingSink slow =
                new RecordingSink() {
                    @Override
                    void taking() throws InterruptedException {
                        entered.countDown();
                        proceed.await();
                    }
                };
        RecordingSink behind = new RecordingSink();
        LogPipeline log = pipeline(NO_LIMIT, slow, behind);
        AtomicReference<@Nullable Throwable> failure = new AtomicReference<>();
        Thread writer =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                print(log, "first");
                                print(log, "second");
                            } catch (Throwable t) {
                                failure.set(t);
                            }
                        });
        assertThat(entered.await(10, TimeUnit.SECONDS)).isTrue();
        assertThat(writer.join(Duration.ofMillis(50))).as("writer went on").isFalse();
        assertThat(behind.lines).isEmpty();
        proceed.countDown();
        assertThat(writer.join(Duration.ofSeconds(10))).isTrue();
        assertThat(failure.get()).isNull();
        assertThat(slow.lines).containsExactly("out:first", "out:second");
        assertThat(behind.lines).isEqualTo(slow.lines);
    }

    @Test
    void interruptedDeliveryGoesOnWhereItWas() throws InterruptedException {
        RecordingSink first = new RecordingSink();
        RecordingSink second =
                new RecordingSink() {
                    private boolean interrupted;

                    @Override
                    void taking() throws InterruptedException {
                        if (!interrupted) {
                            interrupted = true;
                            throw new InterruptedException("the job is cancelled");
                        }
                    }
                };
        LogPipeline log = pipeline(NO_LIMIT, first, second);
        assertThatThrownBy(() -> print(log, "one")).isInstanceOf(InterruptedException.class);
        log.notice("cancelled");
        log.finish();
        assertThat(first.lines).containsExactly("out:one", "say:cancelled");
        assertThat(second.lines).isEqualTo(first.lines);
    }

    @Test
    void failureOfOneSinkIsThrownAfterTheOthersGotEverything() throws InterruptedException {
        FaultException broken = new FaultException(Fault.LOG, "the server answers 500");
        RecordingSink failing =
                new RecordingSink() {
                    @Override
                    void taking() {
                        throw broken;
                    }
                };
        RecordingSink healthy = new RecordingSink();
        LogPipeline log = pipeline(NO_LIMIT, failing, healthy);
        assertThatThrownBy(() -> print(log, "one")).isSameAs(broken);
        log.notice("the log cannot be delivered");
        log.finish();
        assertThat(healthy.lines).containsExactly("out:one", "say:the log cannot be delivered");
        assertThat(healthy.finished()).isTrue();
        assertThat(failing.finished()).isFalse();
    }

    @Test
    void everySinkIsFinishedEvenWhenOneFails() throws InterruptedException {
        FaultException broken = new FaultException(Fault.LOG, "the server answers 500");
        RecordingSink failing =
                new RecordingSink() {
                    @Override
                    public void finish(LogPosition end) {
                        throw broken;
                    }
                };
        RecordingSink healthy = new RecordingSink();
        LogPipeline log = pipeline(NO_LIMIT, failing, healthy);
        assertThatThrownBy(log::finish).isSameAs(broken);
        assertThat(healthy.finished()).isTrue();
    }

    @Test
    void finishedLogTakesNothingMore() throws InterruptedException {
        LogPipeline log = masking(new RecordingSink());
        log.finish();
        assertThatThrownBy(() -> print(log, "late")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> log.notice("late")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> log.section("late")).isInstanceOf(IllegalStateException.class);
        assertThatThrownBy(() -> log.addSecrets(Map.of()))
                .isInstanceOf(IllegalStateException.class);
    }

    @Test
    void whatSinksGetDoesNotDependOnHowTheJobWrites() throws InterruptedException {
        Random random = new Random(17);
        String text =
                "a s3cr3tvalue b s3cr3tval czNjcjN0dmFsdWU c s3cr3ts3cr3tvalue\r\n".repeat(20);
        RecordingSink whole = new RecordingSink();
        LogPipeline wholeLog = masking(whole);
        print(wholeLog, text);
        LogStatistics expected = wholeLog.finish();
        for (int run = 0; run < 200; run++) {
            RecordingSink split = new RecordingSink();
            LogPipeline log = masking(split);
            int from = 0;
            while (from < text.length()) {
                int to = Math.min(text.length(), from + random.nextInt(30));
                print(log, text.substring(from, to));
                from = to;
            }
            assertThat(log.finish()).as("run %s", run).isEqualTo(expected);
            assertThat(split.output()).as("run %s", run).isEqualTo(whole.output());
        }
        assertThat(whole.output()).doesNotContain(SECRET);
    }

    @Test
    void sinksAreFinishedFromTheLastAndTheFirstIsToldWhatIsMissing() throws InterruptedException {
        RecordingSink retained = new RecordingSink();
        FaultException lost = new FaultException(Fault.LOG, "7 bytes were not delivered\n");
        RecordingSink slow =
                new RecordingSink() {
                    @Override
                    public void finish(LogPosition end) {
                        assertThat(retained.finished()).isFalse();
                        throw lost;
                    }
                };
        LogPipeline log = pipeline(NO_LIMIT, retained, slow);
        print(log, "one");
        assertThatThrownBy(log::finish).isSameAs(lost);
        assertThat(retained.lines)
                .containsExactly(
                        "out:one",
                        "say:this log is not complete everywhere: 7 bytes were not delivered\\n");
        assertThat(retained.total).isEqualTo(new LogPosition(3, 1));
        assertThat(log.statistics().deliveredBytes()).isEqualTo(3);
    }

    @Test
    void outputOfOneWriteComesInPiecesThatEverySinkGetsWhole() throws InterruptedException {
        RecordingSink first = new RecordingSink();
        RecordingSink second =
                new RecordingSink() {
                    private int calls;

                    @Override
                    void taking() throws InterruptedException {
                        calls++;
                        if (calls == 2) {
                            throw new InterruptedException("in the middle of the pieces");
                        }
                    }
                };
        LogPipeline log = pipeline(NO_LIMIT, first, second);
        String text = "0123456789abcdef".repeat(12_500);
        assertThatThrownBy(() -> print(log, text)).isInstanceOf(InterruptedException.class);
        print(log, "more");
        log.finish();
        assertThat(first.output()).isEqualTo(text + "more");
        assertThat(second.lines).isEqualTo(first.lines).hasSizeGreaterThan(3);
    }

    @Test
    void endlessNoticeIsCutAndSaysSo() throws InterruptedException {
        RecordingSink sink = new RecordingSink();
        LogPipeline log = pipeline(NO_LIMIT, sink);
        log.notice("\u0001".repeat(100_000));
        log.section("s".repeat(100_000)).end();
        assertThat(sink.lines.getFirst())
                .hasSize("say:".length() + LogEvent.LONGEST_TEXT)
                .endsWith("... (600000 characters, cut)");
        assertThat(sink.lines.get(1)).endsWith("s... (100000 characters, cut)");
    }
}
