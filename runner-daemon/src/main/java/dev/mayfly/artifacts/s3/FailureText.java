package dev.mayfly.artifacts.s3;

import java.net.ConnectException;
import java.net.UnknownHostException;
import javax.net.ssl.SSLException;
import org.jspecify.annotations.Nullable;
import software.amazon.awssdk.awscore.exception.AwsServiceException;
import software.amazon.awssdk.core.exception.ApiCallAttemptTimeoutException;
import software.amazon.awssdk.core.exception.ApiCallTimeoutException;

/**
 * What a failure means for whoever has configured the store. Of what the server says only its code
 * is told, since its messages quote the request.
 *
 * @param settings in force
 */
record FailureText(S3Settings settings) {

    /**
     * Cause and cure.
     *
     * @param right of the S3 API that the request needed
     */
    String of(RuntimeException failure, String right) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof KeyFiles.Unusable unusable) {
                return String.valueOf(unusable.getMessage());
            }
            if (cause instanceof AwsServiceException answer) {
                return answer(answer, right);
            }
        }
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            String text = unreached(cause);
            if (text != null) {
                return text;
            }
        }
        return settings.access() instanceof S3Settings.Access.AwsChain
                        && String.valueOf(failure.getMessage()).contains("credentials")
                ? "cache.s3.credentials is aws_chain, and there are none in the environment, the"
                        + " profile and the host's role"
                : place() + " cannot be used: " + root(failure);
    }

    private String answer(AwsServiceException answer, String right) {
        String code =
                answer.awsErrorDetails() == null || answer.awsErrorDetails().errorCode() == null
                        ? ""
                        : answer.awsErrorDetails().errorCode();
        String said =
                place()
                        + " answered "
                        + answer.statusCode()
                        + (code.matches("[A-Za-z0-9.]{1,64}") ? " " + code : "");
        String cure =
                switch (code) {
                    case "InvalidAccessKeyId" ->
                            "it does not know the key, check " + key("access_key_file");
                    case "SignatureDoesNotMatch" ->
                            "the secret key is not that of the access key, check "
                                    + key("secret_key_file");
                    case "ExpiredToken", "InvalidToken", "TokenRefreshRequired" ->
                            "the temporary key is over, renew " + key("session_token_file");
                    case "NoSuchBucket" ->
                            "create the bucket, or correct cache.s3.bucket and path_style";
                    case "RequestTimeTooSkewed" -> "set this host's clock, or the server's";
                    case "AuthorizationHeaderMalformed", "PermanentRedirect", "IncorrectEndpoint" ->
                            "the bucket is elsewhere, correct cache.s3.region and endpoint";
                    default -> cureOf(answer.statusCode(), right);
                };
        return cure.isEmpty() ? said : said + ": " + cure;
    }

    private String cureOf(int status, String right) {
        return switch (status) {
            case 301, 307, 308 -> "the bucket is elsewhere, correct cache.s3.region and endpoint";
            case 401, 403 ->
                    "let the key do s3:%s there, or check %s"
                            .formatted(right, key("secret_key_file"));
            case 404 -> "correct cache.s3.endpoint, bucket and path_style";
            default -> "";
        };
    }

    private @Nullable String unreached(Throwable cause) {
        return switch (cause) {
            case ApiCallTimeoutException _ -> slow();
            case ApiCallAttemptTimeoutException _ -> slow();
            case UnknownHostException _ ->
                    place() + " cannot be reached: nobody knows its name, check cache.s3.endpoint";
            case ConnectException e ->
                    "%s cannot be reached: %s; check cache.s3.endpoint, and that it runs"
                            .formatted(place(), e.getMessage());
            case SSLException e ->
                    "%s cannot be spoken to over TLS: %s; check cache.s3.ca_file and endpoint"
                            .formatted(place(), e.getMessage());
            default -> null;
        };
    }

    private String slow() {
        return place()
                + " did not answer within cache.s3.timeout, "
                + settings.timeout().toSeconds()
                + " s";
    }

    private String key(String file) {
        return settings.access() instanceof S3Settings.Access.AwsChain
                ? "the credentials of the AWS chain"
                : "cache.s3." + file;
    }

    private String place() {
        return settings.place().described();
    }

    /** The innermost message, which is the network's. */
    private static String root(Throwable failure) {
        Throwable root = failure;
        while (root.getCause() != null) {
            root = root.getCause();
        }
        return root.getClass().getSimpleName()
                + (root.getMessage() == null ? "" : ": " + root.getMessage());
    }
}
