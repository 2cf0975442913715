package dev.mayfly.artifacts;

import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;

/** What is written to a cache, which may be so large and no larger. */
public final class BoundedOutput extends FilterOutputStream {

    private final long most;
    private long written;

    /**
     * Begins.
     *
     * @param most in bytes
     */
    public BoundedOutput(OutputStream out, long most) {
        super(out);
        this.most = most;
    }

    @Override
    public void write(int one) throws IOException {
        count(1);
        out.write(one);
    }

    /**
     * @throws IOException also when it is too large; then nothing of this is written
     */
    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        count(length);
        out.write(bytes, offset, length);
    }

    private void count(int bytes) throws IOException {
        written += bytes;
        if (written > most) {
            throw new IOException(
                    "it is larger than %d bytes, which is this host's limit".formatted(most));
        }
    }
}
