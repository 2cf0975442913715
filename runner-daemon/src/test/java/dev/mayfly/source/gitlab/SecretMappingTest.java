package dev.mayfly.source.gitlab;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mayfly.job.HandedValue;
import dev.mayfly.job.JobSpec;
import dev.mayfly.job.NetworkAccess;
import dev.mayfly.job.SecretAccount;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.SecretRequest.Variable;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What becomes of the keyword {@code secrets} of a pipeline. */
class SecretMappingTest {

    private static final String URL = "https://vault.example:8200";
    private static final String TOKEN = "header.payload.signature";

    private static StubPayload job() {
        return StubPayload.job(1, "deploy").variable("VAULT_ID_TOKEN", TOKEN, "masked raw");
    }

    private static JobMapping.Result result(StubPayload payload) throws Exception {
        return JobMapping.map(
                PayloadReader.read(payload.node()),
                new RunnerFacts(
                        GitLabFixture.POOL,
                        false,
                        NetworkAccess.FULL,
                        GitLabFixture.INFO,
                        "abcdefghi",
                        null,
                        Map.of()),
                GitLabFixture.HIDING);
    }

    private static JobSpec mapped(StubPayload payload) throws Exception {
        return ((JobMapping.Result.Mapped) result(payload)).spec();
    }

    private static SecretRequest only(StubPayload payload) throws Exception {
        List<SecretRequest> secrets = mapped(payload).inputs().secrets();
        assertThat(secrets).hasSize(1);
        return secrets.getFirst();
    }

    private static List<String> lacking(Consumer<ObjectNode> change) throws Exception {
        StubPayload payload = job();
        change.accept(payload.vaultSecret("DB", URL, "ci", "kv-v2:kv", "shop/db#password"));
        return ((JobMapping.Result.Refused) result(payload)).lacking();
    }

    private static String token(SecretRequest request) {
        return new String(Objects.requireNonNull(request.account()).token().reveal(), UTF_8);
    }

    @ParameterizedTest
    @CsvSource({
        "kv-v2:kv,           shop/db#password, vault:kv/data/shop/db#password",
        "kv-v1:/team/kv/,    /shop/db/#user,   vault:team/kv/shop/db#user",
        "generic:database,   creds/shop#username, vault:database/creds/shop#username",
        "kv-v2:$ENGINE,      $STAGE/db#$FIELD, vault:kv/data/prod/db#password",
    })
    void engineAndPathBecomeOnePathOfTheApi(String engine, String field, String reference)
            throws Exception {
        StubPayload payload =
                job().variable("ENGINE", "kv")
                        .variable("STAGE", "prod")
                        .variable("FIELD", "password");
        payload.vaultSecret("DB", URL, "ci", engine, field);

        assertThat(only(payload).reference()).isEqualTo(reference);
    }

    @Test
    void secretIsAFileWhosePathTheVariableHoldsUnlessTheJobSaysOtherwise() throws Exception {
        StubPayload payload = job();
        payload.vaultSecret("USUAL", URL, "ci", "kv-v2:kv", "a#b");
        payload.vaultSecret("ASKED", URL, "ci", "kv-v2:kv", "a#b").put("file", true);
        payload.vaultSecret("PLAIN", URL, "ci", "kv-v2:kv", "a#b").put("file", false);
        payload.vaultSecret("NOTHING", URL, "ci", "kv-v2:kv", "a#b").putNull("file");

        assertThat(mapped(payload).inputs().secrets())
                .extracting(SecretRequest::variable)
                .containsExactly(Variable.PATH, Variable.PATH, Variable.VALUE, Variable.PATH);
    }

    @Test
    void whatTheJobSaysOfTheServerGoesAlongToBeJudged() throws Exception {
        StubPayload payload =
                job().variable("VAULT_SERVER_URL", URL).variable("VAULT_AUTH_ROLE", "ci");
        ObjectNode secret =
                payload.vaultSecret(
                        "DB", "$VAULT_SERVER_URL", "$VAULT_AUTH_ROLE", "kv-v2:kv", "a#b");
        ObjectNode server = (ObjectNode) secret.path("vault").path("server");
        server.put("namespace", "/team/ci/");
        ((ObjectNode) server.path("auth")).put("path", "gitlab");

        SecretAccount account = Objects.requireNonNull(only(payload).account());
        assertThat(account.server()).isEqualTo(URL);
        assertThat(account.namespace()).isEqualTo("team/ci");
        assertThat(account.mount()).isEqualTo("gitlab");
        assertThat(account.role()).isEqualTo("ci");
        assertThat(token(only(payload))).isEqualTo(TOKEN);
    }

    @Test
    void tokenIsMaskedWhereverItIsFrom() throws Exception {
        StubPayload payload = StubPayload.job(1, "deploy").variable("OPEN", TOKEN);
        ObjectNode secret = payload.vaultSecret("DB", URL, "ci", "kv-v2:kv", "a#b");
        ((ObjectNode) secret.at("/vault/server/auth/data")).put("jwt", "$OPEN");

        assertThat(mapped(payload).inputs().handed())
                .filteredOn(value -> value.is(HandedValue.Use.MASKED))
                .extracting(value -> new String(value.value().reveal(), UTF_8))
                .contains(TOKEN);
        assertThat(PayloadReader.read(payload.node()).toString()).doesNotContain("$OPEN");
    }

    @Test
    void jobWithoutATokenComesWithoutOne() throws Exception {
        StubPayload payload = StubPayload.job(1, "deploy");
        payload.vaultSecret("DB", URL, "ci", "kv-v2:kv", "a#b");

        assertThat(token(only(payload))).isEmpty();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "gcp_secret_manager",
                "azure_key_vault",
                "aws_secrets_manager",
                "gitlab_secrets_manager",
                "akeyless",
                "one_of_next_year"
            })
    void otherProvidersAreNotServedYetAndTheSecretIsNamed(String provider) throws Exception {
        List<String> lacking =
                lacking(secret -> {
                    secret.removeAll();
                    secret.putObject(provider).put("name", "n").put("jwt", "$SOME");
                });

        assertThat(lacking)
                .containsExactly(
                        "the secret DB from "
                                + provider
                                + ", which is not served yet: keep it in vault or in a masked"
                                + " variable");
    }

    @Test
    void secretsThatCannotBeUnderstoodAreNamed() throws Exception {
        assertThat(lacking(secret -> secret.putObject("azure_key_vault")))
                .containsExactly("the secret DB, which names several providers");
        assertThat(
                        lacking(secret ->
                                ((ObjectNode) secret.at("/vault/server/auth")).put("name", "")))
                .containsExactly("the secret DB, whose vault:server:auth:name is not jwt");
        assertThat(lacking(secret -> ((ObjectNode) secret.at("/vault/engine")).put("name", "kv")))
                .containsExactly(
                        "the secret DB, whose vault:engine:name is none of kv-v2, kv-v1 and"
                                + " generic");
        assertThat(lacking(secret -> ((ObjectNode) secret.path("vault")).put("field", "")))
                .containsExactly("the secret DB, whose vault:field is empty");
    }

    @ParameterizedTest
    @ValueSource(strings = {"a#b", "a?version=1", "a|base64", "a\nb"})
    void pathAndFieldCannotBecomeOtherPartsOfAReference(String text) throws Exception {
        assertThat(lacking(secret -> ((ObjectNode) secret.path("vault")).put("path", text)))
                .singleElement()
                .asString()
                .startsWith("the secret DB, whose vault:path has a ?");
        assertThat(lacking(secret -> ((ObjectNode) secret.path("vault")).put("field", text)))
                .singleElement()
                .asString()
                .startsWith("the secret DB, whose vault:field has a ?");
    }

    @Test
    void nameThatIsNoFilesIsRefused() throws Exception {
        StubPayload payload = job();
        payload.vaultSecret("../../etc/passwd", URL, "ci", "kv-v2:kv", "a#b");

        assertThat(((JobMapping.Result.Refused) result(payload)).lacking())
                .containsExactly("a secret whose name is not that of a variable");
    }

    @Test
    void numberOfSecretsIsBounded() throws Exception {
        StubPayload payload = job();
        for (int i = 0; i < 257; i++) {
            payload.vaultSecret("S" + i, URL, "ci", "kv-v2:kv", "a#b");
        }

        assertThat(((JobMapping.Result.Refused) result(payload)).lacking())
                .containsExactly("more than 256 secrets");
    }
}
