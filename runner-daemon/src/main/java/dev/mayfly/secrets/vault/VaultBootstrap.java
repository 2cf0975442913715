package dev.mayfly.secrets.vault;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.SerializationFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
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
import java.util.regex.Pattern;

/**
 * What the server has to hold for a configuration: the daemon's policy and role, and for each pool
 * a policy and a role of its own. To be printed and read by people, or written by somebody who may.
 */
public final class VaultBootstrap {

    private static final String DAEMON = "mayfly-daemon";
    private static final String DAEMON_ROLE = "mayfly";
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

    private VaultBootstrap() {}

    /** One thing to be written. */
    public sealed interface Step {

        /** A line of a shell that does it, with {@code vault} as the program. */
        default String shell() {
            return switch (this) {
                case Policy(String name, String rules) ->
                        "vault policy write %s - <<'EOF'%n%sEOF".formatted(name, rules);
                case Method(String mount, String type) ->
                        "vault auth list | grep -q '^%1$s/' || vault auth enable -path=%1$s %2$s"
                                .formatted(mount, type);
                case Role(String path, var body) ->
                        "vault write %s - <<'EOF'%n%s%nEOF".formatted(path, json(body));
                case Setting(String path, var body) ->
                        "vault write %s - <<'EOF'%n%s%nEOF".formatted(path, json(body));
                case ByHand(String what) -> "# by hand: " + what;
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

    /**
     * Everything that a configuration needs, in the order in which it is to be written.
     *
     * @param timeouts how long jobs of each pool may take
     */
    public static List<Step> steps(VaultSettings settings, Map<PoolName, Duration> timeouts) {
        List<Step> steps = new ArrayList<>();
        steps.add(new Policy(DAEMON, daemonRules(settings)));
        daemonRole(settings, steps);
        for (PoolAccess pool : settings.pools()) {
            steps.add(new Policy(policyOf(pool), jobRules(pool)));
            TokenRole minted = pool.minted();
            if (minted != null) {
                steps.add(tokenRole(pool, minted));
            }
            IdentityRole exchanged = pool.exchanged();
            if (exchanged != null) {
                steps.add(
                        identityRole(
                                settings,
                                pool,
                                exchanged,
                                timeouts.getOrDefault(pool.pool(), Duration.ZERO)));
            }
        }
        // Last, because it takes more rights than the rest.
        steps.add(auditedHeader(settings.connection().namespace()));
        return steps;
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

    private static void daemonRole(VaultSettings settings, List<Step> steps) {
        switch (settings.credentials()) {
            case DaemonCredentials.AppRole role -> {
                steps.add(new Method(role.mount(), "approle"));
                steps.add(
                        new Role(
                                "auth/"
                                        + role.mount()
                                        + "/role/"
                                        + (role.wrappedRole().isEmpty()
                                                ? DAEMON_ROLE
                                                : role.wrappedRole()),
                                Map.of(
                                        "token_policies",
                                        List.of(DAEMON),
                                        "token_period",
                                        "1h",
                                        "token_no_default_policy",
                                        true)));
            }
            case DaemonCredentials.Certificate(String mount, String role, _) ->
                    steps.add(
                            new ByHand(
                                    "auth/%s/certs/%s with the authority of the client certificate, token_policies=%s, token_ttl=1h"
                                            .formatted(mount, role, DAEMON)));
            case DaemonCredentials.SignedToken(String mount, String role, _) ->
                    steps.add(
                            new ByHand(
                                    "auth/%s/role/%s bound to this host's identity, token_policies=%s, token_ttl=1h"
                                            .formatted(mount, role, DAEMON)));
            case DaemonCredentials.AgentToken _ ->
                    steps.add(new ByHand("the agent's role needs token_policies=" + DAEMON));
        }
    }

    private static String policyOf(PoolAccess pool) {
        return "mayfly-" + pool.pool();
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

    private static Role tokenRole(PoolAccess pool, TokenRole minted) {
        return new Role(
                "auth/token/roles/" + minted.name(),
                Map.of(
                        "allowed_policies",
                        minted.policies().isEmpty() ? List.of(policyOf(pool)) : minted.policies(),
                        "orphan",
                        true,
                        "renewable",
                        true,
                        "token_no_default_policy",
                        true,
                        "token_type",
                        "service"));
    }

    /** Bound to what is common to all that the pool allows; an empty binding is the operator's. */
    private static Role identityRole(
            VaultSettings settings, PoolAccess pool, IdentityRole role, Duration timeout) {
        Map<String, Object> body = new LinkedHashMap<>();
        body.put("role_type", "jwt");
        body.put("user_claim", "project_id");
        body.put("bound_audiences", List.of(settings.connection().address().toString()));
        body.put("bound_claims", commonClaims(pool));
        body.put("claim_mappings", Map.of("job_id", "job_id", "project_id", "project_id"));
        body.put("token_policies", List.of(policyOf(pool)));
        body.put("token_ttl", "90s");
        body.put("token_explicit_max_ttl", timeout.plus(AROUND_THE_SCRIPT).toSeconds() + "s");
        body.put("token_no_default_policy", true);
        body.put("token_type", "service");
        return new Role("auth/" + role.mount() + "/role/" + role.role(), body);
    }

    private static Map<String, List<String>> commonClaims(PoolAccess pool) {
        Map<String, List<String>> common = new LinkedHashMap<>(pool.allowed().getFirst().when());
        pool.allowed()
                .forEach(one ->
                        common.entrySet()
                                .removeIf(claim ->
                                        !claim.getValue().equals(one.when().get(claim.getKey()))));
        return common;
    }

    /**
     * Writes all of it.
     *
     * @param operator a token that may
     * @throws FaultException naming what could not be written and why
     */
    public static void apply(VaultSettings settings, List<Step> steps, SecretValue operator)
            throws InterruptedException {
        try (VaultApi api = new DriverApi(settings.connection())) {
            PatientApi patient = new PatientApi(api, settings.connection().limit());
            for (Step step : steps) {
                apply(step, request -> patient.once(request.as(operator), Until.in(LIMIT)));
            }
        } catch (VaultFailure e) {
            throw new FaultException(e.fault(), e.reason());
        }
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
            case ByHand(String _) -> {
                // nobody else can
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
