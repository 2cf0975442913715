package dev.mayfly.artifacts;

import java.io.IOException;
import java.io.OutputStream;

/** Passes files on as they are. */
record RawPacker(OutputStream out) implements Packer {

    @Override
    public void begin(WorkspaceEntry entry) {}

    @Override
    public void write(byte[] bytes, int offset, int length) throws IOException {
        out.write(bytes, offset, length);
    }

    @Override
    public void end() {}

    @Override
    public void finish() throws IOException {
        out.flush();
    }
}
