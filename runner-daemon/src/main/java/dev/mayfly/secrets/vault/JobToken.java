package dev.mayfly.secrets.vault;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mayfly.job.SecretValue;
import dev.mayfly.secrets.vault.VaultFailure.Kind;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * A job's own token.
 *
 * @param value hidden
 * @param accessor by which it can be ended and not used
 * @param lifetime from when it was given
 * @param request by which it was given, in the server's words
 */
record JobToken(SecretValue value, String accessor, Duration lifetime, String request) {

    static JobToken of(VaultAnswer answer) {
        JsonNode auth = answer.auth();
        String token = auth.path("client_token").asText();
        String accessor = auth.path("accessor").asText();
        if (token.isEmpty()) {
            throw new VaultFailure(Kind.FOREIGN, "the login was answered without a token");
        }
        if (accessor.isEmpty()) {
            throw new VaultFailure(
                    Kind.REJECTED,
                    "the role gives batch tokens, which cannot be revoked: set its token_type to"
                            + " service");
        }
        return new JobToken(
                new SecretValue(token.getBytes(StandardCharsets.US_ASCII)),
                accessor,
                Duration.ofSeconds(auth.path("lease_duration").asLong()),
                answer.requestId());
    }
}
