package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.source.gitlab.GitLabHttp.Request;
import io.vertx.core.http.HttpMethod;
import java.time.Duration;
import java.time.InstantSource;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** What is said to a server about one job. One call is one request; the caller repeats it. */
final class JobApi {

    private static final Duration ANSWER_LIMIT = Duration.ofSeconds(30);

    /** A megabyte over a slow line. */
    private static final Duration PIECE_LIMIT = Duration.ofMinutes(2);

    private final GitLabHttp http;
    private final RunnerInfo info;
    private final long job;
    private final GitLabToken token;
    private final InstantSource clock = InstantSource.system();

    JobApi(GitLabHttp http, RunnerInfo info, long job, GitLabToken token) {
        this.http = http;
        this.info = info;
        this.job = job;
        this.token = token;
    }

    long job() {
        return job;
    }

    /**
     * Appends a piece to the job's log.
     *
     * @param start place of its first byte
     * @param piece at least one byte
     * @param debug whether the log shows what others must not see; counts with the first piece
     */
    JobAnswer append(long start, byte[] piece, boolean debug)
            throws UnreachableException, InterruptedException {
        return call(
                new Request(
                        HttpMethod.PATCH,
                        "/jobs/" + job + "/trace?debug_trace=" + debug,
                        Map.of(
                                "Content-Type",
                                "text/plain",
                                "Content-Range",
                                start + "-" + (start + piece.length - 1),
                                "JOB-TOKEN",
                                token.reveal()),
                        piece,
                        PIECE_LIMIT));
    }

    /**
     * Says that the job runs.
     *
     * @param sum of its log up to now, or null before there is one
     */
    JobAnswer running(@Nullable TraceSum sum) throws UnreachableException, InterruptedException {
        return update(Json.object().put("state", "running"), sum);
    }

    /**
     * Says how the job ended.
     *
     * @param sum of its whole log, or null when the server's copy cannot be made the same
     */
    JobAnswer ended(FinalState state, @Nullable TraceSum sum)
            throws UnreachableException, InterruptedException {
        ObjectNode body = Json.object().put("state", state.word());
        if (state.failure() != null) {
            body.put("failure_reason", state.failure().word());
        }
        if (state.exitCode() != 0) {
            body.put("exit_code", state.exitCode());
        }
        return update(body, sum);
    }

    private JobAnswer update(ObjectNode body, @Nullable TraceSum sum)
            throws UnreachableException, InterruptedException {
        body.put("token", token.reveal());
        body.set("info", info.json());
        if (sum != null) {
            body.put("checksum", sum.checksum()); // for servers that do not know output
            body.putObject("output").put("checksum", sum.checksum()).put("bytesize", sum.bytes());
        }
        return call(
                new Request(
                        HttpMethod.PUT,
                        "/jobs/" + job,
                        Map.of("Content-Type", "application/json", "JOB-TOKEN", token.reveal()),
                        Json.bytes(body),
                        ANSWER_LIMIT));
    }

    private JobAnswer call(Request request) throws UnreachableException, InterruptedException {
        Answer answer = http.exchange(request);
        JobAnswer said = JobAnswer.of(answer, clock.instant());
        return new JobAnswer(
                said.status(),
                said.jobStatus(),
                said.stored(),
                said.pause(),
                token.hiddenIn(said.problem()));
    }
}
