package dev.mayfly.execution;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.job.SecretValue;
import dev.mayfly.job.Sha256;
import dev.mayfly.logs.LogPipeline;
import dev.mayfly.logs.Maskability;
import dev.mayfly.sandbox.Sandbox;
import java.nio.ByteBuffer;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * What the steps of one job print, on its way into the job's log, and the secrets that they add to
 * it. One for all steps, so that what the script adds is masked in after_script too. For use by the
 * job's thread.
 */
final class MaskedOutput implements Sandbox.Output {

    /**
     * Each new value makes the log's patterns be built anew: what many cost grows as their square.
     */
    static final int MOST_VALUES = 64;

    /**
     * The forms of a value take up to 7.2 KiB of the daemon's memory for each byte of it (measured:
     * values of 128 bytes of punctuation and line ends).
     */
    static final int MOST_BYTES = 8 * 1024;

    /** No declared secret's name has a colon, so none can be imitated in the statistics. */
    static final String ADDED = "added:";

    private static final String UNNAMED = "unnamed";

    private final LogPipeline log;

    /** Digests, since who adds a value again shall not pay again. */
    private final Set<ByteBuffer> added = new HashSet<>();

    private int addedBytes;

    MaskedOutput(LogPipeline log) {
        this.log = log;
    }

    @Override
    public void write(byte[] bytes, int offset, int length) throws InterruptedException {
        log.output(bytes, offset, length);
    }

    @Override
    public void notice(String text) throws InterruptedException {
        log.notice(text);
    }

    @Override
    public Optional<String> mask(String name, SecretValue value) throws InterruptedException {
        ByteBuffer digest = digestOf(value);
        if (added.contains(digest)) {
            return Optional.empty();
        }
        if (added.size() == MOST_VALUES) {
            return Optional.of(
                    "the job has added " + MOST_VALUES + " values, and more are not taken");
        }
        if (value.length() > MOST_BYTES - addedBytes) {
            return Optional.of(
                    "the value has %d bytes; the job has added %d, and more than %d together are not taken"
                            .formatted(value.length(), addedBytes, MOST_BYTES));
        }
        if (holds(name, value)) {
            return Optional.of(
                    "its name holds the value, and names are shown; choose another name");
        }
        String label = ADDED + (name.isEmpty() ? UNNAMED : name);
        Maskability maskability = log.addSecrets(Map.of(label, value)).getFirst();
        if (!(maskability instanceof Maskability.Maskable)) {
            return Optional.of(maskability.toString());
        }
        added.add(digest);
        addedBytes += value.length();
        return Optional.empty();
    }

    /** Where marks name secrets, such a name would show what the mark hides. */
    private static boolean holds(String name, SecretValue value) {
        byte[] bytes = value.reveal();
        try {
            String text = new String(bytes, UTF_8).strip();
            return !text.isEmpty() && name.contains(text);
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }

    private static ByteBuffer digestOf(SecretValue value) {
        byte[] bytes = value.reveal();
        try {
            return ByteBuffer.wrap(Sha256.of(bytes));
        } finally {
            Arrays.fill(bytes, (byte) 0);
        }
    }
}
