package dev.mayfly.config;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import dev.mayfly.job.PoolName;
import dev.mayfly.policy.ConditionException;
import dev.mayfly.policy.TrustedCondition;
import java.net.URI;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;

/**
 * What a configuration says of Vault: first whether it fits together, then as settings.
 *
 * @param root of the document
 */
record VaultBinding(Section root) {

    private static final List<String> WAYS =
            List.of("app_role", "certificate", "jwt", "token_file");

    private Section vault() {
        return root.section("secrets").section("vault");
    }

    private boolean isThere() {
        return root.section("secrets").has("vault");
    }

    // -- checks

    void check() {
        for (Section pool : root.sections("pools")) {
            if (pool.has("vault")) {
                check(pool);
            }
        }
        if (!isThere()) {
            return;
        }
        Section vault = vault();
        checkPair(vault, "client_certificate", "client_key");
        checkPair(vault, "client_key", "client_certificate");
        Section auth = vault.section("auth");
        List<String> ways = WAYS.stream().filter(auth::has).toList();
        boolean faulty = WAYS.stream().anyMatch(way -> auth.review().isFaulty(auth.pointer(way)));
        if (vault.has("auth") && !faulty && ways.size() != 1) {
            vault.report(
                    "auth",
                    ways.isEmpty()
                            ? "names no way to log in"
                            : "names " + String.join(" and ", ways),
                    "name exactly one of " + String.join(", ", WAYS));
        }
        if (auth.has("certificate") && !vault.value().has("client_certificate")) {
            auth.report(
                    "certificate",
                    "needs the client certificate that it logs in with",
                    "add secrets.vault.client_certificate and client_key");
        }
    }

    private static void checkPair(Section vault, String key, String other) {
        if (vault.has(key) && vault.value().path(other).isMissingNode()) {
            vault.report(key, "needs " + other + " beside it", "add " + other);
        }
    }

    private void check(Section pool) {
        Section vault = pool.section("vault");
        if (!isThere()) {
            pool.report(
                    "vault",
                    "there is no server that it could be about",
                    "add secrets.vault, or remove this");
        }
        if (!vault.value().has("token_role") && !vault.value().has("jwt")) {
            pool.report(
                    "vault",
                    "says of nobody as whom its jobs ask",
                    "add token_role, or jwt for jobs that bring an identity token, or both");
        }
        if (vault.has("policies") && !vault.value().has("token_role")) {
            vault.report("policies", "are those of a token role", "add token_role, or remove this");
        }
        for (String list : List.of("allow", "bindings")) {
            for (Section item : vault.sections(list)) {
                checkRule(item);
                if (isOfClaims(item) && !vault.value().has("jwt")) {
                    item.report(
                            "when",
                            "is about claims of an identity token, and this pool exchanges none",
                            "add jwt to the pool's vault section, or remove this");
                }
            }
        }
        checkNames(vault.sections("bindings"));
    }

    /** A mapping, and no rule. */
    private static boolean isOfClaims(Section item) {
        return item.has("when") && item.value().path("when").isObject();
    }

    private static boolean isRule(Section item) {
        return item.has("when") && item.value().path("when").isTextual();
    }

    private static void checkRule(Section item) {
        if (isRule(item)) {
            try {
                TrustedCondition.of(item.text("when"));
            } catch (ConditionException e) {
                item.report(
                        "when",
                        "%s (line %d, column %d of it)"
                                .formatted(e.getMessage(), e.line(), e.column()),
                        e.cure());
            }
        }
    }

    private static void checkNames(List<Section> bindings) {
        List<String> names = new ArrayList<>();
        for (Section binding : bindings) {
            if (binding.has("name")) {
                String name = binding.text("name");
                if (names.contains(name)) {
                    binding.report(
                            "name",
                            "is the name of bindings[" + names.indexOf(name) + "] already",
                            "give each binding a name of its own");
                }
                names.add(name);
            } else {
                names.add("");
            }
        }
    }

    // -- settings

    /** Empty for a configuration without a server. */
    Optional<VaultSettings> settings(Path directory) {
        if (!isThere()) {
            return Optional.empty();
        }
        Section vault = vault();
        VaultSettings.Tls tls =
                new VaultSettings.Tls(
                        file(vault, "ca_file", directory),
                        file(vault, "client_certificate", directory),
                        file(vault, "client_key", directory));
        return Optional.of(
                new VaultSettings(
                        new VaultSettings.Server(
                                URI.create(vault.text("address")),
                                vault.texts("other_addresses").stream().map(URI::create).toList(),
                                vault.has("namespace") ? vault.text("namespace") : "",
                                vault.duration("timeout"),
                                vault.duration("token_life")),
                        tls,
                        auth(vault.section("auth"), tls, directory),
                        vault.text("name"),
                        root.sections("pools").stream()
                                .filter(pool -> pool.has("vault"))
                                .map(VaultBinding::pool)
                                .toList()));
    }

    private static VaultSettings.Auth auth(Section auth, VaultSettings.Tls tls, Path directory) {
        if (auth.has("app_role")) {
            Section role = auth.section("app_role");
            return new VaultSettings.Auth.AppRole(
                    role.text("mount"),
                    role.text("role_id"),
                    present(file(role, "secret_id_file", directory)),
                    role.has("wrapped_role") ? role.text("wrapped_role") : "");
        }
        if (auth.has("certificate")) {
            Section role = auth.section("certificate");
            return new VaultSettings.Auth.Certificate(
                    role.text("mount"), role.text("role"), present(tls.clientCertificate()));
        }
        if (auth.has("jwt")) {
            Section role = auth.section("jwt");
            return new VaultSettings.Auth.Jwt(
                    role.text("mount"), role.text("role"), present(file(role, "file", directory)));
        }
        return new VaultSettings.Auth.TokenFile(present(file(auth, "token_file", directory)));
    }

    private static Path present(@Nullable Path checked) {
        if (checked == null) {
            throw new IllegalStateException("a checked configuration lacks a file");
        }
        return checked;
    }

    private static VaultSettings.Pool pool(Section pool) {
        Section vault = pool.section("vault");
        return new VaultSettings.Pool(
                new PoolName(pool.text("name")),
                vault.has("token_role")
                        ? new VaultSettings.Minted(
                                vault.text("token_role"), vault.texts("policies"))
                        : null,
                vault.has("jwt") ? jwt(vault.section("jwt")) : null,
                vault.sections("allow").stream()
                        .map(one ->
                                new VaultSettings.Allowed(one.texts("paths"), when(one), rule(one)))
                        .toList(),
                vault.sections("bindings").stream().map(VaultBinding::binding).toList());
    }

    private static VaultSettings.Jwt jwt(Section jwt) {
        return new VaultSettings.Jwt(
                jwt.text("mount"),
                jwt.text("role"),
                jwt.texts("other_roles"),
                claims(jwt.section("bound_claims")),
                jwt.text("variable"));
    }

    private static VaultSettings.Binding binding(Section binding) {
        return new VaultSettings.Binding(
                binding.text("name"),
                binding.text("ref"),
                binding.flag("variable"),
                binding.has("template") ? binding.text("template") : null,
                when(binding),
                rule(binding));
    }

    private static Map<String, List<String>> when(Section section) {
        return isRule(section) ? Map.of() : claims(section.section("when"));
    }

    /** As the author wrote them, so that the claim {@code true} needs no quotes. */
    private static Map<String, List<String>> claims(Section when) {
        Map<String, List<String>> claims = new LinkedHashMap<>();
        for (String claim : when.keys()) {
            JsonNode value = when.value().get(claim);
            JsonPointer at = when.pointer(claim);
            claims.put(
                    claim,
                    value.isArray()
                            ? IntStream.range(0, value.size())
                                    .mapToObj(at::appendIndex)
                                    .map(when.review().document()::written)
                                    .toList()
                            : List.of(when.review().document().written(at)));
        }
        return claims;
    }

    private static @Nullable TrustedCondition rule(Section section) {
        try {
            return isRule(section) ? TrustedCondition.of(section.text("when")) : null;
        } catch (ConditionException e) {
            throw new IllegalStateException("a checked configuration has a faulty rule", e);
        }
    }

    private static @Nullable Path file(Section section, String key, Path directory) {
        return section.has(key)
                ? directory.resolve(section.text(key)).toAbsolutePath().normalize()
                : null;
    }
}
