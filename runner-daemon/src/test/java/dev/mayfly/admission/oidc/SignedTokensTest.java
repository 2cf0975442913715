package dev.mayfly.admission.oidc;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.nimbusds.jwt.JWTClaimsSet;
import dev.mayfly.admission.IdentityCheck.Result;
import dev.mayfly.job.Facts;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.RegistrationFacts;
import dev.mayfly.job.SecretValue;
import dev.mayfly.job.ServerFacts;
import dev.mayfly.job.VerifiedClaims;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.time.Instant;
import java.util.Date;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class SignedTokensTest {

    private static final String COMMIT = "a".repeat(40);
    private static final String VARIABLE = "MAYFLY_ID_TOKEN";

    private final Issuer issuer = new Issuer();
    private final SignedTokens tokens = tokens(issuer.keys(), false);

    @AfterEach
    void close() {
        issuer.close();
    }

    @Test
    void goodTokenOfThisJobGivesItsClaims() throws Exception {
        Result result = check(issuer.sign(Issuer.claims("1001").build()));

        assertThat(result)
                .isInstanceOfSatisfying(
                        Result.Verified.class,
                        verified ->
                                assertThat(verified.claims().values())
                                        .containsEntry("environment", "production")
                                        .containsEntry("ref_protected", "true")
                                        .containsEntry(
                                                "user_identities", Map.of("provider", "github"))
                                        .containsKey("exp"));
    }

    @Test
    void tokenOfAnotherJobIsWorthNothing() throws Exception {
        assertThat(refusal(issuer.sign(Issuer.claims("1002").build())))
                .contains(VARIABLE, "issued for another job");
        assertThat(refusal(issuer.sign(Issuer.claims("1001").claim("project_id", "8").build())))
                .contains("another project");
        assertThat(refusal(issuer.sign(Issuer.claims("1001").claim("sha", "b".repeat(40)).build())))
                .contains("another project or commit");
        assertThat(refusal(issuer.sign(Issuer.claims("1001").claim("job_id", null).build())))
                .contains("job_id");
    }

    @Test
    void tokenOfSomebodyElseOrForSomebodyElseIsRefused() throws Exception {
        assertThat(
                        refusal(
                                issuer.sign(
                                        Issuer.claims("1001")
                                                .issuer("https://evil.example")
                                                .build())))
                .contains("iss");
        assertThat(refusal(issuer.sign(Issuer.claims("1001").audience("vault").build())))
                .contains("aud");
        assertThat(refusal(issuer.sign(Issuer.claims("1001").audience((String) null).build())))
                .contains("aud");
    }

    @Test
    void tokenOutOfItsTimeIsRefused() throws Exception {
        Instant now = Instant.now();
        JWTClaimsSet over =
                Issuer.claims("1001").expirationTime(Date.from(now.minusSeconds(60))).build();
        JWTClaimsSet early =
                Issuer.claims("1001").notBeforeTime(Date.from(now.plusSeconds(120))).build();
        JWTClaimsSet endless = Issuer.claims("1001").expirationTime(null).build();

        assertThat(refusal(issuer.sign(over))).contains("Expired");
        assertThat(refusal(issuer.sign(early))).contains("before");
        assertThat(refusal(issuer.sign(endless))).contains("exp");
    }

    @Test
    void tokenThatTheKeysDidNotSignIsRefused() throws Exception {
        JWTClaimsSet claims = Issuer.claims("1001").build();

        assertThat(refusal(Issuer.unsigned(claims))).contains("is not good");
        assertThat(refusal(issuer.signedWithThePublicKey(claims))).contains("is not good");
        assertThat(refusal(Issuer.signed(claims, Issuer.fresh("first")))).contains("is not good");
        String good = issuer.sign(claims);
        String[] parts = good.split("\\.", -1);
        String forged =
                Issuer.signed(
                                Issuer.claims("1001").claim("environment", "staging").build(),
                                Issuer.fresh("first"))
                        .split("\\.", -1)[1];
        assertThat(refusal(parts[0] + "." + forged + "." + parts[2])).contains("is not good");
        assertThat(refusal("no token")).contains("no signed token");
        assertThat(refusal("a".repeat(20_000))).contains("longer than");
    }

    @Test
    void refusalNeverShowsTheToken() throws Exception {
        String token = issuer.sign(Issuer.claims("1002").build());

        assertThat(refusal(token)).doesNotContain(token.substring(0, 20));
    }

    @Test
    void keysAreAskedForOnceAndAgainForAKeyThatIsNew() throws Exception {
        check(issuer.sign(Issuer.claims("1001").build()));
        check(issuer.sign(Issuer.claims("1001").build()));
        assertThat(issuer.asked).hasValue(1);

        issuer.rotate("second");
        assertThat(check(issuer.sign(Issuer.claims("1001").build())))
                .isInstanceOf(Result.Verified.class);
        assertThat(issuer.asked).hasValue(2);
    }

    @Test
    void tokensOfKeysThatDoNotExistMakeNoStormOfRequests() throws Exception {
        for (int i = 0; i < 20; i++) {
            refusal(Issuer.signed(Issuer.claims("1001").build(), Issuer.fresh("unknown")));
        }

        assertThat(issuer.asked.get()).isLessThanOrEqualTo(2);
    }

    @Test
    void withoutKeysNoTokenIsGood() throws Exception {
        issuer.answers(503);
        String token = issuer.sign(Issuer.claims("1001").build());

        assertThat(refusal(token)).contains("cannot be had", "503");
    }

    @Test
    void keysThatNobodyServesAreAReason() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        SignedTokens nowhere = tokens(URI.create("http://127.0.0.1:" + port + "/keys"), false);

        assertThat(nowhere.check(facts("shop"), handed(issuer.sign(Issuer.claims("1001").build()))))
                .isInstanceOfSatisfying(
                        Result.Refused.class,
                        refused -> assertThat(refused.reason()).contains("cannot be had"));
    }

    @Test
    void jobWithoutATokenHasNoClaimsOrIsRefusedWhereOneIsRequired() throws Exception {
        assertThat(tokens.check(facts("shop"), List.of()))
                .isEqualTo(new Result.Verified(VerifiedClaims.NONE));
        assertThat(tokens(issuer.keys(), true).check(facts("shop"), List.of()))
                .isInstanceOfSatisfying(
                        Result.Refused.class,
                        refused ->
                                assertThat(refused.reason())
                                        .contains("id_tokens", VARIABLE, "\"mayfly\""));
    }

    @Test
    void tokenOfASourceThatIssuesNoneIsNotLookedAt() throws IOException, InterruptedException {
        assertThat(tokens.check(facts("local"), handed("anything")))
                .isEqualTo(new Result.Verified(VerifiedClaims.NONE));
        assertThat(issuer.asked).hasValue(0);
    }

    private String refusal(String token) throws InterruptedException {
        return ((Result.Refused) check(token)).reason();
    }

    private Result check(String token) throws InterruptedException {
        return tokens.check(facts("shop"), handed(token));
    }

    private static SignedTokens tokens(URI keys, boolean required) {
        return new SignedTokens(
                List.of(
                        new TokenIssuer(
                                "shop",
                                VARIABLE,
                                Issuer.NAME,
                                Issuer.AUDIENCE,
                                keys,
                                null,
                                null,
                                required)));
    }

    private static List<HandedValue> handed(String token) {
        return List.of(
                new HandedValue(
                        VARIABLE,
                        new SecretValue(token.getBytes(US_ASCII)),
                        Set.of(HandedValue.Use.MASKED, HandedValue.Use.VARIABLE)));
    }

    private static Facts.Trusted facts(String source) {
        return new Facts.Trusted(
                new RegistrationFacts(source, Issuer.NAME, false),
                new ServerFacts(
                        new ServerFacts.Project("7", "group/demo"),
                        new ServerFacts.Ref("main", ServerFacts.RefKind.BRANCH, true, COMMIT),
                        false,
                        new ServerFacts.Run("1001", "55", "12")),
                VerifiedClaims.NONE);
    }
}
