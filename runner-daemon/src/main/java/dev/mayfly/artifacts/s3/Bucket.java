package dev.mayfly.artifacts.s3;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.time.Instant;
import java.time.InstantSource;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.services.s3.model.CompletedPart;
import software.amazon.awssdk.services.s3.model.ListObjectsV2Response;
import software.amazon.awssdk.services.s3.model.NoSuchUploadException;

/** The bucket. Names are relative to the configured prefix. Safe for use by many threads. */
final class Bucket implements AutoCloseable {

    private final Store store;
    private final S3Settings.Place place;

    Bucket(S3Settings settings, InstantSource clock) {
        this.store = new Store(settings, clock);
        this.place = settings.place();
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
     * @param wanted whether one that was saved then is fetched
     * @return whether there is one that is wanted
     */
    boolean fetch(String name, FileChannel into, long mostBytes, Predicate<Instant> wanted)
            throws IOException, InterruptedException {
        return new Download(store, key(name), mostBytes, wanted).into(into);
    }

    /** Saves a small object at once. */
    void put(String name, byte[] bytes, int length) throws IOException, InterruptedException {
        store.call(
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
                store.call(
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
                store.call(
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
        store.call(
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
        store.callAtOnce(
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
        store.call(
                "DeleteObject",
                s3 -> s3.deleteObject(request -> request.bucket(bucket()).key(key(name))));
    }

    /**
     * One page of the objects whose names begin so.
     *
     * @param after the page before, or null for the first one
     */
    Page list(String beginning, @Nullable String after) throws IOException, InterruptedException {
        return store.call(
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
        return store.call(
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
        return place.bucket();
    }

    private String key(String name) {
        String prefix = place.prefix();
        return prefix.isEmpty() ? name : prefix + "/" + name;
    }

    private String name(String key) {
        String prefix = place.prefix();
        return prefix.isEmpty() ? key : key.substring(prefix.length() + 1);
    }

    @Override
    public void close() {
        store.close();
    }
}
