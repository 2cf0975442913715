package dev.mayfly.admission.oidc;

import com.nimbusds.jose.JOSEException;
import com.nimbusds.jose.JWSAlgorithm;
import com.nimbusds.jose.KeySourceException;
import com.nimbusds.jose.jwk.source.JWKSource;
import com.nimbusds.jose.jwk.source.JWKSourceBuilder;
import com.nimbusds.jose.jwk.source.RateLimitReachedException;
import com.nimbusds.jose.proc.BadJOSEException;
import com.nimbusds.jose.proc.JWSVerificationKeySelector;
import com.nimbusds.jose.proc.SecurityContext;
import com.nimbusds.jwt.JWTClaimsSet;
import com.nimbusds.jwt.SignedJWT;
import com.nimbusds.jwt.proc.DefaultJWTClaimsVerifier;
import com.nimbusds.jwt.proc.DefaultJWTProcessor;
import dev.mayfly.admission.IdentityCheck;
import dev.mayfly.job.Facts;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.SecretValue;
import dev.mayfly.job.ServerFacts;
import dev.mayfly.job.VerifiedClaims;
import java.net.MalformedURLException;
import java.nio.charset.StandardCharsets;
import java.text.ParseException;
import java.time.Duration;
import java.util.Date;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Checks a job's identity token: its signature by a key that the issuer publishes, who issued it,
 * for whom, until when, and that it was issued for this very job. A token of another job, which an
 * author can put into the variable, is worth nothing here.
 *
 * <p>Keys are kept for ten minutes and asked for again when a token names one that is not known,
 * twice in half a minute at most. Without keys no token is good.
 */
public final class SignedTokens implements IdentityCheck {

    private static final Logger LOG = LoggerFactory.getLogger(SignedTokens.class);

    /** Signatures by a key pair alone: with a shared key, who can check could also sign. */
    private static final Set<JWSAlgorithm> ALGORITHMS =
            Set.of(
                    JWSAlgorithm.RS256,
                    JWSAlgorithm.RS384,
                    JWSAlgorithm.RS512,
                    JWSAlgorithm.PS256,
                    JWSAlgorithm.PS384,
                    JWSAlgorithm.PS512,
                    JWSAlgorithm.ES256,
                    JWSAlgorithm.ES384,
                    JWSAlgorithm.ES512);

    private static final Duration KEPT = Duration.ofMinutes(10);
    private static final Duration REFRESH_LIMIT = Duration.ofSeconds(15);
    private static final Duration BETWEEN_REFRESHES = Duration.ofSeconds(30);
    private static final int CLOCK_SKEW_SECONDS = 30;
    private static final int LONGEST_TOKEN = 16 * 1024;

    private final Map<String, Verifier> bySource = new HashMap<>();

    private record Verifier(TokenIssuer issuer, DefaultJWTProcessor<SecurityContext> processor) {}

    /**
     * Prepares; nobody is asked for keys yet.
     *
     * @throws IllegalArgumentException naming a file of certificates, or an address, that cannot be
     *     used
     */
    public SignedTokens(List<TokenIssuer> issuers) {
        for (TokenIssuer issuer : issuers) {
            bySource.put(issuer.source(), new Verifier(issuer, processor(issuer)));
        }
    }

    @Override
    public Result check(Facts.Trusted facts, List<HandedValue> handed) throws InterruptedException {
        Verifier verifier = bySource.get(facts.registration().name());
        if (verifier == null) {
            return new Result.Verified(VerifiedClaims.NONE);
        }
        TokenIssuer issuer = verifier.issuer();
        Optional<SecretValue> token =
                handed.stream()
                        .filter(value -> value.name().equals(issuer.variable()))
                        .map(HandedValue::value)
                        .findFirst();
        if (token.isEmpty()) {
            return issuer.required()
                    ? new Result.Refused(
                            "it brings no identity token: add to it  id_tokens: { "
                                    + issuer.variable()
                                    + ": { aud: \""
                                    + issuer.audience()
                                    + "\" } }")
                    : new Result.Verified(VerifiedClaims.NONE);
        }
        return check(verifier, token.get(), facts.server());
    }

    private static Result check(Verifier verifier, SecretValue token, ServerFacts server)
            throws InterruptedException {
        TokenIssuer issuer = verifier.issuer();
        byte[] bytes = token.reveal();
        if (bytes.length > LONGEST_TOKEN) {
            return refused(issuer, "it is longer than " + LONGEST_TOKEN + " bytes");
        }
        try {
            JWTClaimsSet claims =
                    verifier.processor()
                            .process(
                                    SignedJWT.parse(new String(bytes, StandardCharsets.US_ASCII)),
                                    null);
            String foreign = foreign(claims, server);
            return foreign.isEmpty()
                    ? new Result.Verified(new VerifiedClaims(plain(claims)))
                    : refused(issuer, foreign);
        } catch (ParseException e) {
            return refused(issuer, "it is no signed token");
        } catch (RateLimitReachedException e) {
            return refused(
                    issuer,
                    "its key is not known, and "
                            + issuer.keys()
                            + " was asked a moment ago: run the job again in "
                            + BETWEEN_REFRESHES.toSeconds()
                            + " s");
        } catch (KeySourceException e) {
            interruptedOr(e);
            String why = cause(e);
            LOG.warn("keys cannot be had from={} because={}", issuer.keys(), why);
            return refused(issuer, "the keys at " + issuer.keys() + " cannot be had: " + why);
        } catch (BadJOSEException | JOSEException | IllegalArgumentException e) {
            return refused(issuer, String.valueOf(e.getMessage()));
        }
    }

    /** What of a good token is about another job, or empty. */
    private static String foreign(JWTClaimsSet claims, ServerFacts server) {
        String job = text(claims, "job_id");
        if (!job.equals(server.run().job()) || job.isEmpty()) {
            return "it was issued for another job";
        }
        if (differs(text(claims, "project_id"), server.project().id())
                || differs(text(claims, "sha"), server.ref().commit())) {
            return "it was issued for another project or commit";
        }
        return "";
    }

    private static boolean differs(String claimed, String known) {
        return !claimed.isEmpty() && !claimed.equals(known);
    }

    private static String text(JWTClaimsSet claims, String name) {
        return Objects.toString(claims.getClaim(name), "");
    }

    private static Map<String, Object> plain(JWTClaimsSet claims) {
        Map<String, Object> plain = new HashMap<>();
        claims.getClaims()
                .forEach((name, value) -> {
                    if (value instanceof Date time) {
                        plain.put(name, time.toInstant().getEpochSecond());
                    } else if (value != null) {
                        plain.put(name, value);
                    }
                });
        return plain;
    }

    private static Result refused(TokenIssuer issuer, String why) {
        return new Result.Refused(
                "its identity token in " + issuer.variable() + " is not good: " + why);
    }

    /** What the first of them says: the library's own say less. */
    private static String cause(Throwable failure) {
        Throwable first = failure;
        while (first.getCause() != null) {
            first = first.getCause();
        }
        return String.valueOf(first.getMessage());
    }

    /** The library wraps what interrupts a request. */
    private static void interruptedOr(Exception e) throws InterruptedException {
        for (Throwable cause = e; cause != null; cause = cause.getCause()) {
            if (cause instanceof InterruptedException || Thread.interrupted()) {
                InterruptedException interruption = new InterruptedException();
                interruption.initCause(e);
                throw interruption;
            }
        }
    }

    private static DefaultJWTProcessor<SecurityContext> processor(TokenIssuer issuer) {
        DefaultJWTProcessor<SecurityContext> processor = new DefaultJWTProcessor<>();
        processor.setJWSKeySelector(new JWSVerificationKeySelector<>(ALGORITHMS, keys(issuer)));
        DefaultJWTClaimsVerifier<SecurityContext> claims =
                new DefaultJWTClaimsVerifier<>(
                        issuer.audience(),
                        new JWTClaimsSet.Builder().issuer(issuer.issuer()).build(),
                        Set.of("exp", "iat", "job_id"));
        claims.setMaxClockSkew(CLOCK_SKEW_SECONDS);
        processor.setJWTClaimsSetVerifier(claims);
        return processor;
    }

    private static JWKSource<SecurityContext> keys(TokenIssuer issuer) {
        try {
            return JWKSourceBuilder.create(
                            issuer.keys().toURL(),
                            new PublishedKeys(issuer.authorities(), issuer.proxy()))
                    .cache(KEPT.toMillis(), REFRESH_LIMIT.toMillis())
                    .refreshAheadCache(false)
                    .rateLimited(BETWEEN_REFRESHES.toMillis())
                    .retrying(false)
                    .outageTolerant(false)
                    .build();
        } catch (MalformedURLException e) {
            throw new IllegalArgumentException(issuer.keys() + " is no address", e);
        }
    }
}
