package dev.mayfly.artifacts.s3;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Function;
import javax.net.ssl.TrustManager;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;
import software.amazon.awssdk.auth.credentials.AwsCredentialsProvider;
import software.amazon.awssdk.auth.credentials.DefaultCredentialsProvider;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.awscore.retry.AwsRetryStrategy;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.client.config.ClientOverrideConfiguration;
import software.amazon.awssdk.core.exception.AbortedException;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.profiles.ProfileFile;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.retries.api.BackoffStrategy;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.NoSuchUploadException;

/**
 * The bucket. Names are relative to the configured prefix. Each request is bounded and repeated
 * with pauses; a store that could not be reached is left alone for a while, so that a job with many
 * caches waits for it once. Safe for use by many threads.
 */
final class Bucket implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(Bucket.class);

    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(5);
    private static final int ATTEMPTS = 3;
    private static final Duration FIRST_PAUSE = Duration.ofMillis(200);
    private static final Duration LAST_PAUSE = Duration.ofSeconds(5);
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

    /** A store that is not asked. */
    private record Rest(Instant until, String why) {}

    Bucket(S3Settings settings, InstantSource clock) {
        this.settings = settings;
        this.clock = clock;
        this.failures = new FailureText(settings);
    }

    /**
     * An object.
     *
     * @param bytes its size
     * @param saved when
     */
    record Stored(String name, long bytes, Instant saved) {}

    /**
     * An upload in parts that somebody has begun.
     *
     * @param id the server's
     */
    record Begun(String name, String id) {}

    /**
     * Fetches an object.
     *
     * @param into replaced
     * @param mostBytes of an object that is fetched
     * @return when it was saved; empty if it is not there
     */
    Optional<Instant> fetch(String name, FileChannel into, long mostBytes)
            throws IOException, InterruptedException {
        for (int attempt = 1; ; attempt++) {
            into.truncate(0);
            try (ResponseInputStream<GetObjectResponse> body = open(name)) {
                return body == null ? Optional.empty() : take(body, into, mostBytes);
            } catch (CutOff e) {
                if (attempt == ATTEMPTS) {
                    throw new IOException(
                            settings.place().described()
                                    + " broke off while it sent, "
                                    + ATTEMPTS
                                    + " times",
                            e);
                }
                LOG.debug("object={} was cut off", name, e);
                Thread.sleep(FIRST_PAUSE.multipliedBy(attempt));
            }
        }
    }

    private @Nullable ResponseInputStream<GetObjectResponse> open(String name)
            throws IOException, InterruptedException {
        return call(
                "GetObject",
                s3 -> {
                    try {
                        return s3.getObject(request -> request.bucket(bucket()).key(key(name)));
                    } catch (NoSuchKeyException _) {
                        return null;
                    }
                });
    }

    private Optional<Instant> take(
            ResponseInputStream<GetObjectResponse> body, FileChannel into, long mostBytes)
            throws IOException, InterruptedException {
        boolean whole = false;
        try {
            copy(body, lengthOf(body.response(), mostBytes), into);
            whole = true;
            return Optional.of(body.response().lastModified());
        } finally {
            if (!whole) {
                body.abort(); // closing it would read the rest
            }
        }
    }

    private long lengthOf(GetObjectResponse answer, long mostBytes) throws IOException {
        // What other servers than S3's send is not what the SDK promises.
        if (answer.contentLength() == null || answer.lastModified() == null) {
            throw new IOException(
                    settings.place().described()
                            + " answers other than an S3 server: check cache.s3.endpoint, and"
                            + " proxies on the way");
        }
        if (answer.contentLength() > mostBytes) {
            throw new IOException("it is larger than cache.max_entry allows");
        }
        return answer.contentLength();
    }

    /** A body that ended before its end. */
    private static final class CutOff extends IOException {
        private static final long serialVersionUID = 1L;

        CutOff(String message, @Nullable Exception cause) {
            super(message, cause);
        }
    }

    private static void copy(
            ResponseInputStream<GetObjectResponse> body, long length, FileChannel into)
            throws IOException, InterruptedException {
        byte[] piece = new byte[1 << 16];
        long left = length;
        try {
            while (left > 0) {
                int got = read(body, piece, (int) Math.min(piece.length, left));
                ByteBuffer out = ByteBuffer.wrap(piece, 0, got);
                while (out.hasRemaining()) {
                    into.write(out);
                }
                left -= got;
            }
        } catch (ClosedByInterruptException e) {
            throw interruption(e);
        }
    }

    private static int read(ResponseInputStream<GetObjectResponse> body, byte[] piece, int most)
            throws IOException, InterruptedException {
        try {
            int got = body.read(piece, 0, most);
            if (got <= 0) {
                throw new CutOff("it ended too early", null);
            }
            return got;
        } catch (IOException | SdkException e) {
            if (Thread.currentThread().isInterrupted()) {
                throw interruption(e);
            }
            throw new CutOff(String.valueOf(e.getMessage()), e);
        }
    }

    private static InterruptedException interruption(Exception cause) {
        Thread.interrupted();
        InterruptedException interruption =
                new InterruptedException("a request to the store was interrupted");
        interruption.initCause(cause);
        return interruption;
    }

    /** Saves a small object at once. */
    void put(String name, byte[] bytes, int length) throws IOException, InterruptedException {
        call(
                "PutObject",
                s3 ->
                        s3.putObject(
                                request -> request.bucket(bucket()).key(key(name)),
                                body(bytes, length)));
    }

    /** Not copied, and read once more when the request is repeated. */
    private static RequestBody body(byte[] bytes, int length) {
        return RequestBody.fromContentProvider(
                () -> new ByteArrayInputStream(bytes, 0, length),
                length,
                "application/octet-stream");
    }

    /** Begins an upload in parts, which is nothing until it is completed. */
    Begun begin(String name) throws IOException, InterruptedException {
        return new Begun(
                name,
                call(
                                "PutObject",
                                s3 ->
                                        s3.createMultipartUpload(request ->
                                                request.bucket(bucket())
                                                        .key(key(name))
                                                        .contentType("application/octet-stream")))
                        .uploadId());
    }

    /**
     * Sends a part.
     *
     * @param number from 1
     * @return what the server calls it
     */
    CompletedPart part(Begun upload, int number, byte[] bytes, int length)
            throws IOException, InterruptedException {
        String tag =
                call(
                                "PutObject",
                                s3 ->
                                        s3.uploadPart(
                                                request ->
                                                        request.bucket(bucket())
                                                                .key(key(upload.name()))
                                                                .uploadId(upload.id())
                                                                .partNumber(number),
                                                body(bytes, length)))
                        .eTag();
        return CompletedPart.builder().partNumber(number).eTag(tag).build();
    }

    /** Makes an object of the parts, in the place of an earlier one. */
    void complete(Begun upload, List<CompletedPart> parts)
            throws IOException, InterruptedException {
        call(
                "PutObject",
                s3 ->
                        s3.completeMultipartUpload(request ->
                                request.bucket(bucket())
                                        .key(key(upload.name()))
                                        .uploadId(upload.id())
                                        .multipartUpload(all -> all.parts(parts))));
    }

    /** Drops the parts. That there is no such upload is as good. */
    void abort(Begun upload) throws IOException, InterruptedException {
        callAtOnce(
                "AbortMultipartUpload",
                s3 -> {
                    try {
                        return Optional.of(
                                s3.abortMultipartUpload(request ->
                                        request.bucket(bucket())
                                                .key(key(upload.name()))
                                                .uploadId(upload.id())));
                    } catch (NoSuchUploadException _) {
                        return Optional.empty();
                    }
                });
    }

    /** Removes an object. That there is none is as good. */
    void delete(String name) throws IOException, InterruptedException {
        call(
                "DeleteObject",
                s3 -> s3.deleteObject(request -> request.bucket(bucket()).key(key(name))));
    }

    /**
     * One page of the objects whose names begin so.
     *
     * @param after the page before, or null for the first one
     */
    Page list(String beginning, @Nullable String after) throws IOException, InterruptedException {
        return call(
                "ListBucket",
                s3 -> {
                    ListObjectsV2Response page =
                            s3.listObjectsV2(request ->
                                    request.bucket(bucket())
                                            .prefix(key(beginning))
                                            .continuationToken(after));
                    return new Page(
                            page.contents().stream()
                                    .map(one ->
                                            new Stored(
                                                    name(one.key()),
                                                    one.size(),
                                                    one.lastModified()))
                                    .toList(),
                            Boolean.TRUE.equals(page.isTruncated())
                                    ? page.nextContinuationToken()
                                    : null);
                });
    }

    /**
     * Some objects.
     *
     * @param next how to ask for more, or null for the last page
     */
    record Page(List<Stored> objects, @Nullable String next) {
        Page {
            objects = List.copyOf(objects);
        }
    }

    /** Uploads of such names that began before then, a thousand at most. */
    List<Begun> begun(String beginning, Instant before) throws IOException, InterruptedException {
        return call(
                "ListBucketMultipartUploads",
                s3 ->
                        s3
                                .listMultipartUploads(
                                        request -> request.bucket(bucket()).prefix(key(beginning)))
                                .uploads()
                                .stream()
                                .filter(one -> one.initiated().isBefore(before))
                                .map(one -> new Begun(name(one.key()), one.uploadId()))
                                .toList());
    }

    private String bucket() {
        return settings.place().bucket();
    }

    private String key(String name) {
        String prefix = settings.place().prefix();
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    private String name(String key) {
        String prefix = settings.place().prefix();
        return prefix.isEmpty() ? key : key.substring(prefix.length() + 1);
    }

    // -- requests

    private <R extends @Nullable Object> R call(String right, Function<S3Client, R> request)
            throws IOException, InterruptedException {
        Rest resting = rest;
        if (resting != null && clock.instant().isBefore(resting.until())) {
            throw new IOException(resting.why() + "; it is not asked again for some seconds");
        }
        return callAtOnce(right, request);
    }

    private <R extends @Nullable Object> R callAtOnce(String right, Function<S3Client, R> request)
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

    /** Whether the failure is the store's, and the next request would fail too. */
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
