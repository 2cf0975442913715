package dev.mayfly.artifacts;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.FaultException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.archivers.zip.UnixStat;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipArchiveOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What somebody else has packed, with and without bad intentions. */
class ReceivedArchiveTest {

    private static final UnpackLimits LIMITS = new UnpackLimits(1000, 10);

    @TempDir private Path folder;

    /** Makes archives, also such as no packer makes. */
    private static final class Archive {
        private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        private final ZipArchiveOutputStream zip = new ZipArchiveOutputStream(bytes);

        Archive add(String name, int mode, String content) throws IOException {
            ZipArchiveEntry entry = new ZipArchiveEntry(name);
            if (mode != 0) {
                entry.setUnixMode(mode);
            }
            zip.putArchiveEntry(entry);
            zip.write(content.getBytes(UTF_8));
            zip.closeArchiveEntry();
            return this;
        }

        Archive file(String name, String content) throws IOException {
            return add(name, UnixStat.FILE_FLAG | 0640, content);
        }

        byte[] bytes() throws IOException {
            zip.finish();
            return bytes.toByteArray();
        }
    }

    @Test
    void archiveBecomesATarInWhichEachDirectoryComesFirst() throws IOException {
        byte[] zip =
                new Archive()
                        .file("b/c/run.sh", "#!/bin/sh\n")
                        .add("b/link", UnixStat.LINK_FLAG | 0777, "/usr/bin/python3")
                        .add("a/", UnixStat.DIR_FLAG | 0500, "")
                        .file("./a//ä.txt", "one")
                        .add("windows.txt", 0, "w")
                        .bytes();

        assertThat(tar(zip))
                .containsExactly(
                        "./a/ 700",
                        "./a/ä.txt 640 one",
                        "./b/ 755",
                        "./b/c/ 755",
                        "./b/c/run.sh 640 #!/bin/sh\n",
                        "./b/link 777 -> /usr/bin/python3",
                        "./windows.txt 644 w");
    }

    @Test
    void entryThatLeavesTheDirectoryIsRefusedByItsName() throws IOException {
        assertRefused(new Archive().file("../evil", ""), "entry ../evil leaves the directory");
        assertRefused(new Archive().file("a/../../evil", ""), "entry a/../../evil leaves");
        assertRefused(new Archive().file("a/..", ""), "entry a/.. leaves");
        assertRefused(
                new Archive().file("/etc/cron.d/x", ""), "/etc/cron.d/x has an absolute path");
    }

    @Test
    void entryThatGoesThroughALinkIsRefusedByItsName() throws IOException {
        assertRefused(
                new Archive().add("out", UnixStat.LINK_FLAG | 0777, "/etc").file("out/passwd", "x"),
                "entry out/passwd goes through out, which is a symbolic link of the same archive");
        assertRefused(
                new Archive()
                        .file("out/a/b/passwd", "x")
                        .add("out/a", UnixStat.LINK_FLAG | 0777, "../../../etc"),
                "entry out/a/b/passwd goes through out/a");
        assertRefused(
                new Archive().file("out", "x").file("out/passwd", "x"),
                "entry out/passwd goes through out, which is a file");
    }

    @Test
    void entryThatIsThereTwiceIsRefusedByItsName() throws IOException {
        assertRefused(
                new Archive().add("x", UnixStat.LINK_FLAG | 0777, "/etc/passwd").file("./x", "y"),
                "entry x is there twice");
    }

    @Test
    void whatIsNoFileIsRefusedByItsName() throws IOException {
        for (int type : List.of(0010000, 0020000, 0060000, 0140000)) {
            assertRefused(
                    new Archive().add("dev/null", type | 0666, ""),
                    "entry dev/null is a device, a pipe or a socket");
        }
    }

    @Test
    void permissionsThatRaiseNobodyAreAllThatIsKept() throws IOException {
        assertThat(tar(new Archive().add("su", UnixStat.FILE_FLAG | 06755, "x").bytes()))
                .containsExactly("./su 755 x");
    }

    @Test
    void archiveThatUnpacksToTooMuchIsRefused() throws IOException {
        assertRefused(
                new Archive().file("a", "x".repeat(600)).file("b", "x".repeat(600)),
                "with b it unpacks to more than 1000 bytes");
        Archive many = new Archive();
        for (int i = 0; i < 11; i++) {
            many.file("f" + i, "");
        }
        assertRefused(many, "more than 10 entries");
        assertRefused(new Archive().file("a/".repeat(12) + "f", ""), "more than 10 directories");
    }

    @Test
    void pathThatNobodyCouldOpenIsRefused() throws IOException {
        assertRefused(new Archive().file("a/".repeat(2048) + "f", ""), "more than 4096 characters");
    }

    @Test
    void fileThatIsLongerThanTheArchiveSaysIsNotUnpackedToItsEnd() throws IOException {
        byte[] zip = new Archive().file("a", "x".repeat(500)).bytes();
        byte[] lying = zip.clone();
        int central = indexOf(lying, new byte[] {'P', 'K', 1, 2});
        lying[central + 24] = 5; // the size after decompression
        lying[central + 25] = 0;

        assertThatThrownBy(() -> tar(lying)).isInstanceOf(IOException.class);
    }

    @Test
    void whatIsNoZipIsRefused() {
        for (byte[] bytes :
                List.of(
                        new byte[0],
                        "plain text".getBytes(UTF_8),
                        new byte[] {'P', 'K', 3, 4, 0, 0, 0})) {
            assertThatThrownBy(() -> tar(bytes))
                    .isInstanceOf(FaultException.class)
                    .hasMessageContaining("the archive is not unpacked");
        }
        assertThatThrownBy(() -> tar(new byte[] {0x28, (byte) 0xb5, 0x2f, (byte) 0xfd}))
                .hasMessageContaining("zstd");
    }

    @Test
    void linkThatPointsNowhereIsRefused() throws IOException {
        assertRefused(
                new Archive().add("l", UnixStat.LINK_FLAG | 0777, ""), "entry l is a symbolic");
        assertRefused(
                new Archive().add("l", UnixStat.LINK_FLAG | 0777, "x".repeat(5000)),
                "entry l is a symbolic");
    }

    @Test
    void whatMayflyPacksIsWhatItUnpacks() throws IOException {
        byte[] zip =
                PackingFixture.zip(
                        SelectionTest.directory("d")
                                + SelectionTest.file("d/f", 3)
                                + SelectionTest.link("d/l", "f"),
                        "abc");

        assertThat(tar(zip)).containsExactly("./d/ 755", "./d/f 644 abc", "./d/l 777 -> f");
    }

    private void assertRefused(Archive archive, String because) throws IOException {
        byte[] bytes = archive.bytes();
        assertThatThrownBy(() -> tar(bytes))
                .isInstanceOf(FaultException.class)
                .hasMessageContaining(because);
    }

    private List<String> tar(byte[] zip) throws IOException {
        try (FileChannel file =
                FileChannel.open(
                        folder.resolve("archive.zip"),
                        Set.of(
                                StandardOpenOption.CREATE,
                                StandardOpenOption.TRUNCATE_EXISTING,
                                StandardOpenOption.READ,
                                StandardOpenOption.WRITE))) {
            file.write(ByteBuffer.wrap(zip));
            try (ReceivedArchive archive = ReceivedArchive.open(file, LIMITS);
                    InputStream stream = archive.tar();
                    TarArchiveInputStream tar = new TarArchiveInputStream(stream, "UTF-8")) {
                List<String> entries = new ArrayList<>();
                for (TarArchiveEntry entry = tar.getNextEntry();
                        entry != null;
                        entry = tar.getNextEntry()) {
                    entries.add(
                            "%s %o%s"
                                    .formatted(
                                            entry.getName(),
                                            entry.getMode() & 07777,
                                            entry.isSymbolicLink()
                                                    ? " -> " + entry.getLinkName()
                                                    : entry.isDirectory()
                                                            ? ""
                                                            : " "
                                                                    + new String(
                                                                            tar.readAllBytes(),
                                                                            UTF_8)));
                }
                return entries;
            }
        }
    }

    private static int indexOf(byte[] bytes, byte[] wanted) {
        for (int i = 0; i < bytes.length; i++) {
            if (java.util.Arrays.equals(bytes, i, i + wanted.length, wanted, 0, wanted.length)) {
                return i;
            }
        }
        throw new IllegalArgumentException("not there");
    }
}
