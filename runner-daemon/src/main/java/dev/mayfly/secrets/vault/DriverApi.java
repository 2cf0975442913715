package dev.mayfly.secrets.vault;

import com.fasterxml.jackson.core.JacksonException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.mayfly.secrets.vault.VaultFailure.Kind;
import io.github.jopenlibs.vault.EnvironmentLoader;
import io.github.jopenlibs.vault.Vault;
import io.github.jopenlibs.vault.VaultConfig;
import io.github.jopenlibs.vault.VaultException;
import io.github.jopenlibs.vault.api.Logical;
import io.github.jopenlibs.vault.json.Json;
import io.github.jopenlibs.vault.json.JsonArray;
import io.github.jopenlibs.vault.json.JsonObject;
import io.github.jopenlibs.vault.json.JsonValue;
import java.net.URI;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The driver as a thin transport: it makes addresses and bodies, and nothing else of it is used,
 * because it would take an empty answer for an empty secret. Statuses are judged, and answers read,
 * here.
 */
final class DriverApi implements VaultApi {

    private static final JsonMapper JSON = new JsonMapper();

    /** A version other than this makes the driver rewrite paths of every engine. */
    private static final int PATHS_AS_WRITTEN = 1;

    private static final int STANDBY = 307;

    /** For the server's own audit log. */
    static final String JOB_HEADER = "X-Mayfly-Job";

    private final VaultConnection connection;
    private final TrustedClients clients;

    DriverApi(VaultConnection connection) {
        this.connection = connection;
        this.clients = new TrustedClients(connection.tls());
    }

    @Override
    public VaultAnswer ask(VaultRequest request, Duration limit) throws InterruptedException {
        Until until = Until.in(limit);
        HttpResponse<?> response = exchange(connection.address(), request, until.left());
        if (response.statusCode() == STANDBY) {
            URI active = activeServer(request, response);
            response = exchange(active, request, until.left());
        }
        return answer(request, response);
    }

    private HttpResponse<?> exchange(URI server, VaultRequest request, Duration limit)
            throws InterruptedException {
        Map<String, String> headers = new HashMap<>();
        if (!connection.namespace().isEmpty()) {
            headers.put("X-Vault-Namespace", connection.namespace());
        }
        if (!request.job().isEmpty()) {
            headers.put(JOB_HEADER, request.job());
        }
        Exchange exchange = new Exchange(clients.current(), headers, limit);
        try {
            Logical driver =
                    Vault.create(
                                    new VaultConfig()
                                            .environmentLoader(new NoEnvironment())
                                            .address(server.toString())
                                            .token(token(request))
                                            .httpClient(exchange)
                                            .build(),
                                    PATHS_AS_WRITTEN)
                            .logical();
            switch (request.method()) {
                case READ -> driver.read(request.path());
                case WRITE -> driver.write(request.path(), driversOwn(request.body()));
            }
        } catch (VaultException _) {
            // Its text holds the body. What happened is known to the exchange.
        }
        return exchange.answer();
    }

    private static @Nullable String token(VaultRequest request) {
        return request.token() == null
                ? null
                : new String(request.token().reveal(), StandardCharsets.US_ASCII);
    }

    /** The driver would write lists and maps as Java prints them. */
    private static Map<String, Object> driversOwn(Map<String, Object> body) {
        Map<String, Object> own = new HashMap<>(body);
        own.replaceAll(
                (_, value) -> value instanceof List || value instanceof Map ? json(value) : value);
        return own;
    }

    private static JsonValue json(Object value) {
        return switch (value) {
            case List<?> list -> {
                JsonArray array = new JsonArray();
                list.forEach(item -> array.add(json(Objects.requireNonNull(item))));
                yield array;
            }
            case Map<?, ?> map -> {
                JsonObject object = new JsonObject();
                map.forEach((key, item) ->
                        object.add(String.valueOf(key), json(Objects.requireNonNull(item))));
                yield object;
            }
            default -> Json.value(value.toString());
        };
    }

    /** A standby server says where the active one is; followed once, to known addresses only. */
    private URI activeServer(VaultRequest request, HttpResponse<?> response) {
        Optional<String> location = response.headers().firstValue("Location");
        return location.flatMap(where ->
                        connection.others().stream()
                                .filter(known -> where.startsWith(known + "/v1/"))
                                .findFirst())
                .orElseThrow(() ->
                        VaultFailure.of(
                                request,
                                new VaultAnswer(STANDBY, JSON.createObjectNode(), Duration.ZERO)));
    }

    private static VaultAnswer answer(VaultRequest request, HttpResponse<?> response) {
        int status = response.statusCode();
        Duration retryAfter =
                response.headers()
                        .firstValue("Retry-After")
                        .filter(seconds -> seconds.matches("[0-9]{1,4}"))
                        .map(seconds -> Duration.ofSeconds(Long.parseLong(seconds)))
                        .orElse(Duration.ZERO);
        String body = String.valueOf(response.body()); // the driver reads text
        if (body.isEmpty()) {
            return new VaultAnswer(status, JSON.createObjectNode(), retryAfter);
        }
        JsonNode json = json(body);
        if (json == null || !json.isObject()) {
            VaultAnswer bare = new VaultAnswer(status, JSON.createObjectNode(), retryAfter);
            if (bare.succeeded()) {
                throw new VaultFailure(
                        Kind.FOREIGN,
                        request.path()
                                + ": what answers at "
                                + response.uri().getAuthority()
                                + " is no Vault: its answer is not JSON");
            }
            return bare;
        }
        return new VaultAnswer(status, json, retryAfter);
    }

    private static @Nullable JsonNode json(String body) {
        try {
            return JSON.readTree(body);
        } catch (JacksonException _) {
            return null; // whose text may quote the body
        }
    }

    @Override
    public void close() {
        clients.close();
    }

    /** The driver would take settings from the process's environment and from ~/.vault-token. */
    private static final class NoEnvironment extends EnvironmentLoader {

        private static final long serialVersionUID = 1L;

        @Override
        public @Nullable String loadVariable(String name) {
            return null;
        }
    }
}
