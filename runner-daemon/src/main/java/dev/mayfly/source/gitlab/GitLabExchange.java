package dev.mayfly.source.gitlab;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.job.Artifact;
import dev.mayfly.job.Dependency;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.Transfers;
import dev.mayfly.source.Exchange;
import dev.mayfly.source.gitlab.GitLabTransfer.UnreachableIo;
import io.vertx.core.http.HttpMethod;
import io.vertx.core.http.RequestOptions;
import java.net.URI;
import java.net.URLEncoder;
import java.nio.channels.FileChannel;
import java.time.Duration;
import java.time.InstantSource;
import java.util.UUID;
import java.util.random.RandomGenerator;
import org.jspecify.annotations.Nullable;

/** Artifacts of one job on their way to GitLab, and those of earlier jobs on their way from it. */
final class GitLabExchange implements Exchange {

    /** A server that is busy gets more time than one that fails. */
    private static final int ATTEMPTS = 3;

    private static final int ATTEMPTS_WHEN_BUSY = 6;
    private static final int MOST_REDIRECTS = 3;

    /** A server hashes and stores what it has got before it answers. */
    private static final Duration UPLOAD_ANSWER = Duration.ofMinutes(10);

    private final GitLabHttp http;
    private final JobPayload payload;
    private final Transfers transfers;
    private final int downloadAttempts;
    private final PollPacing pacing;
    private final RandomGenerator random;
    private final InstantSource clock = InstantSource.system();

    /**
     * Prepares.
     *
     * @param transfers what the payload wants, its variables resolved
     * @param pacing how long to pause after a failure
     */
    GitLabExchange(
            GitLabHttp http,
            JobPayload payload,
            Transfers transfers,
            PollPacing pacing,
            RandomGenerator random) {
        this.http = http;
        this.payload = payload;
        this.transfers = transfers;
        this.downloadAttempts = ATTEMPTS * stages(payload);
        this.pacing = pacing;
        this.random = random;
    }

    /** How often a pipeline wants the whole of it to be tried: 1 to 10. */
    private static int stages(JobPayload payload) {
        return payload.work().variables().stream()
                .filter(variable -> variable.key().equals("ARTIFACT_DOWNLOAD_ATTEMPTS"))
                .map(JobPayload.Variable::value)
                .filter(value -> value.matches("[1-9]|10"))
                .map(Integer::valueOf)
                .reduce((_, last) -> last)
                .orElse(1);
    }

    @Override
    public Transfers transfers() {
        return transfers;
    }

    // ---- to the server

    @Override
    public String send(Artifact artifact, Content content) throws InterruptedException {
        Backoff backoff = new Backoff(pacing.firstPause(), pacing.longestPause(), random);
        String problem;
        for (int attempt = 1; ; attempt++) {
            Duration wish = null;
            boolean busy = false;
            try {
                Answer answer = upload(artifact, content);
                if (answer.status() == 201 || answer.status() == 200) {
                    return "status " + answer.status();
                }
                problem = payload.token().hiddenIn(answer.problem());
                requireHope(answer, problem);
                busy = answer.status() == 503 || answer.status() == 429;
                wish = answer.retryAfter(clock.instant());
            } catch (UnreachableIo e) {
                problem = "GitLab at " + http.server() + " cannot be reached: " + e.getMessage();
            }
            if (attempt >= (busy ? ATTEMPTS_WHEN_BUSY : ATTEMPTS)) {
                throw failed("%s, and so in %d attempts".formatted(problem, attempt));
            }
            Thread.sleep(backoff.next(wish));
        }
    }

    /** Some answers will be the same however often one asks. */
    private static void requireHope(Answer answer, String problem) {
        String why =
                switch (answer.status()) {
                    case 401, 403 -> "the server does not take artifacts of this job any more";
                    case 404 -> "the server does not know the job";
                    case 405 -> "artifacts are switched off at the server";
                    case 413 ->
                            "they are larger than the server allows: keep less, or ask for a higher"
                                    + " limit (maximum artifacts size) there";
                    case 301, 302, 303, 307, 308 ->
                            "the server sends uploads to another host, to which the job's token is"
                                    + " not sent: use that host's URL for the registration";
                    default -> null;
                };
        if (why != null) {
            throw failed(why + " (" + problem + ")");
        }
    }

    private Answer upload(Artifact artifact, Content content)
            throws UnreachableIo, InterruptedException {
        Artifact.Label label = artifact.label();
        StringBuilder call =
                new StringBuilder("/jobs/%d/artifacts".formatted(payload.facts().id()))
                        .append("?artifact_type=")
                        .append(encoded(label.type()))
                        .append("&artifact_format=")
                        .append(
                                switch (artifact.packing().form()) {
                                    case ZIP -> "zip";
                                    case GZIP -> "gzip";
                                    case RAW -> "raw";
                                });
        if (!label.keep().isEmpty()) {
            call.append("&expire_in=").append(encoded(label.keep()));
        }
        String boundary = "mayfly" + UUID.randomUUID().toString().replace("-", "");
        String before =
                "--%s\r\nContent-Disposition: form-data; name=\"file\"; filename=\"%s\"\r\nContent-Type: application/octet-stream\r\n\r\n"
                        .formatted(boundary, fileName(artifact));
        String after = "\r\n--%s--\r\n".formatted(boundary);
        RequestOptions options = http.options(HttpMethod.POST, call.toString());
        for (int redirect = 0; ; redirect++) {
            options.putHeader("JOB-TOKEN", payload.token().reveal())
                    .putHeader("Content-Type", "multipart/form-data; boundary=" + boundary);
            Answer answer =
                    http.transfer()
                            .upload(
                                    options,
                                    before.getBytes(UTF_8),
                                    content,
                                    after.getBytes(UTF_8),
                                    UPLOAD_ANSWER);
            URI next = answer.status() == 307 || answer.status() == 308 ? location(answer) : null;
            if (next == null || !isServer(next) || redirect == MOST_REDIRECTS) {
                return answer;
            }
            options = http.elsewhere(HttpMethod.POST, next);
        }
    }

    private static String fileName(Artifact artifact) {
        // It stands in quotes in a header.
        String name = artifact.label().name().replaceAll("[\"\\\\\\p{Cntrl}/]", "_");
        return name
                + switch (artifact.packing().form()) {
                    case ZIP -> ".zip";
                    case GZIP -> ".gz";
                    case RAW -> "";
                };
    }

    // ---- from the server

    @Override
    public void fetch(Dependency dependency, FileChannel into, long mostBytes)
            throws InterruptedException {
        if (dependency.bytes() > mostBytes) {
            throw failed(
                    "the archive has %d bytes, and %d are this host's limit"
                            .formatted(dependency.bytes(), mostBytes));
        }
        Backoff backoff = new Backoff(pacing.firstPause(), pacing.longestPause(), random);
        for (int attempt = 1; ; attempt++) {
            String problem;
            Duration wish = null;
            try {
                // An object storage that only the server can reach is what the second one is for.
                Answer answer = download(dependency, attempt == 1, into, mostBytes);
                switch (answer.status()) {
                    case 200 -> {
                        return;
                    }
                    case 401, 403 ->
                            throw failed(
                                    "the server does not let this job have them (HTTP status %d)"
                                            .formatted(answer.status()));
                    case 404 ->
                            throw failed(
                                    "the server does not have them any more: they have expired or"
                                            + " were erased; run that job again");
                    default -> {
                        problem = token(dependency).hiddenIn(answer.problem());
                        wish = answer.retryAfter(clock.instant());
                    }
                }
            } catch (UnreachableIo e) {
                problem = e.getMessage();
            }
            if (attempt >= downloadAttempts) {
                throw failed(
                        "they could not be fetched in %d attempts: %s".formatted(attempt, problem));
            }
            Thread.sleep(backoff.next(wish));
        }
    }

    private Answer download(Dependency dependency, boolean direct, FileChannel into, long mostBytes)
            throws UnreachableIo, InterruptedException {
        GitLabToken token = token(dependency);
        RequestOptions options =
                http.options(
                                HttpMethod.GET,
                                "/jobs/"
                                        + dependency.id()
                                        + "/artifacts"
                                        + (direct ? "?direct_download=true" : ""))
                        .putHeader("JOB-TOKEN", token.reveal());
        for (int redirect = 0; ; redirect++) {
            Answer answer = http.transfer().download(options, into, mostBytes);
            URI next =
                    switch (answer.status()) {
                        case 301, 302, 303, 307, 308 -> location(answer);
                        default -> null;
                    };
            if (next == null || redirect == MOST_REDIRECTS) {
                return answer;
            }
            options = http.elsewhere(HttpMethod.GET, next);
            if (isServer(next)) {
                options.putHeader("JOB-TOKEN", token.reveal());
            }
        }
    }

    private GitLabToken token(Dependency dependency) {
        GitLabToken token = payload.transfers().tokens().get(dependency.id());
        if (token == null) {
            throw new IllegalArgumentException("job " + dependency.id() + " is no dependency");
        }
        return token;
    }

    private @Nullable URI location(Answer answer) {
        String location = answer.header("Location");
        if (location == null) {
            return null;
        }
        try {
            URI next = URI.create(http.server() + "/").resolve(location.strip());
            http.elsewhere(HttpMethod.GET, next);
            return next;
        } catch (IllegalArgumentException e) {
            return null; // the status is what is told then
        }
    }

    /** Whether it is the server that the tokens are for. */
    private boolean isServer(URI address) {
        boolean tls = "https".equalsIgnoreCase(address.getScheme());
        int port = address.getPort() < 0 ? (tls ? 443 : 80) : address.getPort();
        return tls == http.server().tls()
                && http.server().host().equalsIgnoreCase(address.getHost())
                && http.server().port() == port;
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, UTF_8).replace("+", "%20");
    }

    private static FaultException failed(String why) {
        return new FaultException(Fault.ARTIFACTS, why);
    }
}
