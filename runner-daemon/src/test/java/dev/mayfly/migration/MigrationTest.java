package dev.mayfly.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.mayfly.config.ConfigException;
import dev.mayfly.config.ConfigLoader;
import dev.mayfly.config.Environment;
import dev.mayfly.config.MayflySettings;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.util.List;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MigrationTest {

    private static final Path FILES = Path.of("src/test/resources/dev/mayfly/migration");

    @TempDir private Path directory;

    private static Migration migration(String name) {
        return Migration.of(FILES.resolve(name + ".toml"), Path.of("/srv/mayfly"));
    }

    private static MayflySettings settings(Migration migration) {
        return ConfigLoader.parse(
                Path.of("/etc/mayfly/mayfly.yaml"), migration.yaml(), Environment.ofProcess());
    }

    private Migration ofText(String toml) throws IOException {
        return Migration.of(Files.writeString(directory.resolve("config.toml"), toml), null);
    }

    @ParameterizedTest
    @ValueSource(strings = {"registered", "everything", "empty", "shell-only"})
    void fileBecomesThisConfigurationAndTheseFindings(String name) throws IOException {
        Migration migration = migration(name);
        String findings =
                migration.findings().stream()
                        .map(one -> one.fate() + " " + one.key() + ": " + one.remark() + "\n")
                        .collect(Collectors.joining());
        Path yaml = FILES.resolve(name + ".yaml");
        Path report = FILES.resolve(name + ".txt");
        if (Boolean.getBoolean("mayfly.golden.write")) {
            Files.writeString(yaml, migration.yaml());
            Files.writeString(report, findings);
        }

        assertThat(migration.yaml())
                .as("rewrite %s with -Dmayfly.golden.write=true, and review it", yaml)
                .isEqualTo(Files.readString(yaml));
        assertThat(findings).isEqualTo(Files.readString(report));
    }

    @ParameterizedTest
    @ValueSource(strings = {"registered", "everything", "empty", "shell-only"})
    void configurationIsGoodByTheDaemonsOwnCheckAndHoldsNoSecret(String name) {
        Migration migration = migration(name);

        assertThat(settings(migration).pools()).isNotEmpty();
        assertThat(migration.yaml()).doesNotContain("CANARY");
        assertThat(migration.findings().toString() + migration.tokens()).doesNotContain("CANARY");
    }

    @Test
    void runnerIsBoundToItsPool() {
        MayflySettings settings = settings(migration("everything"));

        assertThat(settings.gitlab())
                .extracting(one -> one.name() + " " + one.url() + " " + one.pool())
                .containsExactly(
                        "team-a-gr-e-1-with-a-ver https://gitlab.example.com/gitlab"
                                + " team-a-gr-e-1-with-a-ver",
                        "deploy http://gitlab.example.com:8080 deploy",
                        "deploy-2 https://other.example.com deploy-2");
        assertThat(settings.pools().getFirst().slots()).isEqualTo(4);
        assertThat(settings.pools().getFirst().terms().limits().memoryBytes())
                .isEqualTo(1500L << 20);
        assertThat(settings.pools().getFirst().terms().limits().openFiles()).isEqualTo(8192);
    }

    @Test
    void tokenComesWithItsTimes() {
        RunnerToken token = migration("registered").tokens().getFirst();

        assertThat(token.name()).isEqualTo("build-host-example-com");
        assertThat(token.url()).isEqualTo("https://gitlab.example.com");
        assertThat(token.runner()).isEqualTo(42);
        assertThat(token.value()).isEqualTo("glrt-CANARYcanaryCANARY01");
        assertThat(token.since()).isEqualTo(Instant.parse("2026-03-01T10:00:00Z"));
        assertThat(token.until()).isNull();
        assertThat(migration("everything").tokens().getFirst().until())
                .isEqualTo(Instant.parse("2026-12-31T21:59:59Z"));
    }

    @Test
    void everyKeyThatGitlabRunnerReadsHasARule() throws IOException {
        List<String> keys = Files.readAllLines(FILES.resolve("config-toml-keys.txt"));

        assertThat(keys).hasSizeGreaterThan(300);
        assertThat(keys).allSatisfy(key -> assertThat(KeyRules.of(key)).as(key).isPresent());
    }

    @Test
    void eachKeyHasOneRule() {
        assertThat(KeyRules.all()).extracting(KeyRule::key).doesNotHaveDuplicates();
    }

    /** So that a rule cannot say that something is taken over and nothing does it. */
    @Test
    void whatIsTakenOverIsInAConfigurationOrARegistration() throws IOException {
        Migration migration =
                ofText(
                        """
                        concurrent = 3
                        log_level = "debug"
                        log_format = "json"
                        shutdown_timeout = 7
                        [[runners]]
                        name = "one"
                        url = "https://one.example.com"
                        id = 5
                        token = "glrt-0123456789012345678"
                        token_obtained_at = 2026-03-01T10:00:00Z
                        token_expires_at = 2027-03-01T10:00:00Z
                        tls-ca-file = "/ca.pem"
                        tls-cert-file = "/cert.pem"
                        tls-key-file = "/key.pem"
                        limit = 2
                        output_limit = 100
                        executor = "docker"
                        [runners.docker]
                        host = "tcp://d.example.com:2376"
                        tls_cert_path = "/certs"
                        image = "a:b"
                        memory = "64m"
                        cpus = "3"
                        [runners.docker.ulimit]
                        nofile = "99"
                        """);

        assertThat(migration.findings()).extracting(Finding::fate).containsOnly(Fate.TAKEN);
        assertThat(migration.findings())
                .extracting(one -> one.key().replace("[0]", ""))
                .containsExactlyInAnyOrderElementsOf(
                        KeyRules.all().stream()
                                .filter(rule -> rule.fate() == Fate.TAKEN)
                                .map(KeyRule::key)
                                .toList());
        assertThat(migration.yaml())
                .contains(
                        "drain_timeout: 7s",
                        "format: json",
                        "level: debug",
                        "host: 'tcp://d.example.com:2376'",
                        "cert_dir: '/certs'",
                        "name: one",
                        "slots: 2",
                        "url: 'https://one.example.com'",
                        "ca_file: '/ca.pem'",
                        "client_certificate: '/cert.pem'",
                        "client_key: '/key.pem'",
                        "log_limit: 100KiB",
                        "image: 'a:b'",
                        "memory: 64MiB",
                        "cpus: 3",
                        "open_files: 99");
        assertThat(settings(migration).gitlab()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "concurrent = ",
                "a = 1\na = 2\n",
                "[[runners]\n",
                "token = \"CANARY\nname = 1",
                "concurrent = 99999999999999999999999\nx = [",
            })
    void whatIsNoTomlIsRefusedWithoutShowingIt(String toml) {
        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> ofText(toml))
                .withMessageContaining("config.toml:")
                .withMessageContaining("is not TOML")
                .satisfies(e -> assertThat(e.getMessage()).doesNotContain("CANARY"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "runners = 1",
                "runners = []",
                "runners = {}",
                "[runners]\nname = 'x'",
                "concurrent = -5\n[[runners]]\nexecutor='docker'\nurl='https://a.b'\nlimit=-1",
                "concurrent = 'many'\n[[runners]]\nexecutor='docker'\nurl='https://a.b'\ndocker = 1",
                "concurrent = 100000\n[[runners]]\nexecutor='docker'\nurl='https://a.b'\n"
                        + "output_limit = 99999999999\n[runners.docker]\nmemory='999999999g'",
                "shutdown_timeout = 99999999999",
                "[[runners]]\nexecutor='docker'\nurl='https://a.b'\nname='${file:/etc/passwd}'\n"
                        + "tls-ca-file='/${file:/etc/shadow}'",
            })
    void oddFileStillBecomesAGoodConfiguration(String toml) throws IOException {
        Migration migration = ofText(toml + "\n");

        assertThat(settings(migration).pools()).isNotEmpty();
        assertThat(migration.yaml()).doesNotContain("${");
    }

    @Test
    void fileThatIsNotTextIsRefused() throws IOException {
        Path file = directory.resolve("config.toml");
        Files.write(file, "name = \"\u00e4\"".getBytes(StandardCharsets.ISO_8859_1));

        assertThatExceptionOfType(ConfigException.class)
                .isThrownBy(() -> Migration.of(file, null))
                .withMessageContaining("UTF-8");
    }
}
