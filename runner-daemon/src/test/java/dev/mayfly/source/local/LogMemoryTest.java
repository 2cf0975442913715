package dev.mayfly.source.local;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import com.sun.management.ThreadMXBean;
import dev.mayfly.job.JobId;
import dev.mayfly.job.JobPhase;
import dev.mayfly.job.LogEvent;
import dev.mayfly.job.LogPosition;
import dev.mayfly.job.LogSink;
import dev.mayfly.job.SecretValue;
import dev.mayfly.logs.LogPipeline;
import dev.mayfly.logs.LogSpool;
import dev.mayfly.logs.Masking;
import dev.mayfly.logs.SpoolSettings;
import dev.mayfly.state.ChildJvm;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Masker, pipeline, spool, retained log and viewer together, and the memory that they need. */
@Timeout(120)
class LogMemoryTest {

    private static final byte[] SECRET = "correct-horse-battery".getBytes(ISO_8859_1);
    private static final byte[] MARK = "[MASKED]".getBytes(ISO_8859_1);
    private static final int HEAP_MEBIBYTES = 64;

    @TempDir Path folder;

    /** What a job prints. */
    enum Printing {
        HUNDRED_MEBIBYTES_WITHOUT_A_LINE_END {
            @Override
            void print(Job job) throws InterruptedException {
                byte[] chunk = "0123456789abcdef".repeat(2048).getBytes(ISO_8859_1);
                for (int i = 0; i < 3200; i++) {
                    job.print(chunk, chunk.length);
                }
            }
        },
        TEN_MILLION_LINES {
            @Override
            void print(Job job) throws InterruptedException {
                byte[] chunk = new byte[32 * 1024];
                int used = 0;
                for (int line = 0; line < 10_000_000; line++) {
                    for (int digit = 1_000_000; digit > 0; digit /= 10) {
                        chunk[used++] = (byte) ('0' + line / digit % 10);
                    }
                    chunk[used++] = '\n';
                    if (used > chunk.length - 8) {
                        job.print(chunk, used);
                        used = 0;
                    }
                }
                job.print(chunk, used);
            }
        },
        SINGLE_BYTES {
            @Override
            void print(Job job) throws InterruptedException {
                byte[] one = new byte[1];
                for (int i = 0; i < 500_000; i++) {
                    one[0] = (byte) (i % 80 == 0 ? '\n' : 'a' + i % 26);
                    job.print(one, 1);
                }
            }
        },
        ANY_BYTES {
            @Override
            void print(Job job) throws InterruptedException {
                Random random = new Random(5);
                byte[] chunk = new byte[7919];
                for (int i = 0; i < 4000; i++) {
                    random.nextBytes(chunk);
                    job.print(chunk, chunk.length);
                }
            }
        },
        BROKEN_UTF_8 {
            @Override
            void print(Job job) throws InterruptedException {
                byte[] odd = {
                    (byte) 0xc3,
                    '(',
                    (byte) 0xa0,
                    (byte) 0xe2,
                    (byte) 0x82,
                    '\n',
                    (byte) 0xf0,
                    (byte) 0x9f,
                    (byte) 0x98,
                    0,
                    (byte) 0xff,
                    (byte) 0xfe,
                    (byte) 0xed,
                    (byte) 0xa0
                };
                for (int i = 0; i < 200_000; i++) {
                    job.print(odd, 1 + i % odd.length);
                }
            }
        },
        PROGRESS_BAR {
            @Override
            void print(Job job) throws InterruptedException {
                byte[] bar = "\r[=========>          ]  50 %".getBytes(ISO_8859_1);
                for (int i = 0; i < 200_000; i++) {
                    bar[23] = (byte) ('0' + i % 10);
                    job.print(bar, bar.length);
                }
            }
        };

        abstract void print(Job job) throws InterruptedException;
    }

    /** Bytes by number and digest. */
    static final class Sum {
        private final CRC32C digest = new CRC32C();
        private long count;

        void add(byte[] bytes, int offset, int length) {
            digest.update(bytes, offset, length);
            count += length;
        }

        @Override
        public String toString() {
            return count + " bytes, " + Long.toHexString(digest.getValue());
        }
    }

    /** Prints into a log, and knows what must be seen of it. */
    record Job(LogPipeline log, Sum expected) {

        void print(byte[] bytes, int length) throws InterruptedException {
            log.output(bytes, 0, length);
            expected.add(bytes, 0, length);
        }

        void printSecret() throws InterruptedException {
            log.output(SECRET, 0, 5);
            log.output(SECRET, 5, SECRET.length - 5);
            expected.add(MARK, 0, MARK.length);
        }
    }

    /** Sums up what it gets, and is called on a thread of its own. */
    private record Server(Sum sum) implements LogSink {

        @Override
        public void output(long start, Instant at, byte[] bytes, int offset, int length) {
            sum.add(bytes, offset, length);
        }

        @Override
        public void event(LogPosition at, LogEvent event) {}

        @Override
        public void finish(LogPosition total) {}
    }

    /** One job, in a process of its own because its heap is small. */
    public static final class SmallHeap {

        private SmallHeap() {}

        public static void main(String[] arguments) throws Exception {
            Path folder = Path.of(arguments[0]);
            LogFiles files = LogFiles.of(folder, new JobId("j-1"));
            Pulse pulse = new Pulse();
            Sum sent = new Sum();
            try (LogSpool spool =
                    LogSpool.before(
                            new Server(sent),
                            "j-1",
                            new SpoolSettings(folder, 1 << 16, 1 << 20, Duration.ofMinutes(1)))) {
                LogPipeline log =
                        new LogPipeline(
                                InstantSource.system(),
                                Long.MAX_VALUE,
                                Masking.STANDARD,
                                List.of(new RetainedLog(files, pulse), spool));
                log.addSecrets(Map.of("TOKEN", new SecretValue(SECRET)));
                CompletableFuture<Sum> viewed = new CompletableFuture<>();
                Thread.ofVirtual().start(() -> view(files, pulse, viewed));

                Job job = new Job(log, new Sum());
                job.printSecret();
                Printing.valueOf(arguments[1]).print(job);
                job.printSecret();
                log.finish();

                System.out.println("printed " + job.expected);
                System.out.println("viewed " + viewed.get());
                System.out.println("sent " + sent);
            }
            Sum stored = new Sum();
            try (LogReader reader = reader(files, new Pulse())) {
                read(reader, stored);
            }
            System.out.println("stored " + stored + " " + files.complete());
        }

        private static LogReader reader(LogFiles files, Pulse pulse) {
            JobTimes times = new JobTimes(Instant.EPOCH, Instant.EPOCH, null, null, null);
            LocalJob job =
                    new LocalJob(
                            new JobId("j-1"),
                            "local",
                            "big",
                            TestJobs.POOL,
                            new JobState(JobPhase.RUNNING, times, null, null, null));
            return new LogReader(files, pulse, () -> Optional.of(job), LogPosition.START);
        }

        private static void view(LogFiles files, Pulse pulse, CompletableFuture<Sum> viewed) {
            Sum sum = new Sum();
            try (LogReader reader = reader(files, pulse)) {
                read(reader, sum);
                viewed.complete(sum);
            } catch (Exception e) {
                viewed.completeExceptionally(e);
            }
        }

        private static void read(LogReader reader, Sum sum) throws Exception {
            while (true) {
                switch (reader.next(Duration.ofSeconds(30))) {
                    case LogReader.Next.Output next ->
                            sum.add(next.bytes(), 0, next.bytes().length);
                    case LogReader.Next.Event _ -> {}
                    case LogReader.Next.Nothing _ -> {}
                    case LogReader.Next.End(LogEnd end) -> {
                        assertThat(end.incompleteBecause()).isNull();
                        return;
                    }
                }
            }
        }
    }

    @ParameterizedTest
    @EnumSource
    void everythingPassesUnharmedThroughASmallHeap(Printing printing) {
        List<String> said;
        try (ChildJvm child =
                ChildJvm.startWithHeap(
                        HEAP_MEBIBYTES, SmallHeap.class, folder.toString(), printing.name())) {
            said = child.lines();
        }
        assertThat(said).hasSize(4);
        String printed = said.getFirst().replace("printed ", "");
        assertThat(printed).contains(" bytes, ");
        assertThat(said)
                .containsExactly(
                        "printed " + printed,
                        "viewed " + printed,
                        "sent " + printed,
                        "stored " + printed + " true");
    }

    private static final int WRITES = 100_000;

    /** What a hundred thousand writes of 64 bytes allocate on the thread that writes. */
    private static long allocated(LogPipeline log) throws InterruptedException {
        byte[] line = new byte[64];
        Arrays.fill(line, (byte) '.');
        System.arraycopy(SECRET, 0, line, 10, SECRET.length);
        line[63] = '\n';
        byte[] prompt = "name correct-h".getBytes(ISO_8859_1);
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        long before = 0;
        for (int i = 0; i < 2 * WRITES; i++) {
            if (i == WRITES) {
                before = threads.getCurrentThreadAllocatedBytes();
            }
            if (i % 10 == 0) {
                log.output(prompt, 0, prompt.length);
            } else {
                log.output(line, 0, line.length);
            }
        }
        return threads.getCurrentThreadAllocatedBytes() - before;
    }

    @Test
    void writesAllocateNothingThroughMaskerAndRetainedLog() throws Exception {
        RetainedLog retained = new RetainedLog(LogFiles.of(folder, new JobId("j-1")), new Pulse());
        LogPipeline log =
                new LogPipeline(
                        InstantSource.system(),
                        Long.MAX_VALUE,
                        Masking.STANDARD,
                        List.of(retained));
        log.addSecrets(Map.of("TOKEN", new SecretValue(SECRET)));

        // Dates are written each tenth of a second: less than a byte for each write.
        assertThat(allocated(log)).isLessThan(WRITES);
        log.finish();
    }

    @Test
    void writesAllocateNothingThroughASpoolWhoseSinkTakesNothing() throws Exception {
        CountDownLatch never = new CountDownLatch(1);
        LogSink stuck =
                new LogSink() {
                    @Override
                    public void output(long start, Instant at, byte[] bytes, int offset, int length)
                            throws InterruptedException {
                        never.await();
                    }

                    @Override
                    public void event(LogPosition at, LogEvent event) {}

                    @Override
                    public void finish(LogPosition total) {}
                };
        try (LogSpool spool =
                LogSpool.before(
                        stuck,
                        "j-1",
                        new SpoolSettings(folder, 1 << 20, 1 << 24, Duration.ofMinutes(1)))) {
            LogPipeline log =
                    new LogPipeline(
                            InstantSource.system(),
                            Long.MAX_VALUE,
                            Masking.STANDARD,
                            List.of(spool));
            log.addSecrets(Map.of("TOKEN", new SecretValue(SECRET)));

            assertThat(allocated(log)).isLessThan(WRITES);
        }
    }
}
