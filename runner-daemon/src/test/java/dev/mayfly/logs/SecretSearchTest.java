package dev.mayfly.logs;

import static java.nio.charset.StandardCharsets.ISO_8859_1;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The search without a masker, as files are searched: nothing is held back, nothing is put out. */
class SecretSearchTest {

    private static final String SECRET = "correct-horse-battery-7";
    private static final String OTHER = "f4Kq/9wLzT+b2Vx=Y";
    private static final int SLICE = SecretSearch.MOST_AT_ONCE;

    @TempDir private Path directory;

    private static final class FileScan {

        private final SecretSearch search =
                new SecretSearch(
                        SecretPatterns.none().with(WholeChain.forms(List.of(SECRET, OTHER))));
        private int mostRemembered;

        FileScan of(Path file) throws IOException {
            byte[] buffer = new byte[SLICE];
            try (InputStream in = Files.newInputStream(file)) {
                for (int length = in.read(buffer); length >= 0; length = in.read(buffer)) {
                    search.take(buffer, 0, length);
                    while (!search.runs().isEmpty()) {
                        search.runs().removeFirst();
                    }
                    search.forget(search.kept());
                    mostRemembered =
                            Math.max(mostRemembered, (int) (search.taken() - search.kept()));
                }
            }
            return this;
        }

        long hits() {
            return Arrays.stream(search.hits()).sum();
        }
    }

    private Path file(String... texts) throws IOException {
        Path file = directory.resolve("artifact");
        Random random = new Random(1);
        byte[] noise = new byte[8 * SLICE];
        try (OutputStream out = Files.newOutputStream(file)) {
            long written = 0;
            for (int i = 0; i < texts.length; i++) {
                random.nextBytes(noise);
                // Each text lies across the border of two reads, one byte further each time.
                int before = (int) (4L * SLICE - written % SLICE) - 1 - i % texts[i].length();
                out.write(noise, 0, before);
                out.write(texts[i].getBytes(ISO_8859_1));
                written += before + texts[i].length();
            }
            out.write(noise);
        }
        return file;
    }

    @Test
    void fileWithoutSecretsHasNoHits() throws IOException {
        assertThat(new FileScan().of(file("nothing", "to be found")).hits()).isZero();
    }

    @Test
    void formsAcrossReadsAreFoundInBinaryData() throws IOException {
        String base64 = Base64.getEncoder().encodeToString(SECRET.getBytes(ISO_8859_1));
        FileScan scan = new FileScan().of(file(SECRET, OTHER, base64, SECRET, "%2F" + OTHER));
        assertThat(scan.hits()).isEqualTo(5);
        assertThat(scan.mostRemembered).as("bytes that may go on").isLessThan(2 * SLICE);
    }

    @Test
    void eachPlaceOfTheBorderBetweenTwoReadsIsTheSame() throws IOException {
        String[] same = new String[SECRET.length()];
        Arrays.fill(same, SECRET);
        assertThat(new FileScan().of(file(same)).hits()).isEqualTo(SECRET.length());
    }

    @Test
    void wrappedFormsAreFoundAsInALog() throws IOException {
        StringBuilder lines = new StringBuilder();
        SECRET.chars().forEach(c -> lines.append((char) c).append("\r\n"));
        assertThat(new FileScan().of(file(lines.toString())).hits()).isOne();
    }
}
