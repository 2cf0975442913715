package dev.mayfly.secrets.vault;

import dev.mayfly.job.SecretValue;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * One request. Prints as its path: the rest may be secret.
 *
 * @param method what is done
 * @param path of the API, without {@code /v1/}, with the query if there is one
 * @param body empty for a read; texts, numbers, booleans, and lists and maps with texts at their
 *     ends
 * @param token as whom, or null for nobody
 * @param job which the server's audit log may show, or empty
 */
record VaultRequest(
        Method method,
        String path,
        Map<String, Object> body,
        @Nullable SecretValue token,
        String job) {

    /** Names of what proves an identity, or is a secret itself. */
    private static final Set<String> SECRET = Set.of("jwt", "secret_id", "token", "plaintext");

    enum Method {
        READ,
        WRITE
    }

    VaultRequest {
        body = Map.copyOf(body);
    }

    static VaultRequest read(String path) {
        return new VaultRequest(Method.READ, path, Map.of(), null, "");
    }

    static VaultRequest write(String path, Map<String, Object> body) {
        return new VaultRequest(Method.WRITE, path, body, null, "");
    }

    /** What an answer must not be quoted with. */
    Hidden hidden() {
        List<String> values = new ArrayList<>();
        if (token != null) {
            values.add(new String(token.reveal(), StandardCharsets.UTF_8));
        }
        body.forEach((name, value) -> {
            if (SECRET.contains(name)) {
                values.add(value.toString());
            }
        });
        return new Hidden(values);
    }

    VaultRequest as(SecretValue who) {
        return new VaultRequest(method, path, body, who, job);
    }

    VaultRequest about(String job) {
        return new VaultRequest(method, path, body, token, job);
    }

    @Override
    public String toString() {
        return method + " " + path;
    }
}
