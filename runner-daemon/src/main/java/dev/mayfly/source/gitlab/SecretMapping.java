package dev.mayfly.source.gitlab;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.mayfly.job.SecretAccount;
import dev.mayfly.job.SecretRequest;
import dev.mayfly.job.SecretValue;
import dev.mayfly.source.gitlab.JobPayload.SecretWish;
import dev.mayfly.source.gitlab.JobPayload.VaultPlace;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;

/**
 * Makes references out of a job's secrets, or says which of them cannot be had. What the job says
 * of servers and roles goes along, for the secrets provider to judge.
 */
final class SecretMapping {

    /** More have no room in a step of the job. */
    private static final int MOST = 256;

    private static final String VAULT = "vault";

    /** What a variable and a file can be called. */
    private static final Pattern NAME = Pattern.compile("[A-Za-z_][A-Za-z0-9_]{0,127}");

    /** What divides the parts of a reference. */
    private static final Pattern DIVIDERS = Pattern.compile("[?#|]|\\p{Cntrl}");

    private static final Pattern SLASHES_AROUND = Pattern.compile("^/+|/+$");

    private final JobVariables variables;
    private final List<String> lacking = new ArrayList<>();
    private final List<SecretRequest> requests = new ArrayList<>();

    private SecretMapping(JobVariables variables) {
        this.variables = variables;
    }

    /** Maps them; nothing is thrown, and what cannot be mapped is {@link #lacking()}. */
    static SecretMapping of(Map<String, SecretWish> wishes, JobVariables variables) {
        SecretMapping mapping = new SecretMapping(variables);
        if (wishes.size() > MOST) {
            mapping.lacking.add("more than " + MOST + " secrets");
        } else {
            wishes.forEach(mapping::map);
        }
        return mapping;
    }

    /** What a provider is asked for. */
    List<SecretRequest> requests() {
        return List.copyOf(requests);
    }

    /** What cannot be had, each in a few words that hold no value of a variable. */
    List<String> lacking() {
        return List.copyOf(lacking);
    }

    private void map(String name, SecretWish wish) {
        if (!NAME.matcher(name).matches()) {
            lacking.add("a secret whose name is not that of a variable");
            return;
        }
        String secret = "the secret " + name;
        VaultPlace place = wish.vault();
        if (wish.providers().size() != 1) {
            lacking.add(
                    secret
                            + (wish.providers().isEmpty()
                                    ? ", which names no provider"
                                    : ", which names several providers"));
        } else if (place == null) {
            lacking.add(
                    secret
                            + " from "
                            + wish.providers().getFirst()
                            + ", which is not served yet: keep it in "
                            + VAULT
                            + " or in a masked variable");
        } else if (!place.method().equals("jwt")) {
            lacking.add(secret + ", whose vault:server:auth:name is not jwt");
        } else {
            reference(secret, place)
                    .ifPresent(reference -> requests.add(request(name, reference, wish, place)));
        }
    }

    private Optional<String> reference(String secret, VaultPlace place) {
        String engine = trimmed(variables.expanded(place.enginePath()));
        String path = trimmed(variables.expanded(place.path()));
        String field = variables.expanded(place.field());
        for (Map.Entry<String, String> part :
                List.of(
                        Map.entry("engine:path", engine),
                        Map.entry("path", path),
                        Map.entry("field", field))) {
            if (part.getValue().isEmpty() || DIVIDERS.matcher(part.getValue()).find()) {
                lacking.add(
                        secret
                                + ", whose vault:"
                                + part.getKey()
                                + (part.getValue().isEmpty()
                                        ? " is empty"
                                        : " has a ?, a #, a | or a control character"));
                return Optional.empty();
            }
        }
        return switch (place.engine()) {
            case "kv-v2" -> Optional.of("vault:" + engine + "/data/" + path + "#" + field);
            case "kv-v1", "generic" -> Optional.of("vault:" + engine + "/" + path + "#" + field);
            default -> {
                lacking.add(
                        secret + ", whose vault:engine:name is none of kv-v2, kv-v1 and generic");
                yield Optional.empty();
            }
        };
    }

    private SecretRequest request(
            String name, String reference, SecretWish wish, VaultPlace place) {
        return new SecretRequest(
                name,
                reference,
                wish.file() ? SecretRequest.Variable.PATH : SecretRequest.Variable.VALUE,
                new SecretAccount(
                        variables.expanded(place.url()),
                        trimmed(variables.expanded(place.namespace())),
                        trimmed(variables.expanded(place.mount())),
                        variables.expanded(place.role()),
                        new SecretValue(variables.expanded(place.token()).getBytes(UTF_8))));
    }

    private static String trimmed(String path) {
        return SLASHES_AROUND.matcher(path).replaceAll("");
    }
}
