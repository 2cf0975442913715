package dev.mayfly.secrets.vault;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.SecretValue;
import dev.mayfly.secrets.vault.PoolAccess.Allowance;
import dev.mayfly.secrets.vault.PoolAccess.IdentityRole;
import dev.mayfly.secrets.vault.PoolAccess.TokenRole;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the server has to hold for a configuration: the daemon's policy and role, and for each pool
 * a policy and a role of its own. To be printed and read by people, or written by somebody who may.
 */
public final class VaultBootstrap {

    private static final Duration LIMIT = Duration.ofSeconds(30);

    /** Jobs may go on a while after their script, and clocks differ. */
    private static final Duration AROUND_THE_SCRIPT = Duration.ofMinutes(40);

    /** Engines that make something of what they are told; all others are read. */
    private static final Pattern WRITTEN =
            Pattern.compile("[^/]+/(issue|sign|sign-verbatim|decrypt|encrypt|hmac|verify)(/.*)?");

    private static final JsonMapper JSON =
            JsonMapper.builder()
                    .enable(SerializationFeature.INDENT_OUTPUT)
                    .enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS)
                    .build();

    /** Beginning of a script: how policies are written, and what stops it. */
    private static final String WRITING =
            """
            lost() {
              echo "nothing more is written: $1 has, perhaps for another host: $2" >&2
              echo "give this configuration names of its own (secrets.vault.name, token_role and jwt.role of its pools), or print this with --replace" >&2
              exit 1
            }
            """;

    private static final String KEEPING =
            """
            write_policy() {
              new=$(cat)
              gone=$(vault policy read "$1" 2>/dev/null | grep '^ *path ' | grep -vxF "$new" || true)
              if [ -n "$gone" ]; then lost "policy $1" "$gone"; fi
              printf '%s\\n' "$new" | vault policy write "$1" -
            }
            keeps_policies() {
              there=$(vault read -field="$2" "$1" 2>/dev/null || true)
              if [ -n "$there" ] && [ "$there" != "[]" ] && [ "$there" != "$3" ]; then lost "$1" "$2 $there"; fi
            }\
            """;

    private static final String REPLACING =
            """
            write_policy() { vault policy write "$1" -; }
            keeps_policies() { true; }\
            """;

    private VaultBootstrap() {}

    /** One thing to be written. */
    public sealed interface Step {

        /** A line of a shell that does it, with {@code vault} as the program. */
        default String shell() {
            return switch (this) {
                case Policy(String name, String rules) ->
                        "write_policy %s <<'EOF'%n%sEOF".formatted(name, rules);
                case Method(String mount, String type) ->
                        "vault auth list | grep -q '^%1$s/' || vault auth enable -path=%1$s %2$s"
                                .formatted(mount, type);
                case Role(String path, var body) ->
                        policiesOf(body)
                                        .map(field ->
                                                "keeps_policies %s %s '[%s]'%n"
                                                        .formatted(
                                                                path,
                                                                field,
                                                                String.join(
                                                                        " ", texts(body, field))))
                                        .orElse("")
                                + "vault write %s - <<'EOF'%n%s%nEOF".formatted(path, json(body));
                case Setting(String path, var body) ->
                        "vault write %s - <<'EOF'%n%s%nEOF".formatted(path, json(body));
                case ByHand(String what) -> "# by hand: " + what;
                case Note(String what) -> "# note: " + what;
            };
        }
    }

    /**
     * A policy.
     *
     * @param rules in HCL
     */
    public record Policy(String name, String rules) implements Step {}

    /** An auth method, to be enabled unless it is. */
    public record Method(String mount, String type) implements Step {}

    /** A role, with its fields. */
    public record Role(String path, Map<String, Object> body) implements Step {
        public Role {
            body = Map.copyOf(body);
        }
    }

    /** A setting of the server itself. */
    public record Setting(String path, Map<String, Object> body) implements Step {
        public Setting {
            body = Map.copyOf(body);
        }
    }

    /** What only a person knows enough for. */
    public record ByHand(String what) implements Step {}

    /** What whoever reads this should know. */
    public record Note(String what) implements Step {}

    /**
     * Why nothing can be written for a configuration, one line for each pool; empty when it can be.
     * A role of a JWT method without bound claims would serve every job of the CI server, on
     * whichever runner.
     */
    public static List<String> troubles(VaultSettings settings) {
        List<String> troubles = new ArrayList<>();
        for (PoolAccess pool : settings.pools()) {
            IdentityRole role = pool.exchanged();
            if (role != null && boundClaims(pool, role).isEmpty()) {
                troubles.add(
                        "pool %s: vault.jwt.bound_claims is missing, and the entries of vault.allow have no claims in common (a rule in when is none): whoever has an identity token for this server could log in to the role %s and read what the pool may. Say which jobs the role is for, such as  bound_claims: {project_id: 42, ref_protected: true}"
                                .formatted(pool.pool(), role.role()));
            }
        }
        return List.copyOf(troubles);
    }

    /**
     * Everything that a configuration needs, in the order in which it is to be written.
     *
     * @param name that the daemon's role gets, and policies begin with
     * @param timeouts how long jobs of each pool may take
     * @throws IllegalArgumentException for a configuration with {@link #troubles}
     */
    public static List<Step> steps(
            VaultSettings settings, String name, Map<PoolName, Duration> timeouts) {
        List<String> troubles = troubles(settings);
        if (!troubles.isEmpty()) {
            throw new IllegalArgumentException(String.join("; ", troubles));
        }
        List<Step> steps = new ArrayList<>();
        steps.add(new Policy(name + "-daemon", daemonRules(settings)));
        daemonRole(settings, name, steps);
        for (PoolAccess pool : settings.pools()) {
            String policy = name + "-" + pool.pool();
            steps.add(new Policy(policy, jobRules(pool)));
            TokenRole minted = pool.minted();
            if (minted != null) {
                steps.add(tokenRole(policy, minted));
            }
            IdentityRole exchanged = pool.exchanged();
            if (exchanged != null) {
                steps.add(
                        identityRole(
                                settings,
                                pool,
                                policy,
                                exchanged,
                                timeouts.getOrDefault(pool.pool(), Duration.ZERO)));
                differences(pool, exchanged, steps);
            }
        }
        // Last, because it takes more rights than the rest.
        steps.add(auditedHeader(settings.connection().namespace()));
        return steps;
    }

    /** What the runner tells apart and the one role of a pool cannot. */
    private static void differences(PoolAccess pool, IdentityRole role, List<Step> steps) {
        Map<String, List<String>> bound = boundClaims(pool, role);
        if (pool.allowed().stream()
                .anyMatch(one ->
                        !one.rule().equals(PoolAccess.Rule.NONE)
                                || !bound.entrySet().containsAll(one.when().entrySet()))) {
            steps.add(
                    new Note(
                            "the role %s is bound to %s alone, and has all paths of pool %s: what else its allow says in when, the runner sees to and the server does not. Paths for fewer jobs need a pool of their own"
                                    .formatted(role.role(), new TreeMap<>(bound), pool.pool())));
        }
        for (String other : role.others()) {
            steps.add(
                    new ByHand(
                            "auth/%s/role/%s like the role %s, with the bound claims and the policy of the jobs that it is for"
                                    .formatted(role.mount(), other, role.role())));
        }
    }

    /** Lets the server's audit log name the job that a request was for. */
    private static Step auditedHeader(String namespace) {
        String path =
                "sys/config/auditing/request-headers/"
                        + DriverApi.JOB_HEADER.toLowerCase(Locale.ROOT);
        return namespace.isEmpty()
                ? new Setting(path, Map.of("hmac", false))
                : new ByHand("in the root namespace: vault write " + path + " hmac=false");
    }

    private static String daemonRules(VaultSettings settings) {
        StringBuilder rules = new StringBuilder(shipped("daemon.hcl"));
        for (PoolAccess pool : settings.pools()) {
            TokenRole minted = pool.minted();
            if (minted != null) {
                rules.append(rule("auth/token/create/" + minted.name(), "update"));
            }
        }
        return rules.toString();
    }

    private static void daemonRole(VaultSettings settings, String name, List<Step> steps) {
        String policy = name + "-daemon";
        switch (settings.credentials()) {
            case DaemonCredentials.AppRole role -> {
                steps.add(new Method(role.mount(), "approle"));
                steps.add(
                        new Role(
                                "auth/"
                                        + role.mount()
                                        + "/role/"
                                        + (role.wrappedRole().isEmpty()
                                                ? name
                                                : role.wrappedRole()),
                                Map.of(
                                        "token_policies",
                                        List.of(policy),
                                        "token_period",
                                        "1h",
                                        "token_no_default_policy",
                                        true)));
            }
            case DaemonCredentials.Certificate(String mount, String role, _) ->
                    steps.add(
                            new ByHand(
                                    "auth/%s/certs/%s with the authority of the client certificate, token_policies=%s, token_ttl=1h"
                                            .formatted(mount, role, policy)));
            case DaemonCredentials.SignedToken(String mount, String role, _) ->
                    steps.add(
                            new ByHand(
                                    "auth/%s/role/%s bound to this host's identity, token_policies=%s, token_ttl=1h"
                                            .formatted(mount, role, policy)));
            case DaemonCredentials.AgentToken _ ->
                    steps.add(new ByHand("the agent's role needs token_policies=" + policy));
        }
    }

    private static String jobRules(PoolAccess pool) {
        StringBuilder rules = new StringBuilder(shipped("job.hcl"));
        pool.allowed().stream()
                .map(Allowance::paths)
                .flatMap(List::stream)
                .distinct()
                .forEach(path ->
                        rules.append(
                                rule(path, WRITTEN.matcher(path).matches() ? "update" : "read")));
        return rules.toString();
    }

    private static String rule(String path, String capability) {
        return "path \"%s\" { capabilities = [\"%s\"] }%n".formatted(path, capability);
    }

    private static Role tokenRole(String policy, TokenRole minted) {
        return new Role(
                "auth/token/roles/" + minted.name(),
                Map.of(
                        "allowed_policies",
                        minted.policies().isEmpty() ? List.of(policy) : minted.policies(),
                        "orphan",
                        true,
                        "renewable",
                        true,
                        "token_no_default_policy",
                        true,
                        "token_type",
                        "service"));
    }

    private static Role identityRole(
            VaultSettings settings,
            PoolAccess pool,
            String policy,
            IdentityRole role,
            Duration timeout) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("role_type", "jwt");
        body.put("user_claim", "project_id");
        body.put("bound_audiences", List.of(settings.connection().address().toString()));
        body.put("bound_claims", boundClaims(pool, role));
        body.put("claim_mappings", Map.of("job_id", "job_id", "project_id", "project_id"));
        body.put("token_policies", List.of(policy));
        body.put("token_ttl", "90s");
        body.put("token_explicit_max_ttl", timeout.plus(AROUND_THE_SCRIPT).toSeconds() + "s");
        body.put("token_no_default_policy", true);
        body.put("token_type", "service");
        return new Role("auth/" + role.mount() + "/role/" + role.role(), body);
    }

    /** What is common to all that the pool allows, and what the operator says beside it. */
    private static Map<String, List<String>> boundClaims(PoolAccess pool, IdentityRole role) {
        Map<String, List<String>> common = new LinkedHashMap<>(pool.allowed().getFirst().when());
        pool.allowed()
                .forEach(one ->
                        common.entrySet()
                                .removeIf(claim ->
                                        !claim.getValue().equals(one.when().get(claim.getKey()))));
        common.putAll(role.boundClaims());
        common.values().removeIf(List::isEmpty);
        return common;
    }

    /**
     * All of it as a script, which stops where something of the same name has what it would take
     * away.
     *
     * @param replacing whether it goes on there
     */
    public static List<String> script(List<Step> steps, boolean replacing) {
        return Stream.concat(
                        Stream.of(WRITING + (replacing ? REPLACING : KEEPING)),
                        steps.stream().map(Step::shell))
                .toList();
    }

    /**
     * Writes all of it, or nothing where something of the same name has what would be taken away.
     *
     * @param replacing whether that is taken away
     * @param operator a token that may
     * @throws FaultException naming what could not be written and why
     */
    public static void apply(
            VaultSettings settings, List<Step> steps, boolean replacing, SecretValue operator)
            throws InterruptedException {
        try (VaultApi api = new DriverApi(settings.connection())) {
            PatientApi patient = new PatientApi(api, settings.connection().limit());
            Writing writing = request -> patient.once(request.as(operator), Until.in(LIMIT));
            if (!replacing) {
                requireNoLoss(steps, writing);
            }
            for (Step step : steps) {
                apply(step, writing);
            }
        } catch (VaultFailure e) {
            throw new FaultException(e.fault(), e.reason());
        }
    }

    private static void requireNoLoss(List<Step> steps, Writing operator)
            throws InterruptedException {
        List<String> losses = new ArrayList<>();
        for (Step step : steps) {
            switch (step) {
                case Policy(String name, String rules) ->
                        present("sys/policies/acl/" + name, operator)
                                .ifPresent(there ->
                                        lost(there.path("policy").asText(), rules)
                                                .forEach(line ->
                                                        losses.add(
                                                                "policy " + name + " has "
                                                                        + line)));
                case Role(String path, var body) ->
                        present(path, operator)
                                .ifPresent(there -> losses.addAll(lost(path, there, body)));
                case Method _, Setting _, ByHand _, Note _ -> {
                    // takes nothing away
                }
            }
        }
        if (!losses.isEmpty()) {
            throw new FaultException(
                    Fault.SECRETS_PROVIDER,
                    "nothing was written: it would take away what is there, perhaps for another"
                            + " host:\n  "
                            + String.join("\n  ", losses)
                            + "\ngive this configuration names of its own (secrets.vault.name, token_role"
                            + " and jwt.role of its pools), or take it away with --replace");
        }
    }

    private static Optional<JsonNode> present(String path, Writing operator)
            throws InterruptedException {
        try {
            return Optional.of(operator.write(VaultRequest.read(path)).data());
        } catch (VaultFailure e) {
            // A method that is not enabled yet has no roles.
            if (e.kind() == VaultFailure.Kind.MISSING) {
                return Optional.empty();
            }
            throw e;
        }
    }

    private static List<String> lost(String there, String rules) {
        Set<String> kept = rules.lines().map(String::strip).collect(Collectors.toSet());
        return there.lines()
                .map(String::strip)
                .filter(line -> line.startsWith("path "))
                .filter(line -> !kept.contains(line))
                .toList();
    }

    /** More claims than before, and a claim that was not bound, close a role and open nothing. */
    private static List<String> lost(String path, JsonNode there, Map<String, Object> body) {
        List<String> lost = new ArrayList<>();
        policiesOf(body)
                .ifPresent(field ->
                        texts(there.path(field)).stream()
                                .filter(policy -> !texts(body, field).contains(policy))
                                .forEach(policy -> lost.add(path + " has the policy " + policy)));
        if (body.get("bound_claims") instanceof Map<?, ?> bound) {
            there.path("bound_claims")
                    .properties()
                    .forEach(claim -> {
                        boolean kept =
                                bound.get(claim.getKey()) instanceof List<?> values
                                        && values.containsAll(texts(claim.getValue()));
                        if (!kept) {
                            lost.add(
                                    path
                                            + " is bound to "
                                            + claim.getKey()
                                            + " "
                                            + String.join(" or ", texts(claim.getValue())));
                        }
                    });
        }
        return lost;
    }

    /** The field of a role that names its policies. */
    private static Optional<String> policiesOf(Map<String, Object> body) {
        return Stream.of("token_policies", "allowed_policies")
                .filter(body::containsKey)
                .findFirst();
    }

    private static List<String> texts(Map<String, Object> body, String field) {
        return body.get(field) instanceof List<?> values
                ? values.stream().map(String::valueOf).toList()
                : List.of();
    }

    private static List<String> texts(JsonNode value) {
        return value.isArray()
                ? value.valueStream().map(JsonNode::asText).toList()
                : value.isValueNode() && !value.isNull() ? List.of(value.asText()) : List.of();
    }

    private interface Writing {
        VaultAnswer write(VaultRequest request) throws InterruptedException;
    }

    private static void apply(Step step, Writing operator) throws InterruptedException {
        switch (step) {
            case Policy(String name, String rules) ->
                    operator.write(
                            VaultRequest.write(
                                    "sys/policies/acl/" + name, Map.of("policy", rules)));
            case Method(String mount, String type) -> {
                VaultAnswer enabled = operator.write(VaultRequest.read("sys/auth"));
                if (!enabled.data().has(mount + "/")) {
                    operator.write(VaultRequest.write("sys/auth/" + mount, Map.of("type", type)));
                }
            }
            case Role(String path, var body) -> operator.write(VaultRequest.write(path, body));
            case Setting(String path, var body) -> operator.write(VaultRequest.write(path, body));
            case ByHand _, Note _ -> {
                // for people
            }
        }
    }

    private static String json(Map<String, Object> body) {
        try {
            return JSON.writeValueAsString(body);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a role cannot be written as JSON", e);
        }
    }

    private static String shipped(String name) {
        try (InputStream in = VaultBootstrap.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the program lacks its own file " + name);
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("the program's own file cannot be read", e);
        }
    }
}
