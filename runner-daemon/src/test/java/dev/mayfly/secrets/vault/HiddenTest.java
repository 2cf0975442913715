package dev.mayfly.secrets.vault;

import static java.nio.charset.StandardCharsets.US_ASCII;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.mayfly.job.SecretValue;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What is not repeated of a server's words. */
class HiddenTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "hvs.CAESIJq0abcdefghijklmnopqrstuvwxyz0123456789",
                "s.abcdefghijklmnopqrstuvwx",
                "b.AAAAAQKabcdefghijklmnopqrstuvwxyz",
                "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2lnbmF0dXJl",
                "v-token-ci-job-shop-abcdefghijABCDEFGHIJ-1767225600",
                "v-jwt-42-shop-0123456789abcdefghij-1767225600",
            })
    void tokensAndLoginsOfServersAreKnownByTheirShape(String secret) {
        assertThat(Hidden.SHAPED.outOf("role \"" + secret + "\" cannot be dropped"))
                .isEqualTo("role \"[MASKED]\" cannot be dropped");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "database/creds/shop: Vault cannot do it now (status 500: internal error)",
                "sys/leases/revoke: Vault refuses the request (status 400: failed to revoke entry)",
                "auth/jwt/login: role \"v-prod\" could not be found",
            })
    void ordinaryWordsStay(String words) {
        assertThat(Hidden.SHAPED.outOf(words)).isEqualTo(words);
    }

    @Test
    void valuesAreTakenOutLongestFirstAndShortOnesStay() {
        Hidden hidden =
                Hidden.of(List.of(value("secret"), value("secret-and-more"), value("5432")));

        assertThat(hidden.outOf("secret-and-more at 5432 is secret"))
                .isEqualTo("[MASKED] at 5432 is [MASKED]");
        assertThat(hidden.toString()).doesNotContain("secret");
    }

    @Test
    void requestIsNotQuotedByItsFailure() {
        VaultRequest request =
                VaultRequest.write("auth/jwt/login", Map.of("role", "prod", "jwt", "what-was-sent"))
                        .as(value("the-token-itself"));
        VaultAnswer answer =
                new VaultAnswer(
                        400,
                        new JsonMapper()
                                .createObjectNode()
                                .set(
                                        "errors",
                                        new JsonMapper()
                                                .createArrayNode()
                                                .add("no what-was-sent of the-token-itself, prod")),
                        Duration.ZERO);

        assertThat(VaultFailure.of(request, answer).reason())
                .contains("no [MASKED] of [MASKED], prod");
    }

    private static SecretValue value(String text) {
        return new SecretValue(text.getBytes(US_ASCII));
    }
}
