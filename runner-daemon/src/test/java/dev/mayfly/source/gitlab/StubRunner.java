package dev.mayfly.source.gitlab;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** A runner as the stub knows it. Its state is guarded by the stub's lock. */
public final class StubRunner {

    private final GitLabStub stub;
    private final long id;
    private final boolean legacy;
    String token;
    String queueValue;
    boolean paused;
    boolean orphaned;
    boolean verifyAsText;
    @Nullable Instant expires;
    @Nullable Duration hold;
    final Deque<StubJob> queue = new ArrayDeque<>();
    final Set<String> managers = new LinkedHashSet<>();
    final Set<String> features = new HashSet<>();

    /** The last value of X-GitLab-Last-Update that each manager has really got. */
    final Map<String, String> delivered = new HashMap<>();

    /** Earlier values too, as {@code manager value}. */
    private final Set<String> everDelivered = new HashSet<>();

    StubRunner(GitLabStub stub, long id, String token, String queueValue, boolean legacy) {
        this.stub = stub;
        this.id = id;
        this.token = token;
        this.queueValue = queueValue;
        this.legacy = legacy;
    }

    void delivered(String manager, String value) {
        delivered.put(manager, value);
        everDelivered.add(manager + " " + value);
    }

    /** Whether a manager can have a value: none at its start. */
    boolean everDelivered(String manager, String value) {
        return value.isEmpty() || everDelivered.contains(manager + " " + value);
    }

    /** The number of the runner at the server. */
    public long id() {
        return id;
    }

    /** Whether it was made by a registration token. */
    public boolean legacy() {
        return legacy;
    }

    /** The token that is valid now. */
    public String token() {
        return stub.locked(() -> token);
    }

    /** A paused runner gets no jobs. */
    public StubRunner paused(boolean paused) {
        return changed(() -> this.paused = paused);
    }

    /** An orphaned one has lost its group or project: 422. */
    public StubRunner orphaned(boolean orphaned) {
        return changed(() -> this.orphaned = orphaned);
    }

    /** Answers verify with the text {@code 200}, as old servers did. */
    public StubRunner verifyAsText(boolean asText) {
        return changed(() -> this.verifyAsText = asText);
    }

    /**
     * When its token ends; a token in the past is refused.
     *
     * @param at null for never
     */
    public StubRunner expires(@Nullable Instant at) {
        return changed(() -> this.expires = at);
    }

    /**
     * How long a request waits for a change, as Workhorse does it.
     *
     * @param duration null for not at all
     */
    public StubRunner hold(@Nullable Duration duration) {
        return changed(() -> this.hold = duration);
    }

    /** Changes the value of the queue, as if a job had come that is for somebody else. */
    public StubRunner tick() {
        return changed(() -> this.queueValue = stub.newQueueValue());
    }

    /** The managers that have verified or asked for jobs, by system_id. */
    public Set<String> managers() {
        return stub.locked(() -> new LinkedHashSet<>(managers));
    }

    /** The features that the last request declared. */
    public Set<String> features() {
        return stub.locked(() -> new HashSet<>(features));
    }

    private StubRunner changed(Runnable change) {
        stub.change(change);
        return this;
    }
}
