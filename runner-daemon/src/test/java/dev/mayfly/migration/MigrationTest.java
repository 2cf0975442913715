package dev.mayfly.migration;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.mayfly.config.ConfigException;
import dev.mayfly.config.ConfigLoader;
import dev.mayfly.config.Environment;
import dev.mayfly.config.ExchangeSettings;
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
import org.junit.jupiter.params.provider.CsvSource;
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
    void loginsToRegistriesHaveAPlaceInAPoolAndTheRestHasNone() throws IOException {
        String runner =
                "[[runners]]\nexecutor='docker'\nurl='https://a.b'\ntoken='glrt-x'\nenvironment=";
        Migration alone = ofText(runner + "['DOCKER_AUTH_CONFIG=CANARY']\n");
        Migration both = ofText(runner + "['A=b', 'DOCKER_AUTH_CONFIG=CANARY']\n");

        assertThat(alone.findings())
                .filteredOn(one -> one.key().contains("environment"))
                .singleElement()
                .satisfies(one -> assertThat(one.key()).isEqualTo("runners[0].environment[0]"))
                .satisfies(one -> assertThat(one.remark()).contains("pools[].registry_logins"))
                .satisfies(one -> assertThat(one.fate()).isEqualTo(Fate.OPEN));
        assertThat(both.findings())
                .extracting(Finding::key)
                .contains("runners[0].environment[1]", "runners[0].environment");
        assertThat(both.findings().toString() + alone.findings()).doesNotContain("CANARY");
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
                        allowed_images = ["c:*"]
                        allowed_services = ["d/**"]
                        allowed_pull_policies = ["always"]
                        memory = "64m"
                        cpus = "3"
                        [runners.docker.ulimit]
                        nofile = "99"
                        [runners.cache]
                        Type = "s3"
                        Path = "/ci/caches/"
                        MaxUploadedArchiveSize = 2147483648
                        [runners.cache.s3]
                        ServerAddress = "minio.example.com:9000"
                        BucketName = "runner-cache"
                        BucketLocation = "eu-central-1"
                        Insecure = true
                        PathStyle = true
                        AuthenticationType = "iam"
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
                        "allowed_images: ['c:*']",
                        "allowed_services: ['d/**']",
                        "allowed_pull_policies: ['always']",
                        "memory: 64MiB",
                        "cpus: 3",
                        "open_files: 99",
                        "store: s3",
                        "max_entry: 2048MiB",
                        "endpoint: 'http://minio.example.com:9000'",
                        "plain_http: true",
                        "region: 'eu-central-1'",
                        "bucket: 'runner-cache'",
                        "prefix: 'ci/caches'",
                        "path_style: true",
                        "credentials: 'aws_chain'");
        assertThat(settings(migration).gitlab()).hasSize(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "''|pull_policy: [always]",
                "pull_policy = 'if-not-present'|pull_policy: [if-not-present]",
                "pull_policy = ['if-not-present', 'never']|pull_policy: [if-not-present, never]",
                "allowed_pull_policies = ['always']|pull_policy: [always]",
            },
            quoteCharacter = '"')
    void imagesArePulledAsBefore(String line, String policy) throws IOException {
        Migration migration = withDocker(line.replace("''", ""));

        assertThat(migration.yaml()).contains("\n    " + policy + "\n");
        assertThat(migration.findings())
                .filteredOn(one -> one.key().equals("runners[0].docker.pull_policy"))
                .singleElement()
                .returns(Fate.TAKEN, Finding::fate);
        assertThat(settings(migration).pools()).hasSize(1);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "allowed_pull_policies = ['never']",
                "pull_policy = 'always'\nallowed_pull_policies = ['never']",
                "pull_policy = 'sometimes'"
            })
    void pullPolicyThatCannotBeTakenOverIsToDo(String lines) throws IOException {
        Migration migration = withDocker(lines);

        assertThat(migration.findings())
                .filteredOn(one -> one.key().equals("runners[0].docker.pull_policy"))
                .extracting(Finding::fate)
                .contains(Fate.OPEN);
        assertThat(settings(migration).pools()).hasSize(1);
    }

    private Migration withDocker(String lines) throws IOException {
        return ofText(
                """
                [[runners]]
                name = "one"
                url = "https://one.example.com"
                token = "glrt-0123456789012345678"
                executor = "docker"
                [runners.docker]
                """
                        + lines
                        + "\n");
    }

    private Migration withCache(String lines) throws IOException {
        return ofText(
                """
                [[runners]]
                name = "one"
                url = "https://one.example.com"
                token = "glrt-0123456789012345678"
                executor = "docker"
                [runners.cache]
                """
                        + lines);
    }

    @Test
    void cacheAtAwsNeedsNoEndpointAndItsKeysAreLeftToFiles() throws IOException {
        Migration migration =
                withCache(
                        """
                        Type = "s3"
                        [runners.cache.s3]
                        ServerAddress = "s3.eu-central-1.amazonaws.com"
                        AccessKey = "CANARY-access"
                        SecretKey = "CANARY-secret"
                        SessionToken = "CANARY-token"
                        BucketName = "runner-cache"
                        """);

        assertThat(migration.yaml())
                .contains(
                        "access_key_file: '/etc/mayfly/s3-access-key'",
                        "secret_key_file: '/etc/mayfly/s3-secret-key'",
                        "session_token_file: '/etc/mayfly/s3-session-token'")
                .doesNotContain("endpoint", "CANARY");
        assertThat(migration.findings())
                .filteredOn(one -> one.fate() == Fate.OPEN)
                .extracting(Finding::key)
                .containsExactlyInAnyOrder(
                        "runners[0].cache.s3.AccessKey",
                        "runners[0].cache.s3.SecretKey",
                        "runners[0].cache.s3.SessionToken");
        assertThat(settings(migration).exchange().cache())
                .isNotNull()
                .extracting(cache -> cache.place())
                .isInstanceOf(ExchangeSettings.Place.Bucket.class);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                """
                Type = "gcs"
                [runners.cache.gcs]
                BucketName = "b-c"
                """,
                """
                Type = "s3"
                """,
                """
                Type = "s3"
                [runners.cache.s3]
                BucketName = "a b"
                """,
                """
                Type = "s3"
                Path = "../x"
                [runners.cache.s3]
                BucketName = "b-c"
                ServerAddress = "http://odd"
                BucketLocation = "a'b"
                """,
            })
    void oddCacheIsNamedAndTheConfigurationIsStillGood(String lines) throws IOException {
        Migration migration = withCache(lines);

        assertThat(migration.findings()).extracting(Finding::fate).contains(Fate.OPEN);
        assertThat(settings(migration).gitlab()).hasSize(1);
    }

    @Test
    void secondStoreIsNamed() throws IOException {
        String store =
                """
                Type = "s3"
                [runners.cache.s3]
                BucketName = "%s"
                """;
        String other =
                """
                [[runners]]
                name = "two"
                url = "https://two.example.com"
                token = "glrt-0123456789012345678"
                executor = "docker"
                [runners.cache]
                """;

        assertThat(
                        withCache(store.formatted("first") + other + store.formatted("first"))
                                .findings())
                .filteredOn(one -> one.key().contains("cache"))
                .extracting(Finding::fate)
                .containsOnly(Fate.TAKEN);
        assertThat(
                        withCache(store.formatted("first") + other + store.formatted("second"))
                                .findings())
                .filteredOn(one -> one.fate() == Fate.OPEN && one.key().contains("cache"))
                .singleElement()
                .returns("runners[1].cache", Finding::key);
    }

    private static String runner(String name, String lines) {
        return "[[runners]]\nname = '%s'\nurl = 'https://a.b'\ntoken = 'glrt-x'\nexecutor = 'docker'\n%s\n"
                .formatted(name, lines);
    }

    private static List<String> names(Migration migration) {
        return settings(migration).gitlab().stream().map(one -> one.name()).toList();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "[runners.docker]\nhost = 'unix:///run/other.sock'",
                "[runners.docker]\nhost = 'tcp://engine.example.com:2375'",
                "[runners.docker]\nhost = 'tcp://engine.example.com:2376'\ntls_cert_path = '/b'",
            })
    void runnerOfAnotherEngineIsLeftOutAndNamed(String other) throws IOException {
        String first =
                """
                [runners.docker]
                host = 'tcp://engine.example.com:2376'
                tls_cert_path = '/a'
                """;
        Migration migration =
                ofText(runner("one", first) + runner("two", other) + runner("three", first));

        assertThat(names(migration)).containsExactly("one", "three");
        assertThat(migration.tokens())
                .extracting(RunnerToken::name)
                .containsExactly("one", "three");
        assertThat(settings(migration).engine().host())
                .hasToString("tcp://engine.example.com:2376");
        assertThat(migration.findings())
                .filteredOn(one -> one.key().startsWith("runners[1]"))
                .singleElement()
                .returns("runners[1].docker.host", Finding::key)
                .returns(Fate.OPEN, Finding::fate)
                .satisfies(one -> assertThat(one.remark()).contains("runners[0]", "left out"));
    }

    @Test
    void remoteEngineDoesNotTakeJobsOfARunnerOnThisHost() throws IOException {
        Migration migration =
                ofText(
                        runner("here", "")
                                + runner(
                                        "there", "[runners.docker]\nhost = 'tcp://10.0.0.2:2375'"));

        assertThat(names(migration)).containsExactly("here");
        assertThat(migration.yaml()).doesNotContain("engine:", "10.0.0.2");
    }

    @Test
    void usualSocketIsTheSameEngineAsNone() throws IOException {
        Migration migration =
                ofText(
                        runner("one", "")
                                + runner(
                                        "two",
                                        "[runners.docker]\nhost = 'unix:///var/run/docker.sock'"));

        assertThat(names(migration)).containsExactly("one", "two");
        assertThat(migration.findings())
                .filteredOn(one -> one.fate() == Fate.OPEN && one.key().startsWith("runners"))
                .isEmpty();
    }

    @Test
    void engineThatCannotBeReachedIsNotReplacedByAnother() throws IOException {
        Migration migration = ofText(runner("one", "[runners.docker]\nhost = 'ssh://user@engine'"));

        assertThat(names(migration)).isEmpty();
        assertThat(migration.findings())
                .filteredOn(one -> one.key().equals("runners[0].docker.host"))
                .singleElement()
                .satisfies(one -> assertThat(one.remark()).contains("left out"));
    }

    @Test
    void whatGitlabRunnerWritesByItselfIsNamedAndNeedsNothing() throws IOException {
        Migration migration =
                ofText(
                        """
                        concurrent = 0
                        [session_server]
                          session_timeout = 1800
                        """
                                + runner("r", "[runners.docker]\nvolumes = [\"/cache\"]"));

        assertThat(migration.findings())
                .filteredOn(one ->
                        one.key().endsWith("volumes") || one.key().endsWith("session_timeout"))
                .hasSize(2)
                .allMatch(one -> one.fate() == Fate.NEEDLESS);
        assertThat(migration.findings())
                .anyMatch(one -> one.key().equals("concurrent") && one.remark().contains("is 0"));
    }

    @Test
    void configurationWithoutARunnerSaysThatItsPoolIsAnExample() throws IOException {
        assertThat(ofText("concurrent = 2\n").findings())
                .anyMatch(one -> one.key().equals("runners") && one.fate() == Fate.OPEN);
    }

    @ParameterizedTest
    @CsvSource({
        "10, 4 0, 4 6, ''",
        "10, 0 4 0, 3 4 3, shared out",
        "10, 0 0 0, 4 3 3, shared out",
        "10, 0, 10, ''",
        "10, 8 8, 8 8, 16 together",
        "2, 8 0, 2 1, 3 together",
        "3, 99, 3, ''",
    })
    void concurrentIsSharedOut(int concurrent, String limits, String slots, String remark)
            throws IOException {
        StringBuilder toml = new StringBuilder("concurrent = " + concurrent + "\n");
        for (String limit : limits.split(" ", -1)) {
            toml.append(runner("r", "limit = " + limit));
        }
        Migration migration = ofText(toml.toString());

        assertThat(
                        settings(migration).pools().stream()
                                .map(pool -> String.valueOf(pool.slots()))
                                .collect(Collectors.joining(" ")))
                .isEqualTo(slots);
        List<String> remarks =
                migration.findings().stream()
                        .filter(one -> one.key().equals("concurrent") && one.fate() == Fate.OPEN)
                        .map(Finding::remark)
                        .toList();
        if (remark.isEmpty()) {
            assertThat(remarks).isEmpty();
        } else {
            assertThat(remarks).singleElement().asString().contains(remark);
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"BucketName = 'ci'", "BucketName = 'no bucket'", ""})
    void cacheWithoutABucketIsLeftOutAsAWhole(String bucket) throws IOException {
        Migration migration =
                withCache(
                        """
                        Type = "s3"
                        Path = "ci"
                        MaxUploadedArchiveSize = 5
                        [runners.cache.s3]
                        ServerAddress = "minio.example.com"
                        AccessKey = "CANARY"
                        SecretKey = "CANARY"
                        Insecure = true
                        BucketLocation = "here"
                        """
                                + bucket
                                + "\n");

        assertThat(migration.findings())
                .filteredOn(one -> one.key().contains("cache"))
                .singleElement()
                .returns("runners[0].cache", Finding::key)
                .returns(Fate.OPEN, Finding::fate)
                .satisfies(one ->
                        assertThat(one.remark()).contains("left out", "s3.BucketName", "3 to 63"));
        assertThat(migration.yaml()).doesNotContain("cache:");
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
