package dev.mayfly.job;

import java.util.Arrays;

/**
 * A value that nobody may see. It has one exit, {@link #reveal()}, so that each use can be found by
 * a search; it prints as nothing, compares as nothing, and is not serialisable.
 */
public final class SecretValue {

    private final byte[] bytes;

    /**
     * Hides a value.
     *
     * @param bytes copied
     */
    public SecretValue(byte[] bytes) {
        this.bytes = bytes.clone();
    }

    /** A copy of the value. For the masker and for the stream into the job's sandbox only. */
    public byte[] reveal() {
        return bytes.clone();
    }

    public int length() {
        return bytes.length;
    }

    /** Overwrites this object's copy. */
    public void forget() {
        Arrays.fill(bytes, (byte) 0);
    }

    @Override
    public String toString() {
        return "SecretValue[hidden]";
    }
}
