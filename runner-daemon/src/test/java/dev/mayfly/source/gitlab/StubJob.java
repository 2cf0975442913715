package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A job as the stub knows it. Its state is guarded by the stub's lock. */
public final class StubJob {

    /** Where a job is, in GitLab's words. */
    public enum Status {
        PENDING,
        RUNNING,
        CANCELING,
        CANCELED,
        SUCCESS,
        FAILED;

        boolean live() {
            return this == RUNNING || this == CANCELING;
        }

        String word() {
            return name().toLowerCase(java.util.Locale.ROOT);
        }
    }

    /**
     * A file that was uploaded.
     *
     * @param type {@code artifact_type}
     * @param format {@code artifact_format}
     * @param expireIn {@code expire_in}
     * @param fileName of the part
     * @param bytes its content, or the beginning of one that is long
     * @param length of all of it, form and all, as it came over the line
     */
    @SuppressWarnings("ArrayRecordComponent") // compared by nobody
    public record Artifact(
            @Nullable String type,
            @Nullable String format,
            @Nullable String expireIn,
            String fileName,
            byte[] bytes,
            long length) {}

    private final GitLabStub stub;
    private final long id;
    private final String token;
    private final ObjectNode payload;
    final Set<String> needs;
    Status status = Status.PENDING;
    @Nullable String failureReason;
    @Nullable Integer exitCode;
    @Nullable StubRunner runner;
    ByteArrayOutputStream trace = new ByteArrayOutputStream();
    @Nullable Integer interval = 3;
    long traceLimit = Long.MAX_VALUE;
    boolean debugTrace;
    boolean artifactsDisabled;
    long artifactLimit = Long.MAX_VALUE;
    int pendingFinals;
    int wrongChecksums;
    int touches;
    int recordedFinals;

    /** Whether the client knows that its final state is recorded. */
    boolean told;

    final List<JsonNode> updates = new ArrayList<>();
    final List<Artifact> artifacts = new ArrayList<>();
    byte @Nullable [] download;
    boolean downloadElsewhere;

    /** From where the client must go on, by what it was told. */
    long clientOffset;

    StubJob(GitLabStub stub, ObjectNode payload, Set<String> needs) {
        this.stub = stub;
        this.id = payload.path("id").asLong();
        this.token = payload.path("token").asText();
        this.payload = payload;
        this.needs = Set.copyOf(needs);
    }

    /** The number of the job. */
    public long id() {
        return id;
    }

    /** The job's own token. */
    public String token() {
        return token;
    }

    ObjectNode payload() {
        return payload;
    }

    /** Where it is now. */
    public Status status() {
        return stub.locked(() -> status);
    }

    /** Why it failed, or null. */
    public @Nullable String failureReason() {
        return stub.locked(() -> failureReason);
    }

    /** The script's exit code, or null when none was sent. */
    public @Nullable Integer exitCode() {
        return stub.locked(() -> exitCode);
    }

    /** What is stored of its log, as text. */
    public String trace() {
        return stub.locked(() -> trace.toString(StandardCharsets.UTF_8));
    }

    /** What is stored of its log. */
    public byte[] traceBytes() {
        return stub.locked(() -> trace.toByteArray());
    }

    /** How often it was heard of without news. */
    public int touches() {
        return stub.locked(() -> touches);
    }

    /** How many final states were recorded: one, if all goes well. */
    public int recordedFinals() {
        return stub.locked(() -> recordedFinals);
    }

    /** The bodies of all updates that named the right token, in order. */
    public List<JsonNode> updates() {
        return stub.locked(() -> List.copyOf(updates));
    }

    /** What was uploaded. */
    public List<Artifact> artifacts() {
        return stub.locked(() -> List.copyOf(artifacts));
    }

    /** Whether its first piece said that it is a debug trace. */
    public boolean debugTrace() {
        return stub.locked(() -> debugTrace);
    }

    /**
     * The interval that the server wishes, in seconds: 3 while somebody watches, else 60.
     *
     * @param seconds null to leave the header out
     */
    public StubJob interval(@Nullable Integer seconds) {
        return changed(() -> interval = seconds);
    }

    /** The instance's limit of a log. */
    public StubJob traceLimit(long bytes) {
        return changed(() -> traceLimit = bytes);
    }

    /** Somebody else has changed the stored log: the next piece does not fit. */
    public StubJob storedTrace(String text) {
        return changed(() -> {
            trace = new ByteArrayOutputStream();
            trace.writeBytes(text.getBytes(StandardCharsets.UTF_8));
        });
    }

    /** So many final states are answered with 202 before one is recorded. */
    public StubJob pendingFinals(int count) {
        return changed(() -> pendingFinals = count);
    }

    /** So many final states are answered with 412; the stored log is thrown away each time. */
    public StubJob wrongChecksums(int count) {
        return changed(() -> wrongChecksums = count);
    }

    /** The project takes no artifacts: 405. */
    public StubJob artifactsDisabled() {
        return changed(() -> artifactsDisabled = true);
    }

    /** The limit of an upload: 413 above. */
    public StubJob artifactLimit(long bytes) {
        return changed(() -> artifactLimit = bytes);
    }

    /**
     * What others download of it.
     *
     * @param elsewhere whether they are sent to another host for it
     */
    public StubJob download(byte[] archive, boolean elsewhere) {
        return changed(() -> {
            download = archive.clone();
            downloadElsewhere = elsewhere;
        });
    }

    /** A user cancels: gracefully where the runner can do that, and the second time by force. */
    public StubJob cancel() {
        return changed(() ->
                status =
                        status != Status.CANCELING
                                        && runner != null
                                        && runner.features.contains("cancel_gracefully")
                                ? Status.CANCELING
                                : Status.CANCELED);
    }

    /** A user cancels by force, or for the second time. */
    public StubJob forceCancel() {
        return changed(() -> status = Status.CANCELED);
    }

    /** The server gives up on the job. */
    public StubJob failOnServer(String reason) {
        return changed(() -> {
            status = Status.FAILED;
            failureReason = reason;
        });
    }

    private StubJob changed(Runnable change) {
        stub.change(change);
        return this;
    }
}
