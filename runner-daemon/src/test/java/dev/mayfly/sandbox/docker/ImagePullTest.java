package dev.mayfly.sandbox.docker;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.github.dockerjava.api.model.PullResponseItem;
import dev.mayfly.job.ImageReference;
import dev.mayfly.job.RegistryLogin;
import dev.mayfly.job.SecretValue;
import java.io.IOException;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What an engine says while it pulls. */
class ImagePullTest {

    private static final ObjectMapper JSON =
            new ObjectMapper().disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);

    private static void said(ImagePull pull, String... items) throws IOException {
        for (String item : items) {
            pull.onNext(JSON.readValue(item, PullResponseItem.class));
        }
    }

    @Test
    void progressCountsLayersAndBytes() throws IOException {
        ImagePull pull = new ImagePull(Long.MAX_VALUE);
        assertThat(pull.progress()).isEqualTo("waiting for the registry");

        said(
                pull,
                "{\"status\": \"Pulling from team/app\", \"id\": \"1\"}",
                "{\"status\": \"Already exists\", \"id\": \"aa\"}",
                "{\"status\": \"Pulling fs layer\", \"id\": \"bb\"}",
                "{\"status\": \"Waiting\", \"id\": \"cc\"}",
                "{\"status\": \"Downloading\", \"id\": \"bb\", \"progressDetail\": {\"current\": 1500000, \"total\": 4000000}}");

        assertThat(pull.progress()).isEqualTo("1 of 3 layers, 1.5 MB fetched, 2.5 MB to go");

        said(
                pull,
                "{\"status\": \"Download complete\", \"id\": \"bb\"}",
                "{\"status\": \"Extracting\", \"id\": \"bb\", \"progressDetail\": {\"current\": 10, \"total\": 4000000}}");
        assertThat(pull.progress()).isEqualTo("1 of 3 layers, 4.0 MB fetched, 0.0 MB to go");

        said(
                pull,
                "{\"status\": \"Pull complete\", \"id\": \"bb\"}",
                "{\"status\": \"Digest: sha256:00\"}");
        assertThat(pull.progress()).startsWith("2 of 3 layers, 4.0 MB fetched");
    }

    @Test
    void registryThatNamesLayersWithoutEndIsNotRemembered() throws IOException {
        ImagePull pull = new ImagePull(Long.MAX_VALUE);
        for (int i = 0; i < 5000; i++) {
            said(pull, "{\"status\": \"Waiting\", \"id\": \"%d\"}".formatted(i));
        }
        assertThat(pull.progress()).startsWith("0 of 1000 layers");
    }

    @Test
    void refusalInAnAnswerThatSucceedsIsAFailure() throws Exception {
        ImagePull pull = new ImagePull(Long.MAX_VALUE);
        said(pull, "{\"errorDetail\": {\"message\": \"denied: no\"}, \"error\": \"denied: no\"}");
        pull.onComplete();

        assertThat(pull.await(Duration.ZERO)).isTrue();
        assertThat(pull.failure()).isEqualTo("denied: no");
    }

    @Test
    void connectionThatOpensAfterTheEndIsClosed() {
        AtomicInteger closed = new AtomicInteger();
        ImagePull pull = new ImagePull(Long.MAX_VALUE);
        pull.close();
        pull.onStart(closed::incrementAndGet);

        assertThat(closed).hasValue(1);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "no matching manifest for linux/amd64 in the manifest list entries | PLATFORM",
                "toomanyrequests: You have reached your pull rate limit. | BUSY",
                "Head \"https://r/v2/a/manifests/1\": unauthorized: incorrect username or password | UNAUTHORIZED",
                "Get \"http://127.0.0.1:5/v2/a/manifests/1\": no basic auth credentials | UNAUTHORIZED",
                "pull access denied for a/b, repository does not exist or may require 'docker login': denied: requested access to the resource is denied | DENIED",
                "manifest for r/a:2 not found: manifest unknown: manifest unknown | NOT_FOUND",
                "invalid reference format: repository name must be lowercase | MALFORMED",
                "Get \"https://r/v2/\": x509: certificate signed by unknown authority | UNTRUSTED",
                "Get \"https://r:5/v2/\": http: server gave HTTP response to HTTPS client | UNTRUSTED",
                "Get \"https://r/v2/\": dial tcp 10.0.0.1:443: connect: connection refused | UNREACHABLE",
                "Get \"https://r/v2/\": dial tcp: lookup r: no such host | UNREACHABLE",
                "Get \"https://r/v2/\": net/http: TLS handshake timeout | UNREACHABLE",
                "Get \"https://r/v2/\": EOF | UNREACHABLE",
                "received unexpected HTTP status: 503 Service Unavailable | UNREACHABLE",
                "layers from manifest don't match image configuration | OTHER",
            })
    void eachWayToFailIsKnownByItsWords(String said, PullFailure kind) {
        assertThat(PullFailure.of(said, ImageReference.parse("r.example/some/image:1")))
                .isEqualTo(kind);
    }

    @Test
    void wordsOfAnImageOfTheDefaultRegistryDoNotCountEither() {
        assertThat(
                        PullFailure.of(
                                "manifest for x509:1 not found: manifest unknown",
                                ImageReference.parse("docker.io/library/x509:1")))
                .isEqualTo(PullFailure.NOT_FOUND);
    }

    @Test
    void digestOfWhatWasPulledIsHeard() throws IOException {
        ImagePull pull = new ImagePull(Long.MAX_VALUE);
        assertThat(pull.digest()).isNull();
        said(pull, "{\"status\": \"Digest: sha256:%s\"}".formatted("0a".repeat(32)));
        assertThat(pull.digest()).isEqualTo("sha256:" + "0a".repeat(32));
        said(pull, "{\"status\": \"Digest: whatever\"}");
        assertThat(pull.digest()).isNull();
    }

    @Test
    void moreThanTheLimitEndsItAtOnce() throws Exception {
        ImagePull pull = new ImagePull(1000);
        said(
                pull,
                "{\"status\": \"Downloading\", \"id\": \"aa\", \"progressDetail\": {\"current\": 1, \"total\": 1000}}");
        assertThat(pull.await(Duration.ZERO)).isFalse();
        said(
                pull,
                "{\"status\": \"Downloading\", \"id\": \"bb\", \"progressDetail\": {\"current\": 1, \"total\": 1}}");
        assertThat(pull.await(Duration.ZERO)).isTrue();
        assertThat(pull.isTooLarge()).isTrue();
    }

    @Test
    void registryThatRepeatsWhatItWasSentIsNotQuoted() {
        RegistryLogin login =
                new RegistryLogin("r", "robot", new SecretValue("pa55word".getBytes(UTF_8)));

        assertThat(Pulls.without(login, "not pa55word, not Basic cm9ib3Q6cGE1NXdvcmQ= either"))
                .isEqualTo("not [MASKED], not Basic [MASKED] either");
        assertThat(Pulls.without(null, "anything")).isEqualTo("anything");
    }

    @Test
    void wordsOfTheImagesNameDoNotCount() {
        assertThat(
                        PullFailure.of(
                                "manifest for r.example/unauthorized:1 not found: manifest unknown",
                                ImageReference.parse("r.example/unauthorized:1")))
                .isEqualTo(PullFailure.NOT_FOUND);
    }
}
