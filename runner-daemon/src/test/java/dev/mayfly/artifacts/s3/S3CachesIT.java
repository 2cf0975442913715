package dev.mayfly.artifacts.s3;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.CuttingProxy;
import dev.mayfly.Eventually;
import dev.mayfly.artifacts.CacheBounds;
import dev.mayfly.artifacts.CacheScope;
import dev.mayfly.artifacts.CacheStore;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.PoolName;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.channels.Channels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Caches in a real S3 server. Needs no engine. */
@Timeout(240)
class S3CachesIT {

    private static final CacheScope SCOPE = scope("untrusted", "shop", "7");
    private static final int PART_BYTES = 8 << 20;
    private static final Duration SOON = Duration.ofMinutes(1);

    @TempDir private static Path home;
    private static S3Server server;

    @TempDir private Path spool;
    private final List<S3Caches> opened = new ArrayList<>();
    private Instant now = Instant.now();
    private S3Caches caches;

    @BeforeAll
    static void start() throws Exception {
        server = S3Server.start(home);
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
    }

    @BeforeEach
    void open() {
        caches = caches(bounds(1 << 30, 100 << 20));
    }

    @AfterEach
    void empty() {
        opened.forEach(S3Caches::close);
        server.empty();
    }

    // -- what any store does

    @Test
    void cacheIsFoundUnderTheFirstKeyThatHasOne() throws Exception {
        save(SCOPE, "old", "of the old key");

        assertThat(find(SCOPE, "new", "old")).contains("old: of the old key");
        save(SCOPE, "new", "of the new key");
        assertThat(find(SCOPE, "new", "old")).contains("new: of the new key");
        assertThat(find(SCOPE, "other")).isEmpty();
    }

    @Test
    void laterOneTakesThePlaceOfTheEarlierOne() throws Exception {
        save(SCOPE, "key", "first");
        save(SCOPE, "key", "second");

        assertThat(find(SCOPE, "key")).contains("key: second");
        assertThat(server.objects()).hasSize(1);
    }

    @Test
    void nobodyFindsTheCacheOfAnotherPoolOwnerOrProject() throws Exception {
        save(SCOPE, "key", "mine");

        assertThat(find(scope("trusted", "shop", "7"), "key")).isEmpty();
        assertThat(find(scope("untrusted", "other", "7"), "key")).isEmpty();
        assertThat(find(scope("untrusted", "shop", "8"), "key")).isEmpty();
        assertThat(find(SCOPE, "key")).isPresent();
    }

    @Test
    void nameOfAnObjectIsNoChoiceOfAJob() throws Exception {
        String key = "../../trusted/" + "0".repeat(64) + "/../*?\u0000";
        save(SCOPE, key, "contained");

        assertThat(find(SCOPE, key)).isPresent();
        assertThat(server.objects())
                .singleElement()
                .asString()
                .matches("mayfly/ci/untrusted/[0-9a-f]{64}/[0-9a-f]{64}");
    }

    @Test
    void otherHostFindsWhatThisOneHasSaved() throws Exception {
        save(SCOPE, "key", "from here");

        caches = caches(bounds(1 << 30, 100 << 20));
        assertThat(find(SCOPE, "key")).contains("key: from here");
    }

    @Test
    void largeOneGoesInPartsAndComesBackToTheByte() throws Exception {
        byte[] content = random(2 * PART_BYTES + 12_345);
        caches.save(SCOPE, "large", out -> out.write(content));

        try (CacheStore.Found found = caches.find(SCOPE, List.of("large")).orElseThrow();
                InputStream in = Channels.newInputStream(found.archive())) {
            assertThat(in.readAllBytes()).isEqualTo(content);
        }
        assertThat(server.uploads()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {PART_BYTES - Seal.BYTES, PART_BYTES - 1, PART_BYTES, PART_BYTES + 1})
    void partsMayEndAnywhere(int bytes) throws Exception {
        byte[] content = random(bytes);
        caches.save(SCOPE, "edge", out -> out.write(content));

        try (CacheStore.Found found = caches.find(SCOPE, List.of("edge")).orElseThrow();
                InputStream in = Channels.newInputStream(found.archive())) {
            assertThat(in.readAllBytes()).isEqualTo(content);
        }
    }

    @Test
    void tooLargeOneIsNeitherSavedNorFetched() throws Exception {
        S3Caches small = caches(bounds(1 << 30, 10));

        assertThatThrownBy(() -> small.save(SCOPE, "key", out -> out.write(new byte[11])))
                .isInstanceOf(IOException.class)
                .hasMessage("it is larger than 10 bytes, which is this host's limit");
        assertThat(server.objects()).isEmpty();
        caches.save(SCOPE, "key", out -> out.write(new byte[11]));
        assertThatThrownBy(() -> small.find(SCOPE, List.of("key")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("it is larger than cache.max_entry allows");
        assertThat(spooled()).isEmpty();
    }

    // -- integrity

    @Test
    void objectThatWasTamperedWithIsNotHandedOutAndNamed() throws Exception {
        save(SCOPE, "key", "a content of some length");
        String name = server.objects().getFirst();
        byte[] content = server.object(name);
        content[3] ^= 1;
        server.put(name, content);

        assertThatThrownBy(() -> caches.find(SCOPE, List.of("key")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("is damaged or not Mayfly's")
                .hasMessageContaining(name.substring("mayfly/ci/".length()));
        save(SCOPE, "fallback", "of the fallback key");
        assertThat(find(SCOPE, "key", "fallback")).contains("fallback: of the fallback key");
        save(SCOPE, "key", "anew");
        assertThat(find(SCOPE, "key")).contains("key: anew");
        assertThat(spooled()).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 5, Seal.BYTES, 400})
    void objectOfSomebodyElseIsNotHandedOut(int bytes) throws Exception {
        save(SCOPE, "key", "content");
        server.put(server.objects().getFirst(), random(bytes));

        assertThatThrownBy(() -> caches.find(SCOPE, List.of("key")))
                .hasMessageContaining("is damaged or not Mayfly's");
    }

    @Test
    void objectUnderTheNameOfAnotherIsNotHandedOut() throws Exception {
        save(SCOPE, "key", "of an untrusted pool");
        byte[] poisoned = server.object(server.objects().getFirst());
        CacheScope trusted = scope("trusted", "shop", "7");
        save(trusted, "key", "of a trusted pool");
        String name = server.objects().getFirst();
        assertThat(name).contains("/trusted/");
        server.put(name, poisoned);

        assertThatThrownBy(() -> caches.find(trusted, List.of("key")))
                .hasMessageContaining("is damaged or not Mayfly's");
    }

    // -- what breaks off

    @Test
    void uploadThatIsRefusedOnItsWayLeavesNothing() throws Exception {
        save(SCOPE, "key", "before");

        assertThatThrownBy(() ->
                        caches.save(
                                SCOPE,
                                "key",
                                out -> {
                                    out.write(random(2 * PART_BYTES));
                                    assertThat(server.uploads()).hasSize(1);
                                    throw new FaultException(
                                            Fault.ARTIFACTS, "a file holds a secret");
                                }))
                .hasMessage("a file holds a secret");
        assertThat(server.uploads()).isEmpty();
        assertThat(find(SCOPE, "key")).contains("key: before");
    }

    @Test
    void interruptedUploadEndsAtOnceAndLeavesNothing() throws Exception {
        CountDownLatch inParts = new CountDownLatch(1);
        AtomicReference<@Nullable Throwable> end = new AtomicReference<>();
        Thread job =
                Thread.ofVirtual()
                        .start(() -> {
                            try {
                                caches.save(
                                        SCOPE,
                                        "key",
                                        out -> {
                                            out.write(random(PART_BYTES + 1));
                                            inParts.countDown();
                                            while (true) {
                                                out.write(random(1 << 16));
                                            }
                                        });
                            } catch (Throwable e) {
                                end.set(e);
                            }
                        });
        inParts.await();
        job.interrupt();
        job.join();

        assertThat(end.get()).isInstanceOfAny(InterruptedException.class, IOException.class);
        assertThat(server.uploads()).isEmpty();
        assertThat(server.objects()).isEmpty();
    }

    @Test
    void serverThatStopsInTheMiddleFailsTheUploadAndIsSweptLater() throws Exception {
        try {
            assertThatThrownBy(() ->
                            caches.save(
                                    SCOPE,
                                    "key",
                                    out -> {
                                        out.write(random(PART_BYTES + 1));
                                        kill();
                                        out.write(random(PART_BYTES));
                                    }))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("cannot be reached")
                    .hasMessageContaining("check cache.s3.endpoint, and that it runs");
        } finally {
            server.run();
        }
        assertThat(server.uploads()).hasSize(1);

        now = Instant.now().plus(Duration.ofHours(7));
        caches = caches(bounds(1 << 30, 100 << 20));
        save(SCOPE, "other", "content");
        assertThat(server.uploads()).isEmpty();
    }

    @Test
    void uploadOfSomebodyElseIsLeftAlone() throws Exception {
        server.beginUpload("mayfly/ci/elsewhere/upload");
        now = Instant.now().plus(Duration.ofHours(7));
        save(SCOPE, "key", "content");

        assertThat(server.uploads()).containsExactly("mayfly/ci/elsewhere/upload");
    }

    @Test
    void downloadThatIsCutOffAgainAndAgainIsGivenUp() throws Exception {
        caches.save(SCOPE, "key", out -> out.write(random(1 << 20)));
        URI endpoint = server.endpoint();
        try (CuttingProxy network =
                new CuttingProxy(
                        new InetSocketAddress(InetAddress.getLoopbackAddress(), endpoint.getPort()),
                        100_000)) {
            S3Caches behind =
                    caches(
                            settings(URI.create("http://127.0.0.1:" + network.port())),
                            bounds(1 << 30, 100 << 20));

            assertThatThrownBy(() -> behind.find(SCOPE, List.of("key")))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("broke off while it sent, 3 times");
            assertThat(network.cuts()).isEqualTo(3);
        }
        assertThat(spooled()).isEmpty();
    }

    @Test
    void storeThatDoesNotAnswerIsAskedOnceAndThenLeftAlone() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            S3Settings settings = settings(URI.create("http://127.0.0.1:" + silent.getLocalPort()));
            AtomicReference<Integer> asked = new AtomicReference<>(0);
            Thread.ofVirtual().start(() -> swallow(silent, asked));
            S3Caches behind =
                    caches(
                            new S3Settings(
                                    settings.place(),
                                    settings.access(),
                                    null,
                                    Duration.ofSeconds(2)),
                            bounds(1 << 30, 100 << 20));

            assertThatThrownBy(() -> behind.find(SCOPE, List.of("key", "fallback")))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("did not answer within cache.s3.timeout, 2 s");
            int before = asked.get();
            assertThatThrownBy(() -> behind.save(SCOPE, "key", out -> out.write(1)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("it is not asked again for some seconds");
            assertThat(asked.get()).isEqualTo(before).isPositive();
        }
    }

    @Test
    void storeIsAskedAgainAfterItsRest() throws Exception {
        save(SCOPE, "key", "content");
        kill();
        try {
            assertThatThrownBy(() -> caches.find(SCOPE, List.of("key")))
                    .hasMessageContaining("cannot be reached");
        } finally {
            server.run();
        }

        assertThatThrownBy(() -> caches.find(SCOPE, List.of("key")))
                .hasMessageContaining("it is not asked again for some seconds");
        now = now.plusSeconds(31);
        assertThat(find(SCOPE, "key")).contains("key: content");
    }

    // -- who is let in

    @Test
    void wrongKeysAreNamedByTheirFileAndNotShown() throws Exception {
        S3Caches wrongSecret = withKeys(S3Server.ACCESS_KEY, "wrong-secret-key-value");

        assertThatThrownBy(() -> wrongSecret.find(SCOPE, List.of("key")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("answered 403 SignatureDoesNotMatch")
                .hasMessageContaining("check cache.s3.secret_key_file")
                .hasMessageNotContaining("wrong-secret-key-value");
        S3Caches unknown = withKeys("AKIDOFNOBODY", S3Server.SECRET_KEY);

        assertThatThrownBy(() -> unknown.save(SCOPE, "key", out -> out.write(1)))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("answered 403 InvalidAccessKeyId")
                .hasMessageContaining("check cache.s3.access_key_file")
                .hasMessageNotContaining(S3Server.SECRET_KEY);
    }

    @Test
    void keysMayBeExchangedWhileTheDaemonRuns() throws Exception {
        Path secret = keyFile("secret", "not yet the right one");
        Files.writeString(secret, "wrong");
        S3Caches own = withKeys(keyFile("access", S3Server.ACCESS_KEY), secret);
        assertThatThrownBy(() -> own.find(SCOPE, List.of("key")))
                .hasMessageContaining("SignatureDoesNotMatch");

        Files.writeString(secret, S3Server.SECRET_KEY);
        assertThat(own.find(SCOPE, List.of("key"))).isEmpty();
    }

    @Test
    void keyFilesThatCannotBeUsedAreNamed() throws Exception {
        Path access = keyFile("access", S3Server.ACCESS_KEY);
        Path open = keyFile("secret", S3Server.SECRET_KEY);
        Files.setPosixFilePermissions(open, PosixFilePermissions.fromString("rw-r--r--"));

        assertThatThrownBy(() -> withKeys(access, open).find(SCOPE, List.of("key")))
                .hasMessage(
                        "cache.s3.secret_key_file: %s can be read by every user of this host: chmod"
                                        .formatted(open)
                                + " o-r "
                                + open);
        Path none = open.resolveSibling("none");
        assertThatThrownBy(() -> withKeys(none, open).find(SCOPE, List.of("key")))
                .hasMessage("cache.s3.access_key_file: " + none + " is not there");
        Path two = keyFile("two", "two words");
        assertThatThrownBy(() -> withKeys(two, open).find(SCOPE, List.of("key")))
                .hasMessageContaining("holds more than one word")
                .hasMessageNotContaining("two words");
    }

    @Test
    void ordinaryChainIsAskedWhereItIsWanted() throws Exception {
        S3Settings settings = settings(server.endpoint());
        S3Settings chain =
                new S3Settings(
                        settings.place(),
                        new S3Settings.Access.AwsChain(),
                        null,
                        settings.timeout());
        Path profile = home.resolve("credentials");
        Files.writeString(
                profile,
                "[default]\naws_access_key_id = %s\naws_secret_access_key = %s\n"
                        .formatted(S3Server.ACCESS_KEY, S3Server.SECRET_KEY));
        // The host's role would be asked for at an address of a cloud.
        System.setProperty("aws.disableEc2Metadata", "true");
        System.setProperty("aws.sharedCredentialsFile", profile.toString());
        try {
            caches = caches(chain, bounds(1 << 30, 1 << 20));
            save(SCOPE, "key", "content");
            assertThat(find(SCOPE, "key")).contains("key: content");

            System.setProperty("aws.sharedCredentialsFile", home.resolve("none").toString());
            assertThatThrownBy(() ->
                            caches(chain, bounds(1 << 30, 1 << 20)).find(SCOPE, List.of("key")))
                    .isInstanceOf(IOException.class)
                    .hasMessage(
                            "cache.s3.credentials is aws_chain, and there are none in the"
                                    + " environment, the profile and the host's role");
        } finally {
            System.clearProperty("aws.sharedCredentialsFile");
            System.clearProperty("aws.disableEc2Metadata");
        }
    }

    @Test
    void brokenProfileOfWhoeverRunsTheDaemonIsNamed() throws Exception {
        Path profile = Files.writeString(home.resolve("broken"), "[default\nkey = canary");
        System.setProperty("aws.sharedCredentialsFile", profile.toString());
        try {
            assertThatThrownBy(() -> caches.find(SCOPE, List.of("key")))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining("correct or remove ~/.aws/config and ~/.aws/credentials")
                    .hasMessageNotContaining("canary");
        } finally {
            System.clearProperty("aws.sharedCredentialsFile");
        }
    }

    @Test
    void missingBucketIsNamed() {
        S3Settings settings = settings(server.endpoint());
        S3Caches elsewhere =
                caches(
                        new S3Settings(
                                new S3Settings.Place(
                                        server.endpoint(), "us-east-1", "no-such", "", true),
                                settings.access(),
                                null,
                                settings.timeout()),
                        bounds(1 << 30, 1 << 20));

        assertThatThrownBy(() -> elsewhere.find(SCOPE, List.of("key")))
                .isInstanceOf(IOException.class)
                .hasMessage(
                        "s3://no-such at %s answered 404 NoSuchBucket: create the bucket, or correct"
                                        .formatted(server.endpoint())
                                + " cache.s3.bucket and path_style");
        assertThatThrownBy(() -> elsewhere.save(SCOPE, "key", out -> out.write(1)))
                .hasMessageContaining("NoSuchBucket");
    }

    @Test
    void ownAuthorityIsTrustedAndNobodyElse() throws Exception {
        S3Settings plain = settings(server.tlsEndpoint());
        S3Settings trusting =
                new S3Settings(plain.place(), plain.access(), server.authority(), plain.timeout());
        caches = caches(trusting, bounds(1 << 30, 100 << 20));
        caches.save(SCOPE, "key", out -> out.write(random(PART_BYTES + 1)));

        assertThat(find(SCOPE, "key")).isPresent();
        assertThatThrownBy(
                        () -> caches(plain, bounds(1 << 30, 1 << 20)).find(SCOPE, List.of("key")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cannot be spoken to over TLS")
                .hasMessageContaining("check cache.s3.ca_file");
        Path broken = Files.writeString(spool.resolve("broken.pem"), "no certificate");
        assertThatThrownBy(() ->
                        caches(
                                        new S3Settings(
                                                plain.place(),
                                                plain.access(),
                                                broken,
                                                plain.timeout()),
                                        bounds(1 << 30, 1 << 20))
                                .find(SCOPE, List.of("key")))
                .isInstanceOf(IOException.class)
                .hasMessageContaining("cache.s3.ca_file: " + broken + " cannot be used");
    }

    // -- eviction

    @Test
    void oldOneIsNotFoundAndGoesWhenAnotherIsSaved() throws Exception {
        save(SCOPE, "old", "content");
        now = Instant.now().plus(Duration.ofDays(15));

        assertThat(find(SCOPE, "old")).isEmpty();
        assertThat(server.objects()).hasSize(1);
        now = Instant.now().plus(Duration.ofDays(13));
        save(SCOPE, "young", "content");
        assertThat(server.objects()).hasSize(2);
        now = Instant.now().plus(Duration.ofDays(15));
        save(SCOPE, "young", "content");
        assertThat(server.objects()).isEmpty();
    }

    @Test
    void firstSavedGoWhereThePoolHasNoRoomAndOtherPoolsKeepTheirs() throws Exception {
        S3Caches roomy = caches(bounds(2 * (1000 + Seal.BYTES), 100 << 20));
        roomy.save(scope("trusted", "shop", "7"), "key", out -> out.write(random(1500)));
        server.put("mayfly/ci/untrusted/notes.txt", random(5000));
        for (String key : List.of("first", "second", "third")) {
            roomy.save(SCOPE, key, out -> out.write(random(1000)));
            now = now.plus(Duration.ofMinutes(11));
            // The store tells times in seconds.
            Instant saved = Instant.now();
            Eventually.holds("a second passes", SOON, () -> isLater(saved));
        }

        assertThat(roomy.find(SCOPE, List.of("first"))).isEmpty();
        assertThat(roomy.find(SCOPE, List.of("second"))).isPresent();
        assertThat(roomy.find(SCOPE, List.of("third"))).isPresent();
        assertThat(server.objects())
                .hasSize(4)
                .contains("mayfly/ci/untrusted/notes.txt")
                .anyMatch(name -> name.startsWith("mayfly/ci/trusted/"));
    }

    private static boolean isLater(Instant than) {
        return Duration.between(than, Instant.now()).toMillis() > 1000;
    }

    // -- what the doctor asks

    @Test
    void examinationWritesReadsAndLeavesNothing() throws Exception {
        assertThat(caches.examine())
                .isEqualTo(
                        new S3Caches.Report(
                                "s3://ci-cache/mayfly/ci at " + server.endpoint(), List.of()));
        assertThat(server.objects()).isEmpty();
    }

    @Test
    void examinationTellsWhatIsWrong() throws Exception {
        assertThat(withKeys(S3Server.ACCESS_KEY, "wrong").examine().troubles())
                .singleElement()
                .asString()
                .contains("check cache.s3.secret_key_file");
    }

    // -- parts

    private static void swallow(ServerSocket silent, AtomicReference<Integer> asked) {
        try {
            while (true) {
                silent.accept(); // left open until the test's socket is closed
                asked.updateAndGet(count -> count + 1);
            }
        } catch (IOException e) {
            // the test is over
        }
    }

    private static void kill() {
        try {
            server.kill();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private S3Caches caches(CacheBounds bounds) {
        return caches(settings(server.endpoint()), bounds);
    }

    private S3Caches caches(S3Settings settings, CacheBounds bounds) {
        S3Caches made =
                new S3Caches(
                        settings,
                        bounds,
                        spool,
                        () -> now,
                        scope -> scope.source() + "\u0000" + scope.project());
        opened.add(made);
        return made;
    }

    private S3Caches withKeys(String access, String secret) throws IOException {
        return withKeys(keyFile("access", access), keyFile("secret", secret));
    }

    private S3Caches withKeys(Path access, Path secret) {
        S3Settings settings = settings(server.endpoint());
        return caches(
                new S3Settings(
                        settings.place(),
                        new S3Settings.Access.KeyFiles(access, secret, null),
                        null,
                        settings.timeout()),
                bounds(1 << 30, 1 << 20));
    }

    private Path keyFile(String name, String content) throws IOException {
        Path file = Files.createTempFile(home, name, ".key");
        Files.writeString(file, content + "\n");
        Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rw-------"));
        return file;
    }

    private static S3Settings settings(URI endpoint) {
        return new S3Settings(
                new S3Settings.Place(endpoint, "us-east-1", S3Server.BUCKET, "mayfly/ci", true),
                new S3Settings.Access.KeyFiles(
                        server.accessKeyFile(), server.secretKeyFile(), null),
                null,
                Duration.ofSeconds(30));
    }

    private static CacheBounds bounds(long poolBytes, long entryBytes) {
        return new CacheBounds(poolBytes, entryBytes, Duration.ofDays(14));
    }

    private static CacheScope scope(String pool, String source, String project) {
        return new CacheScope(new PoolName(pool), source, project);
    }

    private void save(CacheScope scope, String key, String content) throws Exception {
        caches.save(scope, key, out -> out.write(content.getBytes(UTF_8)));
    }

    private Optional<String> find(CacheScope scope, String... keys) throws Exception {
        Optional<CacheStore.Found> found = caches.find(scope, List.of(keys));
        if (found.isEmpty()) {
            return Optional.empty();
        }
        try (CacheStore.Found one = found.get();
                InputStream in = Channels.newInputStream(one.archive())) {
            return Optional.of(one.key() + ": " + new String(in.readAllBytes(), UTF_8));
        }
    }

    private List<Path> spooled() throws IOException {
        try (Stream<Path> files = Files.list(spool)) {
            return files.toList();
        }
    }

    private static byte[] random(int bytes) {
        byte[] content = new byte[bytes];
        new Random(bytes).nextBytes(content);
        return content;
    }
}
