package dev.mayfly.secrets.vault;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.mayfly.job.SecretAccount;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.SecretValue;
import dev.mayfly.secrets.vault.PoolAccess.IdentityRole;
import dev.mayfly.secrets.vault.PoolAccess.TokenRole;
import java.net.URI;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * What a job may choose of the way to its secrets: nothing that the configuration does not allow.
 */
class IdentitiesTest {

    private static final String TOKEN = "aGVhZA.Ym9keQ.c2ln";
    private static final VaultConnection SERVER =
            new VaultConnection(
                    URI.create("https://vault.example:8200"),
                    List.of(URI.create("https://other.example")),
                    "team/ci",
                    VaultConnection.Tls.USUAL,
                    Duration.ofSeconds(5));

    private static Identities identities(IdentityRole role) {
        return new Identities(
                SERVER, new PoolAccess(VaultFixture.POOL, null, role, List.of(), List.of()));
    }

    private static final Identities IDENTITIES =
            identities(new IdentityRole("jwt", "ci", List.of("shop"), "VAULT_ID_TOKEN"));

    private static SecretRequest request(
            String server, String namespace, String mount, String role, String token) {
        return new SecretRequest(
                "DB",
                "vault:kv/data/db#password",
                SecretRequest.Variable.PATH,
                new SecretAccount(
                        server, namespace, mount, role, new SecretValue(token.getBytes(UTF_8))));
    }

    private static Identity of(
            String server, String namespace, String mount, String role, String token) {
        return IDENTITIES.of(request(server, namespace, mount, role, token), List.of());
    }

    @ParameterizedTest
    @CsvSource({
        "https://vault.example:8200,  team/ci, jwt, ci,   ci",
        "https://vault.example:8200/, '',      '',  '',   ci",
        "HTTPS://Vault.Example:8200,  team/ci, jwt, shop, shop",
        "https://other.example,       team/ci, jwt, ci,   ci",
        "https://other.example:443/,  team/ci, jwt, ci,   ci",
    })
    void whatTheConfigurationAllowsMayBeNamed(
            String server, String namespace, String mount, String role, String taken) {
        assertThat(of(server, namespace, mount, role, TOKEN))
                .isEqualTo(new Identity.Brought("jwt", taken, TOKEN));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "",
                "https://evil.example:8200",
                "http://vault.example:8200",
                "https://vault.example",
                "https://vault.example:8201",
                "https://vault.example:8200@evil.example",
                "https://vault.example:8200.evil.example",
                "https://vault.example:8200/v1/../../x",
                "https://user@vault.example:8200",
                "https://169.254.169.254",
                "https://vault.example:8200\u0000",
            })
    void anotherServerIsRefused(String server) {
        assertThatThrownBy(() -> of(server, "team/ci", "jwt", "ci", TOKEN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("which this runner does not ask")
                .hasMessageContaining("it must be https://vault.example:8200")
                .hasMessageNotContaining(TOKEN);
    }

    @ParameterizedTest
    @CsvSource({
        "team,     jwt,    ci,   is in the namespace \"team\"",
        "team/ci/x, jwt,   ci,   is in the namespace \"team/ci/x\"",
        "team/ci,  oidc,   ci,   through the auth method \"oidc\"",
        "team/ci,  jwt/..,  ci,   through the auth method \"jwt/..\"",
        "team/ci,  jwt,    root, in the role \"root\"",
        "team/ci,  jwt,    CI,   in the role \"CI\"",
        "team/ci,  jwt,    ci/x, in the role \"ci/x\"",
    })
    void otherNamespacesMethodsAndRolesAreRefused(
            String namespace, String mount, String role, String words) {
        assertThatThrownBy(() -> of("https://vault.example:8200", namespace, mount, role, TOKEN))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(words)
                .hasMessageContaining("it must be");
    }

    @ParameterizedTest
    @ValueSource(strings = {"not-a-token", "a.b", "a.b.c.d", "a.b.c\n", "{}", "a b.c.d"})
    void somethingThatIsNoTokenIsNotSent(String token) {
        assertThatThrownBy(() -> of("https://vault.example:8200", "", "", "", token))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is no identity token")
                .hasMessageNotContaining(token);
    }

    @Test
    void jobWithoutATokenIsToldHowToGetOne() {
        assertThat(of("https://vault.example:8200", "", "", "", ""))
                .isInstanceOfSatisfying(
                        Identity.Missing.class,
                        missing -> assertThat(missing.advice()).contains("id_tokens", "$NAME"));
    }

    @Test
    void poolThatExchangesNoTokensServesNone() {
        Identities minting =
                new Identities(
                        SERVER,
                        new PoolAccess(
                                VaultFixture.POOL,
                                new TokenRole("role", List.of()),
                                null,
                                List.of(),
                                List.of()));

        assertThatThrownBy(() ->
                        minting.of(
                                request("https://vault.example:8200", "", "", "", TOKEN),
                                List.of()))
                .hasMessageContaining("pool trusted exchanges none: add jwt");
    }

    @Test
    void identityPrintsWithoutItsToken() {
        assertThat(of("https://vault.example:8200", "", "", "", TOKEN).toString())
                .contains("jwt", "ci")
                .doesNotContain(TOKEN);
    }
}
