package dev.mayfly.bootstrap;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ExpiriesTest {

    @TempDir private Path folder;

    @Test
    void firstOfAFilesCertificatesCounts() throws Exception {
        Path file = folder.resolve("both.pem");
        Files.writeString(file, certificate("long", 40) + certificate("short", 3));

        assertThat(Expiries.firstEnd(file).orElseThrow())
                .isBetween(
                        Instant.now().plus(Duration.ofDays(2)),
                        Instant.now().plus(Duration.ofDays(4)));
    }

    @Test
    void fileWithoutACertificateTellsNothing() throws Exception {
        assertThat(Expiries.firstEnd(folder.resolve("none.pem"))).isEmpty();
        assertThat(Expiries.firstEnd(Files.writeString(folder.resolve("text.pem"), "text")))
                .isEmpty();
    }

    private String certificate(String name, int days) throws Exception {
        String store = folder.resolve(name + ".p12").toString();
        Path pem = folder.resolve(name + ".pem");
        keytool(
                "-genkeypair",
                "-keyalg",
                "EC",
                "-alias",
                name,
                "-dname",
                "CN=" + name,
                "-validity",
                Integer.toString(days),
                "-keystore",
                store,
                "-storepass",
                "changeit");
        keytool(
                "-exportcert",
                "-rfc",
                "-alias",
                name,
                "-keystore",
                store,
                "-storepass",
                "changeit",
                "-file",
                pem.toString());
        return Files.readString(pem);
    }

    private void keytool(String... arguments) throws Exception {
        ProcessBuilder builder =
                new ProcessBuilder(
                        Path.of(System.getProperty("java.home"), "bin", "keytool").toString());
        builder.command().addAll(List.of(arguments));
        Process process =
                builder.redirectErrorStream(true)
                        .redirectOutput(folder.resolve("keytool.log").toFile())
                        .start();
        assertThat(process.waitFor()).isZero();
    }
}
