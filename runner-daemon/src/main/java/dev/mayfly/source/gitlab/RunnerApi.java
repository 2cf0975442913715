package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.source.gitlab.GitLabHttp.Request;
import io.vertx.core.Vertx;
import io.vertx.core.http.HttpMethod;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.time.OffsetDateTime;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/**
 * What a daemon says to a server as a runner: registration, tokens, and the wish for a job. Safe
 * for use by many threads.
 */
public final class RunnerApi implements AutoCloseable {

    private static final int ATTEMPTS = 5;
    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(30);
    private static final Duration FIRST_PAUSE = Duration.ofMillis(100);
    private static final Duration LONGEST_PAUSE = Duration.ofSeconds(60);

    private final GitLabHttp http;
    private final RunnerInfo info;
    private final SystemId system;
    private final @Nullable String authorities;
    private final InstantSource clock;
    private final RandomGenerator random;

    private RunnerApi(
            GitLabHttp http, RunnerInfo info, SystemId system, @Nullable String authorities) {
        this.authorities = authorities;
        this.http = http;
        this.info = info;
        this.system = system;
        this.clock = InstantSource.system();
        this.random = RandomGenerator.getDefault();
    }

    /**
     * Prepares to speak to a server; connects with the first call.
     *
     * @param vertx belongs to the caller
     * @throws IllegalArgumentException naming the file of a certificate that cannot be used
     */
    public static RunnerApi open(
            Vertx vertx, Connection connection, RunnerInfo info, SystemId system) {
        return new RunnerApi(
                new GitLabHttp(vertx, connection, info), info, system, authorities(connection));
    }

    private static @Nullable String authorities(Connection connection) {
        Path file = connection.authority();
        try {
            return file == null ? null : Files.readString(file);
        } catch (IOException e) {
            throw new IllegalArgumentException(
                    file + " cannot be read as certificates of authorities (" + e + ")", e);
        }
    }

    /** The certificates in PEM that stand for the server's, or null for the usual ones. */
    @Nullable String authorities() {
        return authorities;
    }

    /** The server. */
    public ServerAddress server() {
        return http.server();
    }

    /**
     * Asks whether a runner's token is good, and makes this daemon known as one of its managers.
     */
    public RegistrationAnswer verify(GitLabToken token)
            throws UnreachableException, InterruptedException {
        ObjectNode body = body(token).put("system_id", system.value());
        body.set("info", info.json());
        Answer answer = call(HttpMethod.POST, "/runners/verify", token, body);
        if (answer.status() != 200) {
            return refused(answer, token);
        }
        // Old servers say "200" and no more.
        return answer.json()
                ? granted(answer, token)
                : new RegistrationAnswer.Granted(null, token, null);
    }

    /**
     * Makes a runner with a registration token, as servers before 16.0 want it.
     *
     * @param registration not a runner's token
     * @param runner what the server shall note of it
     */
    public RegistrationAnswer register(GitLabToken registration, NewRunner runner)
            throws UnreachableException, InterruptedException {
        ObjectNode body = body(registration);
        body.set("info", info.json());
        runner.into(body);
        // The header is for runners' tokens; this is none yet.
        Answer answer =
                retried(
                        new Request(
                                HttpMethod.POST,
                                "/runners",
                                Map.of(
                                        "Content-Type", "application/json",
                                        "Accept", "application/json"),
                                Json.bytes(body),
                                ANSWER_LIMIT));
        return answer.status() == 201
                ? granted(answer, registration)
                : refused(answer, registration);
    }

    /**
     * Takes this daemon off the managers of a runner that was created at the server; the runner
     * stays. One that was made by a registration token goes altogether.
     */
    public RegistrationAnswer unregister(GitLabToken token)
            throws UnreachableException, InterruptedException {
        Answer answer =
                token.authenticatesRunner()
                        ? call(
                                HttpMethod.DELETE,
                                "/runners/managers",
                                token,
                                body(token).put("system_id", system.value()))
                        : call(HttpMethod.DELETE, "/runners", token, body(token));
        return answer.status() == 204 || answer.status() == 404
                ? new RegistrationAnswer.Removed()
                : refused(answer, token);
    }

    /**
     * Exchanges a runner's token for a fresh one. The old one is worth nothing from the moment in
     * which the server answers: the caller keeps the fresh one before it does anything else.
     */
    RegistrationAnswer resetToken(GitLabToken token)
            throws UnreachableException, InterruptedException {
        // Not repeated by itself: the first try may have worked.
        Answer answer =
                http.exchange(
                        request(
                                HttpMethod.POST,
                                "/runners/reset_authentication_token",
                                token,
                                body(token),
                                ANSWER_LIMIT));
        return answer.status() == 201 ? granted(answer, token) : refused(answer, token);
    }

    /**
     * Asks for a job.
     *
     * @param lastUpdate what the server last said of its queue, or null
     * @param limit how long the server may keep us waiting
     */
    CompletableFuture<Answer> requestJob(
            GitLabToken token, @Nullable String lastUpdate, Duration limit) {
        ObjectNode body = body(token).put("system_id", system.value());
        if (lastUpdate != null) {
            body.put("last_update", lastUpdate);
        }
        body.set("info", info.json());
        return http.send(request(HttpMethod.POST, "/jobs/request", token, body, limit));
    }

    /** What a future of {@link #requestJob} failed of. */
    UnreachableException unreachable(@Nullable Throwable cause) {
        return http.unreachable(cause);
    }

    /** The way to speak about one job. */
    JobApi job(long job, GitLabToken token) {
        return new JobApi(http, info, job, token);
    }

    /** The way to the server for large bodies. */
    GitLabHttp http() {
        return http;
    }

    @Override
    public void close() {
        http.close();
    }

    private static ObjectNode body(GitLabToken token) {
        return Json.object().put("token", token.reveal());
    }

    private Answer call(HttpMethod method, String path, GitLabToken token, ObjectNode body)
            throws UnreachableException, InterruptedException {
        return retried(request(method, path, token, body, ANSWER_LIMIT));
    }

    private static Request request(
            HttpMethod method, String path, GitLabToken token, ObjectNode body, Duration limit) {
        Map<String, String> headers =
                method.equals(HttpMethod.DELETE)
                        ? Map.of("Content-Type", "application/json", "RUNNER-TOKEN", token.reveal())
                        : Map.of(
                                "Content-Type",
                                "application/json",
                                "Accept",
                                "application/json",
                                "RUNNER-TOKEN",
                                token.reveal());
        return new Request(method, path, headers, Json.bytes(body), limit);
    }

    private Answer retried(Request request) throws UnreachableException, InterruptedException {
        Backoff backoff = new Backoff(FIRST_PAUSE, LONGEST_PAUSE, random);
        for (int attempt = 1; ; attempt++) {
            Answer answer = http.exchange(request);
            if (!answer.retriable() || attempt == ATTEMPTS) {
                return answer;
            }
            Thread.sleep(backoff.next(answer.retryAfter(clock.instant())));
        }
    }

    private RegistrationAnswer granted(Answer answer, GitLabToken asked) {
        try {
            JsonNode tree = answer.tree();
            JsonNode expires = tree.path("token_expires_at");
            return new RegistrationAnswer.Granted(
                    tree.hasNonNull("id") ? tree.path("id").asLong() : null,
                    tree.hasNonNull("token") ? new GitLabToken(tree.path("token").asText()) : asked,
                    expires.isTextual() ? time(expires.asText()) : null);
        } catch (IllegalArgumentException | DateTimeException e) {
            return new RegistrationAnswer.Refused(
                    answer.status(),
                    "what answers at "
                            + http.server()
                            + " does not speak as GitLab does ("
                            + e.getMessage()
                            + "): check the URL, its relative root included");
        }
    }

    private static Instant time(String text) {
        return OffsetDateTime.parse(text).toInstant();
    }

    private RegistrationAnswer.Refused refused(Answer answer, GitLabToken token) {
        String said = token.hiddenIn(answer.problem());
        String meaning =
                switch (answer.status()) {
                    case 301, 302, 303, 307, 308 ->
                            "the server sends us elsewhere: use the URL that a browser ends at";
                    case 400 -> "the server does not take what it was told";
                    case 403 ->
                            "the server does not know this token: it was mistyped, has expired or"
                                    + " was reset, or the runner was deleted; create a runner at"
                                    + " the server and use its glrt- token";
                    case 404 ->
                            "there is no GitLab API at "
                                    + http.server()
                                    + ": check the URL, its relative root included";
                    case 410 ->
                            "the server takes no registration tokens any more: create a runner at"
                                    + " the server and use its glrt- token";
                    case 422 -> "the runner's group or project is gone: create another runner";
                    default -> "the server could not answer; try again later";
                };
        return new RegistrationAnswer.Refused(answer.status(), meaning + " (" + said + ")");
    }
}
