package dev.mayfly.config;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mayfly.admission.Effect;
import dev.mayfly.job.Facts;
import dev.mayfly.job.PoolName;
import dev.mayfly.job.RegistrationFacts;
import dev.mayfly.job.ServerFacts;
import dev.mayfly.job.SettableFacts;
import dev.mayfly.job.VerifiedClaims;
import dev.mayfly.policy.Condition;
import dev.mayfly.policy.ConditionException;
import dev.mayfly.policy.Policy;
import dev.mayfly.policy.PolicyDigest;
import dev.mayfly.policy.PoolRules;
import dev.mayfly.policy.Rule;
import dev.mayfly.policy.Trial;
import dev.mayfly.policy.TrustedCondition;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The policy files of a configuration, read once.
 *
 * @param policy what they and the pools say
 * @param trials the tests in them, by file
 */
public record PolicyFiles(Policy policy, Map<Path, List<Trial>> trials) {

    /**
     * Reads them.
     *
     * @throws ConfigException with every problem of every file
     */
    public static PolicyFiles read(MayflySettings settings) {
        Map<PoolName, PoolRules> pools = new LinkedHashMap<>();
        settings.pools().forEach(pool -> pools.put(pool.terms().pool(), pool.rules()));
        return read(settings.policy().files(), pools);
    }

    static PolicyFiles read(List<Path> files, Map<PoolName, PoolRules> pools) {
        List<Problem> problems = new ArrayList<>();
        List<Rule> rules = new ArrayList<>();
        List<String> texts = new ArrayList<>();
        Map<Path, List<Trial>> trials = new LinkedHashMap<>();
        Set<String> names = new HashSet<>();
        for (Path file : files) {
            try {
                String text = text(file);
                OneFile one = new OneFile(YamlDocument.parse(file, text), pools.keySet(), names);
                one.readInto(rules, trials.computeIfAbsent(file, _ -> new ArrayList<>()));
                texts.add(text);
            } catch (ConfigException e) {
                problems.addAll(e.problems());
            }
        }
        if (!problems.isEmpty()) {
            throw new ConfigException(problems);
        }
        return new PolicyFiles(new Policy(pools, rules, PolicyDigest.of(pools, texts)), trials);
    }

    /** One text for the rules and for their digest, so that no change in between is missed. */
    private static String text(Path file) {
        try {
            if (Files.size(file) > YamlDocument.MAX_BYTES) {
                throw new ConfigException(
                        YamlDocument.wholeFile(
                                file,
                                "is longer than " + YamlDocument.MAX_BYTES + " bytes",
                                "split it"));
            }
            return Files.readString(file, StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new ConfigException(
                    YamlDocument.wholeFile(
                            file,
                            "cannot be read as text (" + e.getClass().getSimpleName() + ")",
                            "name an UTF-8 file that this user may read, or take it off"
                                    + " policy.files"));
        }
    }

    /** One file on its way to rules. */
    private static final class OneFile {

        private final Review review;
        private final Set<PoolName> pools;
        private final Set<String> names;

        OneFile(YamlDocument document, Set<PoolName> pools, Set<String> names) {
            this.review = new Review(document, DocumentSchema.POLICY);
            this.pools = pools;
            this.names = names;
        }

        void readInto(List<Rule> rules, List<Trial> trials) {
            review.checkStructure();
            Section root = review.root();
            boolean enforced = !root.has("mode") || root.text("mode").equals("enforce");
            for (Section rule : root.sections("rules")) {
                Rule read = rule(rule, enforced);
                if (read != null) {
                    rules.add(read);
                }
            }
            for (Section test : root.sections("tests")) {
                if (test.has("pool")) {
                    checkPool(test, "pool", test.text("pool"));
                }
            }
            review.throwProblems();
            root.sections("tests").forEach(test -> trials.add(trial(test)));
        }

        /** Null if there is any problem; it is reported. */
        private @Nullable Rule rule(Section rule, boolean enforced) {
            if (!rule.has("name") || !rule.has("when") || !rule.has("effect")) {
                return null;
            }
            String name = rule.text("name");
            if (!names.add(name)) {
                rule.report("name", "is the name of another rule", "choose another one");
            }
            Effect effect = Effect.valueOf(rule.text("effect").toUpperCase(Locale.ROOT));
            if (effect != Effect.ALLOW && rule.value().path("message").isMissingNode()) {
                rule.report(
                        "message",
                        "is missing: the author of the job has to be told",
                        "add a message with the cause, and what to do");
            }
            rule.texts("pools").forEach(pool -> checkPool(rule, "pools", pool));
            Rule.Head head =
                    new Rule.Head(
                            name,
                            rule.texts("pools").stream()
                                    .map(PoolName::new)
                                    .collect(Collectors.toSet()),
                            rule.has("message") ? rule.text("message") : "it is allowed",
                            enforced);
            try {
                String when = rule.text("when");
                return switch (effect) {
                    case DENY -> new Rule.Deny(head, Condition.of(when));
                    case HOLD -> new Rule.Hold(head, Condition.of(when));
                    case ALLOW -> new Rule.Allow(head, TrustedCondition.of(when));
                };
            } catch (ConditionException e) {
                rule.report(
                        "when",
                        e.getMessage()
                                + " (line "
                                + e.line()
                                + ", column "
                                + e.column()
                                + " of it)",
                        e.cure());
                return null;
            }
        }

        private void checkPool(Section section, String key, String pool) {
            if (!pools.contains(new PoolName(pool))) {
                List<String> known = pools.stream().map(PoolName::value).toList();
                section.report(
                        key,
                        "there is no pool \"" + pool + "\"",
                        NearestName.of(pool, known)
                                .map(near -> "did you mean \"" + near + "\"?")
                                .orElse("pools: " + String.join(", ", known)));
            }
        }

        private static Trial trial(Section test) {
            Section registration = test.section("registration");
            Section server = test.section("server");
            return new Trial(
                    test.text("name"),
                    new PoolName(test.text("pool")),
                    new Facts(
                            new Facts.Trusted(
                                    new RegistrationFacts(
                                            registration.text("name"),
                                            registration.text("server"),
                                            registration.flag("protected")),
                                    server(server),
                                    new VerifiedClaims(claims(test.section("claims").value()))),
                            settable(test.section("job"))),
                    Effect.valueOf(test.text("expect").toUpperCase(Locale.ROOT)),
                    test.texts("rules"));
        }

        private static ServerFacts server(Section server) {
            return new ServerFacts(
                    new ServerFacts.Project(server.text("project_id"), server.text("project")),
                    new ServerFacts.Ref(
                            server.text("ref"),
                            ServerFacts.RefKind.valueOf(
                                    server.text("ref_kind").toUpperCase(Locale.ROOT)),
                            server.flag("ref_protected"),
                            server.text("commit")),
                    server.flag("fork"),
                    new ServerFacts.Run("1", server.text("pipeline_id"), server.text("user_id")));
        }

        private static SettableFacts settable(Section job) {
            Map<String, String> variables = new HashMap<>();
            job.section("variables")
                    .value()
                    .properties()
                    .forEach(entry -> variables.put(entry.getKey(), entry.getValue().asText()));
            return new SettableFacts(
                    job.text("name"), job.text("image"), job.texts("services"), variables);
        }

        private static Map<String, Object> claims(JsonNode node) {
            Map<String, Object> claims = new HashMap<>();
            node.properties().forEach(entry -> claims.put(entry.getKey(), plain(entry.getValue())));
            return claims;
        }

        private static Object plain(JsonNode node) {
            if (node.isArray()) {
                List<Object> items = new ArrayList<>();
                node.forEach(item -> items.add(plain(item)));
                return items;
            }
            if (node.isBoolean()) {
                return node.booleanValue();
            }
            return node.isIntegralNumber() ? (Object) node.longValue() : node.asText();
        }
    }
}
