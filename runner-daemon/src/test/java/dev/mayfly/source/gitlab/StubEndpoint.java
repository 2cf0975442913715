package dev.mayfly.source.gitlab;

import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What of GitLab's API the stub answers. */
public enum StubEndpoint {
    /** Legacy registration. */
    REGISTER("POST", "/runners"),
    CREATE_RUNNER("POST", "/user/runners"),
    VERIFY("POST", "/runners/verify"),
    RESET_TOKEN("POST", "/runners/reset_authentication_token"),
    DELETE_MANAGER("DELETE", "/runners/managers"),
    DELETE_RUNNER("DELETE", "/runners"),
    ROUTER("GET", "/runners/router/discovery"),
    REQUEST_JOB("POST", "/jobs/request"),
    TRACE("PATCH", "/jobs/(\\d+)/trace"),
    UPDATE("PUT", "/jobs/(\\d+)"),
    UPLOAD("POST", "/jobs/(\\d+)/artifacts"),
    DOWNLOAD("GET", "/jobs/(\\d+)/artifacts"),
    /** Anything else: a mistake of the client's. */
    UNKNOWN("", "");

    private final String method;
    private final Pattern path;

    StubEndpoint(String method, String path) {
        this.method = method;
        this.path = Pattern.compile(path);
    }

    static StubEndpoint of(String method, String path) {
        for (StubEndpoint endpoint : values()) {
            if (endpoint.method.equals(method) && endpoint.path.matcher(path).matches()) {
                return endpoint;
            }
        }
        return UNKNOWN;
    }

    /** Whether the answer to a success has a JSON body. */
    boolean answersJson() {
        return switch (this) {
            case REGISTER, CREATE_RUNNER, VERIFY, RESET_TOKEN, REQUEST_JOB -> true;
            case DELETE_MANAGER, DELETE_RUNNER, ROUTER, TRACE, UPDATE, UPLOAD, DOWNLOAD, UNKNOWN ->
                    false;
        };
    }

    boolean takesJson() {
        return switch (this) {
            case REGISTER,
                    CREATE_RUNNER,
                    VERIFY,
                    RESET_TOKEN,
                    DELETE_MANAGER,
                    DELETE_RUNNER,
                    REQUEST_JOB,
                    UPDATE ->
                    true;
            case ROUTER, TRACE, UPLOAD, DOWNLOAD, UNKNOWN -> false;
        };
    }

    /** The job that a path names. */
    long job(String pathBelowApi) {
        Matcher matcher = path.matcher(pathBelowApi);
        if (!matcher.matches() || matcher.groupCount() == 0) {
            throw new IllegalArgumentException(pathBelowApi + " names no job");
        }
        return Long.parseLong(matcher.group(1));
    }
}
