package dev.mayfly.source.local;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.state.StateException;
import io.vertx.core.http.HttpHeaders;
import io.vertx.core.http.HttpServerResponse;
import io.vertx.ext.web.RoutingContext;
import io.vertx.ext.web.handler.HttpException;
import java.io.IOException;
import java.util.function.Supplier;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** How the API answers: JSON, and problems as RFC 9457 has them. */
final class ApiAnswers {

    private static final Logger LOG = LoggerFactory.getLogger(ApiAnswers.class);

    private ApiAnswers() {}

    record Answer(int status, ObjectNode body) {}

    /** Answers with what a worker finds out. */
    static void blocking(RoutingContext ctx, Supplier<Answer> work) {
        ctx.vertx()
                .executeBlocking(work::get, false)
                .onFailure(ctx::fail)
                .onSuccess(answer ->
                        ctx.response()
                                .setStatusCode(answer.status())
                                .putHeader(HttpHeaders.CONTENT_TYPE, "application/json")
                                .end(JobJson.text(answer.body())));
    }

    static void failed(RoutingContext ctx) {
        answer(
                ctx,
                switch (ctx.failure()) {
                    case ApiProblemException problem -> problem;
                    case HttpException http -> problem(http.getStatusCode(), "");
                    case StateException state -> {
                        LOG.error("The API could not use its state", state);
                        yield new ApiProblemException(
                                ApiProblemException.Kind.UNAVAILABLE,
                                "the queue's database failed",
                                "look into the daemon's log");
                    }
                    // Only the reading of a body fails so: a worker wraps what it throws.
                    case IOException body ->
                            new ApiProblemException(
                                    ApiProblemException.Kind.REQUEST,
                                    "the body cannot be read: " + body.getMessage(),
                                    "keep the parts of a form within the limits, and the form"
                                            + " whole");
                    case null -> problem(ctx.statusCode(), "");
                    default -> {
                        LOG.error("The API failed on {}", ctx.normalizedPath(), ctx.failure());
                        yield problem(500, "");
                    }
                });
    }

    static ApiProblemException problem(int status, String detail) {
        return switch (status) {
            case 404 ->
                    new ApiProblemException(
                            ApiProblemException.Kind.UNKNOWN,
                            detail,
                            "see /api/v1/openapi.json for what there is");
            case 405 ->
                    new ApiProblemException(
                            ApiProblemException.Kind.METHOD,
                            detail,
                            "see /api/v1/openapi.json for what there is");
            case 413 -> tooLarge();
            case 400 ->
                    new ApiProblemException(
                            ApiProblemException.Kind.REQUEST,
                            "the request is malformed",
                            "compare it with /api/v1/openapi.json");
            default ->
                    new ApiProblemException(
                            ApiProblemException.Kind.INTERNAL,
                            "the daemon failed on this request",
                            "look into the daemon's log");
        };
    }

    static ApiProblemException tooLarge() {
        return new ApiProblemException(
                ApiProblemException.Kind.SIZE,
                "the document or the packed workspace is larger than this API takes",
                "leave out what the job does not need, or raise the API's limits");
    }

    static void answer(RoutingContext ctx, ApiProblemException problem) {
        HttpServerResponse response = ctx.response();
        if (response.ended() || response.headWritten()) {
            response.reset();
            return;
        }
        if (!ctx.request().isEnded()) {
            // The rest of the body is not wanted; without this it would have to be read.
            response.putHeader(HttpHeaders.CONNECTION, "close");
        }
        response.setStatusCode(problem.status())
                .putHeader(HttpHeaders.CONTENT_TYPE, "application/problem+json")
                .end(JobJson.text(problem.json()));
    }
}
