package dev.mayfly.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class CacheBindingTest {

    private static final String KEYS = "bucket: b-c, access_key_file: a, secret_key_file: s";

    @TempDir private Path directory;

    private ExchangeSettings.@Nullable Cache load(String cache) throws IOException {
        Path file =
                Files.writeString(
                        directory.resolve("mayfly.yaml"),
                        "pools: [{name: only}]\ncache: {" + cache + "}\n");
        return ConfigLoader.load(file, new Environment(Map.of(), Path.of("/root"), true))
                .exchange()
                .cache();
    }

    private ExchangeSettings.Place place(String cache) throws IOException {
        return Objects.requireNonNull(load(cache)).place();
    }

    private List<String> problems(String cache) {
        return catchThrowableOfType(ConfigException.class, () -> load(cache)).problems().stream()
                .map(problem -> problem.field() + " " + problem.cause())
                .toList();
    }

    @Test
    void withoutAWordCachesAreInTheStateDirectory() throws IOException {
        assertThat(place(""))
                .isEqualTo(new ExchangeSettings.Place.Directory(Path.of("/var/lib/mayfly/cache")));
        assertThat(load("store: none")).isNull();
    }

    @Test
    void leastThatABucketNeedsHasDefaults() throws IOException {
        assertThat(place("store: s3, s3: {" + KEYS + "}"))
                .isEqualTo(
                        new ExchangeSettings.Place.Bucket(
                                new ExchangeSettings.Server(
                                        null, "us-east-1", false, null, Duration.ofSeconds(30)),
                                "b-c",
                                "",
                                new ExchangeSettings.Keys(
                                        directory.resolve("a"), directory.resolve("s"), null)));
    }

    @Test
    void everythingIsRead() throws IOException {
        assertThat(
                        place(
                                "store: s3, s3: {endpoint: 'http://minio:9000', plain_http: true,"
                                        + " region: home, prefix: ci/mayfly, path_style: false,"
                                        + " ca_file: ca.pem, timeout: 1m, session_token_file: t, "
                                        + KEYS
                                        + "}"))
                .isEqualTo(
                        new ExchangeSettings.Place.Bucket(
                                new ExchangeSettings.Server(
                                        URI.create("http://minio:9000"),
                                        "home",
                                        false,
                                        directory.resolve("ca.pem"),
                                        Duration.ofMinutes(1)),
                                "b-c",
                                "ci/mayfly",
                                new ExchangeSettings.Keys(
                                        directory.resolve("a"),
                                        directory.resolve("s"),
                                        directory.resolve("t"))));
    }

    @Test
    void serverOfOnesOwnWantsTheBucketInThePath() throws IOException {
        assertThat(place("store: s3, s3: {endpoint: 'https://minio:9000', " + KEYS + "}"))
                .extracting(place -> ((ExchangeSettings.Place.Bucket) place).server().pathStyle())
                .isEqualTo(true);
    }

    @Test
    void chainNeedsNoFiles() throws IOException {
        assertThat(place("store: s3, s3: {bucket: b-c, credentials: aws_chain}"))
                .extracting(place -> ((ExchangeSettings.Place.Bucket) place).keys())
                .isNull();
    }

    @ParameterizedTest
    @ValueSource(strings = {"http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"})
    void plainHttpToThisHostNeedsNoLeave(String endpoint) throws IOException {
        assertThat(place("store: s3, s3: {endpoint: '" + endpoint + "', " + KEYS + "}"))
                .isInstanceOf(ExchangeSettings.Place.Bucket.class);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            quoteCharacter = '`',
            value = {
                "store: s3 | cache.store is s3, and nothing says which bucket",
                "s3: {bucket: b-c, credentials: aws_chain} | cache.s3 is not used, because store is local",
                "store: none, s3: {bucket: b-c} | cache.s3 is not used, because store is none",
                "store: s3, path: /x, s3: {bucket: b-c, credentials: aws_chain} | cache.path is for caches in a directory",
                "store: s3, s3: {bucket: b-c, access_key_file: a} | cache.s3.secret_key_file is missing",
                "store: s3, s3: {bucket: b-c, credentials: aws_chain, secret_key_file: s} | cache.s3.secret_key_file is not read, because credentials is aws_chain",
                "store: s3, s3: {credentials: aws_chain, endpoint: 'http://minio:9000', bucket: b-c} | cache.s3.endpoint is plain http, by which anybody on the way can read and exchange caches",
                "store: s3, s3: {credentials: aws_chain, endpoint: 'http://127.0.0.1.example.com', bucket: b-c} | cache.s3.endpoint is plain http, by which anybody on the way can read and exchange caches",
            })
    void whatDoesNotFitTogetherIsNamed(String cache, String problem) {
        assertThat(problems(cache)).containsExactly(problem);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "endpoint: 'https://user:pw@minio'",
                "endpoint: 'https://minio/path'",
                "endpoint: 'ftp://minio'",
                "prefix: /a",
                "prefix: a/../b",
                "prefix: a//b",
                "region: 'a b'",
                "bucket: a/b",
                "timeout: 0s",
            })
    void whatCannotBeIsAProblem(String key) {
        String bucket = key.startsWith("bucket") ? "" : "bucket: b-c, ";
        assertThat(problems("store: s3, s3: {credentials: aws_chain, " + bucket + key + "}"))
                .singleElement()
                .asString()
                .startsWith("cache.s3." + key.substring(0, key.indexOf(':')));
    }
}
