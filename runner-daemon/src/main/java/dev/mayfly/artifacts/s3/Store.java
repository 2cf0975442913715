package dev.mayfly.artifacts.s3;

import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.S3Configuration;

/**
 * The server. Each request is bounded and repeated with pauses; a server that could not be reached
 * is left alone for a while, so that a job with many caches waits for it once. Safe for use by many
 * threads.
 */
final class Store implements AutoCloseable {

    /** How often a request is tried. */
    static final int ATTEMPTS = 3;

    /** Before the first repetition; later ones are longer. */
    static final Duration FIRST_PAUSE = Duration.ofMillis(200);

    private static final Duration LAST_PAUSE = Duration.ofSeconds(5);
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(5);
    private static final Duration REST = Duration.ofSeconds(30);
    private static final int LEAST_SERVER_FAULT = 500;
    private static final ProfileFile NO_PROFILES = ProfileFile.aggregator().build();

    private final S3Settings settings;
    private final InstantSource clock;
    private final FailureText failures;

    /** Ends requests that take too long. */
    private final ScheduledExecutorService limits =
            Executors.newSingleThreadScheduledExecutor(
                    Thread.ofVirtual().name("s3-limit").factory());

    private final ReentrantLock making = new ReentrantLock();
    private @Nullable S3Client client;
    private @Nullable DefaultCredentialsProvider chain;

    private volatile @Nullable Rest rest;

    /** A server that is not asked. */
    private record Rest(Instant until, String why) {}

    Store(S3Settings settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
        this.failures = new FailureText(settings);
    }

    S3Settings.Place place() {
        return settings.place();
    }

    /**
     * Asks.
     *
     * @param right of the S3 API that the request needs
     * @throws IOException with cause and cure, whatever fails
     */
    <R extends @Nullable Object> R call(String right, Function<S3Client, R> request)
            throws IOException, InterruptedException {
        Rest resting = rest;
        if (resting != null && clock.instant().isBefore(resting.until())) {
            throw new IOException(resting.why() + "; it is not asked again for some seconds");
        }
        return callAtOnce(right, request);
    }

    /** The same, also of a server that is left alone. */
    <R extends @Nullable Object> R callAtOnce(String right, Function<S3Client, R> request)
            throws IOException, InterruptedException {
        try {
            return request.apply(client());
        } catch (RuntimeException e) {
            if (e instanceof AbortedException || Thread.currentThread().isInterrupted()) {
                throw interruption(e);
            }
            String why = failures.of(e, right);
            if (isDown(e)) {
                rest = new Rest(clock.instant().plus(REST), why);
            }
            throw new IOException(why, e);
        }
    }

    /** For whom an interrupt is an answer. */
    static InterruptedException interruption(Exception cause) {
        Thread.interrupted();
        InterruptedException interruption =
                new InterruptedException("a request to the store was interrupted");
        interruption.initCause(cause);
        return interruption;
    }

    /** Whether the failure is the server's, and the next request would fail too. */
    private static boolean isDown(RuntimeException failure) {
        return failure instanceof SdkException
                && (!(failure instanceof AwsServiceException answer)
                        || answer.statusCode() >= LEAST_SERVER_FAULT);
    }

    /** Made when it is first needed: whoever has no cache in a store loads nothing of it. */
    private S3Client client() throws IOException {
        making.lock();
        try {
            S3Client made = client;
            if (made == null) {
                made = connect();
                client = made;
            }
            return made;
        } finally {
            making.unlock();
        }
    }

    private S3Client connect() throws IOException {
        S3Settings.Place place = settings.place();
        UrlConnectionHttpClient.Builder http =
                UrlConnectionHttpClient.builder()
                        .connectionTimeout(CONNECT_LIMIT)
                        .socketTimeout(settings.timeout());
        Path authorities = settings.authorities();
        if (authorities != null) {
            TrustManager[] trusted = Authorities.in(authorities);
            http.tlsTrustManagersProvider(() -> trusted);
        }
        // Not what AWS would have by default: other servers know neither checksums behind the body
        // nor bodies in signed chunks. And nothing by a profile of whoever runs the daemon.
        S3ClientBuilder builder =
                S3Client.builder()
                        .region(Region.of(place.region()))
                        .forcePathStyle(place.pathStyle())
                        .credentialsProvider(credentials())
                        .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                        .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                        .disableS3ExpressSessionAuth(true)
                        .serviceConfiguration(
                                S3Configuration.builder()
                                        .chunkedEncodingEnabled(false)
                                        .expectContinueEnabled(false)
                                        .profileFile(NO_PROFILES)
                                        .build())
                        .httpClientBuilder(http)
                        .overrideConfiguration(
                                ClientOverrideConfiguration.builder()
                                        .apiCallAttemptTimeout(settings.timeout())
                                        .apiCallTimeout(settings.timeout().multipliedBy(ATTEMPTS))
                                        .retryStrategy(
                                                AwsRetryStrategy.standardRetryStrategy().toBuilder()
                                                        .maxAttempts(ATTEMPTS)
                                                        .backoffStrategy(
                                                                BackoffStrategy.exponentialDelay(
                                                                        FIRST_PAUSE, LAST_PAUSE))
                                                        .build())
                                        .scheduledExecutorService(limits)
                                        .defaultProfileFile(NO_PROFILES)
                                        .build());
        if (place.endpoint() != null) {
            builder.endpointOverride(place.endpoint());
        }
        try {
            return builder.build();
        } catch (IllegalArgumentException e) {
            // Its message quotes a file that may hold keys.
            throw new IOException(
                    "the AWS profiles of this daemon's user cannot be read, which the client does in"
                            + " any case: correct or remove ~/.aws/config and ~/.aws/credentials",
                    e);
        }
    }

    private AwsCredentialsProvider credentials() {
        return switch (settings.access()) {
            case S3Settings.Access.KeyFiles files -> new KeyFiles(files);
            case S3Settings.Access.AwsChain() -> {
                DefaultCredentialsProvider made = DefaultCredentialsProvider.builder().build();
                chain = made;
                yield made;
            }
        };
    }

    @Override
    public void close() {
        making.lock();
        try {
            if (client != null) {
                client.close();
            }
            if (chain != null) {
                chain.close();
            }
        } finally {
            making.unlock();
        }
        limits.shutdownNow();
    }
}
