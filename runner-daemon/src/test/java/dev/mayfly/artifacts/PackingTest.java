package dev.mayfly.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.Artifact;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.FileSelection;
import dev.mayfly.job.Provenance;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.zip.GZIPInputStream;
import org.apache.commons.compress.archivers.zip.UnixStat;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.apache.commons.compress.utils.SeekableInMemoryByteChannel;
import org.junit.jupiter.api.Test;

/** From the contents of files, one behind the other, to what a server gets. */
class PackingTest {

    private static final Artifact.Packing ZIP = new Artifact.Packing(Artifact.Form.ZIP, -1);
    private static final Artifact.Packing GZIP = new Artifact.Packing(Artifact.Form.GZIP, 9);
    private static final Artifact.Packing RAW = new Artifact.Packing(Artifact.Form.RAW, -1);

    private static final String TREE =
            SelectionTest.directory("dist")
                    + SelectionTest.directory("dist/empty")
                    + SelectionTest.file("dist/b.txt", 5)
                    + SelectionTest.file("dist/a.txt", 6)
                    + SelectionTest.file("dist/nothing", 0)
                    + SelectionTest.link("dist/latest", "a.txt");

    /** In the order of the paths, whatever the order of the listing. */
    private static final String CONTENTS = "first\nlast\n";

    @Test
    void statementIsTheLastEntryAndKnowsTheDigestOfEachFile() throws IOException {
        SortedMap<String, String> stated = new TreeMap<>();
        Provenance provenance =
                new Provenance() {
                    @Override
                    public String fileName() {
                        return "app-metadata.json";
                    }

                    @Override
                    public byte[] statement(SortedMap<String, String> digests) {
                        stated.putAll(digests);
                        return "{}".getBytes(UTF_8);
                    }
                };
        String forged = SelectionTest.file("app-metadata.json", 0);
        byte[] packed =
                packOf(
                        forged + TREE,
                        "**",
                        new Artifact.Packing(Artifact.Form.ZIP, -1, provenance),
                        CONTENTS,
                        3);
        try (ZipFile zip = zip(packed)) {
            List<String> names =
                    Collections.list(zip.getEntriesInPhysicalOrder()).stream()
                            .map(ZipArchiveEntry::getName)
                            .toList();

            assertThat(names).doesNotHaveDuplicates().endsWith("app-metadata.json");
            assertThat(text(zip, "app-metadata.json")).isEqualTo("{}");
        }
        assertThat(stated)
                .containsOnly(
                        Map.entry(
                                "dist/a.txt",
                                "b640e840b19d378660b32fb51ae18d67dccb4a8596a29e7bd72c1b2ae5928f41"),
                        Map.entry(
                                "dist/b.txt",
                                "761d1fb145ca8c7130231412276df60f34dd34554c4d174b973a45e3222475a9"),
                        Map.entry(
                                "dist/nothing",
                                "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"));
    }

    @Test
    void archiveHoldsFilesDirectoriesAndLinksAsTheyWere() throws IOException {
        try (ZipFile zip = zip(pack("**", ZIP, CONTENTS, 3))) {
            List<ZipArchiveEntry> entries = Collections.list(zip.getEntriesInPhysicalOrder());

            assertThat(entries)
                    .extracting(ZipArchiveEntry::getName)
                    .containsExactly(
                            "dist/",
                            "dist/a.txt",
                            "dist/b.txt",
                            "dist/empty/",
                            "dist/latest",
                            "dist/nothing");
            assertThat(text(zip, "dist/a.txt")).isEqualTo("first\n");
            assertThat(text(zip, "dist/b.txt")).isEqualTo("last\n");
            assertThat(text(zip, "dist/nothing")).isEmpty();
            assertThat(zip.getUnixSymlink(zip.getEntry("dist/latest"))).isEqualTo("a.txt");
            assertThat(zip.getEntry("dist/a.txt").getUnixMode())
                    .isEqualTo(UnixStat.FILE_FLAG | 0644);
            assertThat(zip.getEntry("dist/a.txt").getLastModifiedTime().toMillis())
                    .isEqualTo(1_700_000_000_000L);
        }
    }

    @Test
    void sameFilesGiveTheSameBytesHoweverTheyCome() throws IOException {
        byte[] once = pack("**", ZIP, CONTENTS, 1);

        assertThat(pack("**", ZIP, CONTENTS, 1000)).isEqualTo(once);
    }

    @Test
    void reportIsEachFileCompressedUnderItsName() throws IOException {
        byte[] packed = pack("dist/*.txt", GZIP, CONTENTS, 4);
        try (GZIPInputStream in = new GZIPInputStream(new ByteArrayInputStream(packed))) {
            assertThat(new String(in.readAllBytes(), UTF_8)).isEqualTo(CONTENTS);
        }
        try (GzipCompressorInputStream in =
                new GzipCompressorInputStream(new ByteArrayInputStream(packed))) {
            assertThat(new String(in.readAllBytes(), UTF_8)).isEqualTo("first\n");
            assertThat(in.getMetaData().getFileName()).isEqualTo("dist/a.txt");
        }
    }

    @Test
    void rawReportIsTheOneFile() throws IOException {
        assertThat(pack("dist/a.txt", RAW, "first\n", 4)).isEqualTo("first\n".getBytes(UTF_8));
        assertThatThrownBy(() -> pack("dist/*.txt", RAW, CONTENTS, 4))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining("one file, and 2 files match");
    }

    @Test
    void contentsThatDoNotFitTheListingAreRefused() {
        for (String wrong : List.of("", "first\nlast", CONTENTS + "x")) {
            assertThatThrownBy(() -> pack("**", ZIP, wrong, 4))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("could not be read as they were listed");
        }
    }

    @Test
    void namesAreThoseOfFilesThatHaveAContent() throws IOException {
        Packing packing =
                new Packing(select("**"), ZIP, new Passing(), new ByteArrayOutputStream());

        assertThat(new String(packing.names().readAllBytes(), UTF_8))
                .isEqualTo("./dist/a.txt\u0000./dist/b.txt\u0000");
    }

    @Test
    void checkSeesEachFileByItsNameAndLinksToo() throws IOException {
        Passing check = new Passing();
        run(new Packing(select("**"), ZIP, check, new ByteArrayOutputStream()), CONTENTS, 3);

        assertThat(check.seen)
                .containsExactly(
                        "dist=",
                        "dist/a.txt=first\n",
                        "dist/b.txt=last\n",
                        "dist/empty=",
                        "dist/latest=a.txt",
                        "dist/nothing=");
    }

    private static byte[] pack(String pattern, Artifact.Packing how, String contents, int piece)
            throws IOException {
        return packOf(TREE, pattern, how, contents, piece);
    }

    private static byte[] packOf(
            String tree, String pattern, Artifact.Packing how, String contents, int piece)
            throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        run(new Packing(select(tree, pattern), how, new Passing(), out), contents, piece);
        return out.toByteArray();
    }

    private static void run(Packing packing, String contents, int piece) throws IOException {
        byte[] bytes = contents.getBytes(UTF_8);
        packing.start();
        for (int at = 0; at < bytes.length; at += piece) {
            packing.take(bytes, at, Math.min(piece, bytes.length - at));
        }
        packing.finish();
    }

    private static Selection select(String pattern) {
        return select(TREE, pattern);
    }

    private static Selection select(String tree, String pattern) {
        Selection selection =
                new Selection(
                        new FileSelection(List.of(pattern), List.of(), false),
                        "/workspace/src",
                        100);
        Listing listing = new Listing(List.of(selection));
        byte[] bytes = tree.getBytes(UTF_8);
        listing.take(bytes, 0, bytes.length);
        listing.end();
        return selection;
    }

    private static ZipFile zip(byte[] bytes) throws IOException {
        return ZipFile.builder()
                .setSeekableByteChannel(new SeekableInMemoryByteChannel(bytes))
                .get();
    }

    private static String text(ZipFile zip, String name) throws IOException {
        return new String(zip.getInputStream(zip.getEntry(name)).readAllBytes(), UTF_8);
    }

    /** Passes everything on, a byte late. */
    private static final class Passing implements ContentCheck {
        private final List<String> seen = new ArrayList<>();
        private final ByteArrayOutputStream held = new ByteArrayOutputStream();
        private String all = "";
        private String path = "";

        @Override
        public void begin(String path) {
            this.path = path;
            all = "";
        }

        @Override
        public void take(byte[] bytes, int offset, int length, Way out) throws IOException {
            all += new String(bytes, offset, length, UTF_8);
            end(held, out);
            out.pass(bytes, offset, length - 1);
            held.write(bytes[offset + length - 1]);
        }

        @Override
        public void end(Way out) throws IOException {
            end(held, out);
            seen.add(path + "=" + all);
        }

        private static void end(ByteArrayOutputStream held, Way out) throws IOException {
            byte[] bytes = held.toByteArray();
            held.reset();
            out.pass(bytes, 0, bytes.length);
        }
    }
}
