package dev.mayfly.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.job.Artifact;
import dev.mayfly.job.FileSelection;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.List;

/** Packs what a listing names. */
final class PackingFixture {

    private PackingFixture() {}

    static byte[] zip(String tree, String contents) throws IOException {
        Selection selection =
                new Selection(
                        new FileSelection(List.of("**"), List.of(), false), "/workspace/src", 100);
        Listing listing = new Listing(List.of(selection));
        byte[] listed = tree.getBytes(UTF_8);
        listing.take(listed, 0, listed.length);
        listing.end();
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        Packing packing =
                new Packing(
                        selection,
                        new Artifact.Packing(Artifact.Form.ZIP, -1),
                        new ContentCheck() {
                            @Override
                            public void begin(String path) {}

                            @Override
                            public void take(byte[] bytes, int offset, int length, Way way)
                                    throws IOException {
                                way.pass(bytes, offset, length);
                            }

                            @Override
                            public void end(Way way) {}
                        },
                        out);
        byte[] bytes = contents.getBytes(UTF_8);
        packing.start();
        packing.take(bytes, 0, bytes.length);
        packing.finish();
        return out.toByteArray();
    }
}
