package dev.mayfly.migration;

import static dev.mayfly.migration.ConfigToml.field;
import static dev.mayfly.migration.ConfigToml.number;
import static dev.mayfly.migration.ConfigToml.text;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mayfly.config.NearestName;
import dev.mayfly.config.Transport;
import dev.mayfly.job.ImagePattern;
import dev.mayfly.job.ImageReference;
import java.nio.file.Path;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * A configuration of Mayfly's that does what one of gitlab-runner did, as far as that goes.
 *
 * @param yaml the text of the new configuration, without any token
 * @param findings what became of each key that is set, in the order of the file
 * @param tokens of the runners that the new configuration names
 */
public record Migration(String yaml, List<Finding> findings, List<RunnerToken> tokens) {

    public Migration {
        findings = List.copyOf(findings);
        tokens = List.copyOf(tokens);
    }

    /**
     * Reads a configuration of gitlab-runner's.
     *
     * @param state where the new one is to keep its state, or null for the usual place
     * @throws dev.mayfly.config.ConfigException when the file cannot be read
     */
    public static Migration of(Path file, @Nullable Path state) {
        return new Conversion(ConfigToml.read(file), state).migration();
    }

    private static final class Conversion {

        private static final int MAX_SLOTS = 256;
        private static final int NAME = 24;
        private static final long KIBIBYTE = 1 << 10;
        private static final long MEBIBYTE = 1 << 20;
        private static final long LEAST_MEMORY = 32;
        private static final long LEAST_LOG = 64;
        private static final long MOST_MEBIBYTES = 999_999;
        private static final Pattern IMAGE_PATTERN =
                Pattern.compile("[A-Za-z0-9*?][A-Za-z0-9._/:@*?-]{0,511}");
        private static final Pattern PULL_POLICY = Pattern.compile("always|if-not-present|never");
        private static final String REGISTRY_LOGINS = "DOCKER_AUTH_CONFIG=";
        private static final Pattern MEMORY = Pattern.compile("([0-9]{1,15})\\s*([bkmgt]?)b?");
        private static final Set<String> ON_DOCKER =
                Set.of("docker", "docker+machine", "docker-autoscaler");

        private final JsonNode root;
        private final @Nullable Path state;
        private final List<Finding> findings = new ArrayList<>();

        /** Keys that have a finding already, in lower case. */
        private final Set<String> told = new HashSet<>();

        /** Sections that stay behind as a whole, which was said; in lower case. */
        private final Set<String> leftOut = new HashSet<>();

        private final List<RunnerToken> tokens = new ArrayList<>();
        private final Set<String> names = new HashSet<>(Set.of("local"));
        private final StringBuilder pools = new StringBuilder();
        private final StringBuilder sources = new StringBuilder();
        private final CacheMove caches = new CacheMove(this::open);

        /** The only one that the daemon has: that of the first runner that can be taken. */
        private @Nullable EngineMove engine;

        private String engineOf = "";
        private SlotShares slots = new SlotShares(1, List.of());

        Conversion(JsonNode root, @Nullable Path state) {
            this.root = root;
            this.state = state;
        }

        Migration migration() {
            look(root, "", "");
            JsonNode runners = field(root, "runners");
            if (runners.isContainerNode() && !runners.isArray()) {
                open("runners", "is a table, where gitlab-runner has a list: write [[runners]]");
            }
            decideForAll(runners);
            for (int i = 0; runners.isArray() && i < runners.size(); i++) {
                String key = "runners[" + i + "]";
                if (runner(runners.get(i), key)) {
                    look(runners.get(i), key, "runners");
                }
            }
            slots.remark()
                    .ifPresent(
                            remark -> findings.add(new Finding("concurrent", Fate.OPEN, remark)));
            JsonNode concurrent = field(root, "concurrent");
            if (concurrent.isNumber() && concurrent.asLong() < 1) {
                open(
                        "concurrent",
                        "is "
                                + concurrent.asText()
                                + ", with which no job runs: here a pool has one slot at least");
            }
            if (pools.isEmpty()) {
                if (!runners.isArray() || runners.isEmpty()) {
                    open(
                            "runners",
                            "there is none: the pool is an example, and no source feeds it");
                }
                pools.append("  - name: untrusted\n");
            }
            return new Migration(written(), findings, tokens);
        }

        /** What the runners have in common is known before the first of them is written. */
        private void decideForAll(JsonNode runners) {
            List<Long> limits = new ArrayList<>();
            for (int i = 0; runners.isArray() && i < runners.size(); i++) {
                JsonNode runner = runners.get(i);
                EngineMove its = EngineMove.of(runner);
                if (!ON_DOCKER.contains(text(runner, "executor"))
                        || url(runner).isEmpty()
                        || !its.usable()) {
                    continue;
                }
                if (engine == null) {
                    engine = its;
                    engineOf = "runners[" + i + "]";
                }
                if (its.equals(engine)) {
                    limits.add(number(field(runner, "limit")));
                }
            }
            slots = new SlotShares(concurrent(), limits);
        }

        private String written() {
            StringBuilder yaml = new StringBuilder();
            yaml.append(
                    "# Made from gitlab-runner's config.toml; see docs/migrate-from-gitlab-runner.md.\n");
            daemon(yaml);
            if (engine != null) {
                yaml.append(engine.yaml());
            }
            yaml.append(
                    """

                    # Put the most trusted first, and let a runner that the server marks as protected feed a
                    # pool of its own: both then say protected: true.
                    pools:
                    """);
            yaml.append(pools);
            if (!sources.isEmpty()) {
                yaml.append("\nsources:\n  gitlab:\n").append(sources);
            }
            yaml.append(caches.yaml());
            return yaml.toString();
        }

        private void daemon(StringBuilder yaml) {
            List<String> lines = new ArrayList<>();
            if (state != null) {
                lines.add("  state_dir: " + quoted(state.toString()));
            }
            long drain = number(field(root, "shutdown_timeout"));
            if (drain > 0) {
                lines.add("  drain_timeout: " + Math.min(drain, 604_800) + "s");
            }
            String level = level(text(root, "log_level"));
            String format = text(root, "log_format");
            if (!level.isEmpty() || !format.isEmpty()) {
                lines.add("  log:");
            }
            if (!format.isEmpty()) {
                lines.add("    format: " + (format.equals("json") ? "json" : "text"));
            }
            if (!level.isEmpty()) {
                lines.add("    level: " + level);
            }
            if (!lines.isEmpty()) {
                yaml.append("\ndaemon:\n").append(String.join("\n", lines)).append('\n');
            }
        }

        private static String level(String written) {
            return switch (written.toLowerCase(Locale.ROOT)) {
                case "" -> "";
                case "debug", "trace" -> "debug";
                case "warn", "warning" -> "warn";
                case "error", "fatal", "panic" -> "error";
                default -> "info";
            };
        }

        private int concurrent() {
            return Math.clamp(number(field(root, "concurrent")), 1, MAX_SLOTS);
        }

        // -- a runner

        /** Whether it is in the new configuration. */
        private boolean runner(JsonNode runner, String key) {
            String executor = text(runner, "executor");
            if (!ON_DOCKER.contains(executor)) {
                open(
                        key + ".executor",
                        "is "
                                + (executor.isEmpty() ? "missing" : executor)
                                + ": only jobs for the docker executor can run here, so this runner is"
                                + " left out");
                return false;
            }
            if (!executor.equals("docker")) {
                open(
                        key + ".executor",
                        "no machines are made: start more hosts with a daemon each");
            }
            Optional<String> url = url(runner);
            if (url.isEmpty()) {
                open(
                        key + ".url",
                        "is no http or https address without a password, so this runner is left"
                                + " out: add it by mayfly register");
                return false;
            }
            if (!isOnTheEngine(EngineMove.of(runner), key + ".docker.host")) {
                return false;
            }
            String name = name(text(runner, "name"));
            pool(name, slots.next(), runner, key);
            sources.append("    - name: ").append(name).append('\n');
            sources.append("      url: ").append(quoted(url.get())).append('\n');
            sources.append("      pool: ").append(name).append('\n');
            if (Transport.isPlainHttp(url.get())) {
                sources.append("      allow_plain_http: true\n");
                open(
                        key + ".url",
                        "is not encrypted, which allow_plain_http allows: use https:// instead");
            }
            certificates(runner, key);
            if (!caches.take(field(runner, "cache"), key + ".cache")) {
                leftOut.add((key + ".cache").toLowerCase(Locale.ROOT));
            }
            registryLogins(field(runner, "environment"), key + ".environment");
            token(name, url.get(), runner, key);
            return true;
        }

        private static Optional<String> url(JsonNode runner) {
            String url = text(runner, "url").replaceFirst("/+$", "").replaceFirst("/ci$", "");
            return url.matches("https?://[A-Za-z0-9.\\[\\]:_-]+(/[^\\s?#@]*)?")
                    ? Optional.of(url)
                    : Optional.empty();
        }

        /** A runner of another one is left out: its jobs must not run where nobody wants them. */
        private boolean isOnTheEngine(EngineMove its, String key) {
            if (!its.usable()) {
                open(
                        key,
                        "is no unix:///PATH or tcp://HOST:PORT, and no other engine can be used, so"
                                + " this runner is left out: make the engine reachable in one of"
                                + " these ways, and migrate again");
                return false;
            }
            if (!its.equals(engine)) {
                open(
                        key,
                        its.differsFrom(engineOf)
                                + ", and a daemon has one engine, so this runner is left out: for a"
                                + " second daemon, with a state directory of its own, migrate a"
                                + " copy of the file in which only the runners of that engine are");
                return false;
            }
            if (its.isPlainTcp()) {
                open(
                        key,
                        "is not encrypted, which engine.allow_plain_tcp allows: set"
                                + " engine.cert_dir instead");
            }
            return true;
        }

        /** In the form that Mayfly's names have, and only once. */
        private String name(String written) {
            String plain =
                    written.toLowerCase(Locale.ROOT)
                            .replaceAll("[^a-z0-9]+", "-")
                            .replaceAll("^[-0-9]+|-+$", "");
            String start = plain.isEmpty() ? "gitlab" : plain;
            start = start.substring(0, Math.min(NAME, start.length())).replaceAll("-+$", "");
            String name = start;
            for (int i = 2; !names.add(name); i++) {
                String end = "-" + i;
                name = start.substring(0, Math.min(NAME - end.length(), start.length())) + end;
            }
            return name;
        }

        private void pool(String name, int mine, JsonNode runner, String key) {
            JsonNode docker = field(runner, "docker");
            boolean closed = text(docker, "network_mode").equals("none");
            line("  - name: " + name);
            line("    slots: " + mine);
            line(
                    "    network: "
                            + (closed ? "none   # jobs that fetch sources need full" : "full"));
            line("    user: image              # as before; non-root is safer");
            line("    read_only_root: false    # as before; true is safer");
            line(
                    "    timeout: 1d              # the server's limit of each job counts, below this one");
            image(text(docker, "image"), key);
            allowed(docker, "allowed_images", IMAGE_PATTERN, key);
            allowed(docker, "allowed_services", IMAGE_PATTERN, key);
            allowed(docker, "allowed_pull_policies", PULL_POLICY, key);
            pullPolicy(docker, key);
            memory(text(docker, "memory"), key);
            cpus(text(docker, "cpus"), key);
            openFiles(text(field(docker, "ulimit"), "nofile"), key);
            long log = number(field(runner, "output_limit"));
            if (log > 0) {
                line("    log_limit: " + Math.clamp(log, LEAST_LOG, MOST_MEBIBYTES) + "KiB");
            }
        }

        private void image(String image, String key) {
            if (image.isEmpty()) {
                return;
            }
            if (image.matches("[A-Za-z0-9][A-Za-z0-9._/:@-]{0,511}") && isName(image)) {
                line("    image: " + quoted(image));
            } else {
                open(key + ".docker.image", "is no image's name: set pools[].image");
            }
        }

        private static boolean isName(String image) {
            try {
                ImageReference.parse(image);
                return true;
            } catch (IllegalArgumentException e) {
                return false;
            }
        }

        /** A pattern that covers some image. */
        private static boolean isPattern(String pattern) {
            try {
                ImagePattern.parse(pattern);
                return true;
            } catch (IllegalArgumentException e) {
                return false;
            }
        }

        /** What gitlab-runner would have done: a text or a list, and always without one. */
        private void pullPolicy(JsonNode docker, String key) {
            JsonNode written = field(docker, "pull_policy");
            List<String> wanted = words(written);
            List<String> allowed = words(field(docker, "allowed_pull_policies"));
            List<String> good =
                    wanted.stream().filter(word -> PULL_POLICY.matcher(word).matches()).toList();
            if (good.size() < wanted.size()) {
                open(
                        key + ".docker.pull_policy",
                        "holds what is no policy: look at pools[].pull_policy");
            }
            List<String> policies = good.isEmpty() ? List.of("always") : good;
            if (!allowed.isEmpty() && !allowed.containsAll(policies)) {
                open(
                        key + ".docker.pull_policy",
                        "is "
                                + String.join(", ", policies)
                                + ", which allowed_pull_policies forbids, so that jobs without a policy"
                                + " of their own failed: they are pulled as that allows now");
                return;
            }
            line("    pull_policy: [" + String.join(", ", policies) + "]");
            if (wanted.isEmpty()) {
                findings.add(
                        new Finding(
                                key + ".docker.pull_policy",
                                Fate.TAKEN,
                                "is not set, which means always: pools[].pull_policy"));
            }
        }

        private static List<String> words(JsonNode written) {
            List<String> words = new ArrayList<>();
            if (written.isTextual() && !written.asText().isEmpty()) {
                words.add(written.asText());
            }
            written.forEach(word -> words.add(word.asText()));
            return words.stream().distinct().toList();
        }

        private void allowed(JsonNode docker, String list, Pattern good, String key) {
            List<String> items = new ArrayList<>();
            boolean odd = false;
            for (JsonNode item : field(docker, list)) {
                String text = item.asText();
                boolean fits = good != IMAGE_PATTERN || isPattern(text);
                if (good.matcher(text).matches() && fits) {
                    items.add(quoted(text));
                } else {
                    odd = true;
                }
            }
            if (odd) {
                open(
                        key + ".docker." + list,
                        "holds what cannot be taken over: look at pools[]." + list);
            }
            if (!items.isEmpty()) {
                line("    " + list + ": [" + String.join(", ", items) + "]");
            }
        }

        private void memory(String written, String key) {
            Matcher size = MEMORY.matcher(written.strip().toLowerCase(Locale.ROOT));
            if (written.isEmpty()) {
                line(
                        "    memory: 2GiB             # there was no limit: raise it where jobs need more");
            } else if (size.matches()) {
                long bytes = Long.parseLong(size.group(1)) * unit(size.group(2));
                long mebibytes = Math.clamp(bytes / MEBIBYTE, LEAST_MEMORY, MOST_MEBIBYTES);
                line("    memory: " + mebibytes + "MiB");
                if (mebibytes <= 256) {
                    // It counts as memory and must stay below it.
                    line("    tmp: " + mebibytes / 2 + "MiB");
                }
                if (bytes != mebibytes * MEBIBYTE) {
                    open(
                            key + ".docker.memory",
                            "became " + mebibytes + "MiB: Mayfly counts in MiB, from 32MiB");
                }
            } else {
                open(key + ".docker.memory", "is no size: set pools[].memory");
            }
        }

        private static long unit(String letter) {
            return switch (letter) {
                case "k" -> KIBIBYTE;
                case "m" -> MEBIBYTE;
                case "g" -> KIBIBYTE * MEBIBYTE;
                case "t" -> MEBIBYTE * MEBIBYTE;
                default -> 1;
            };
        }

        private void cpus(String written, String key) {
            if (written.isEmpty()) {
                line(
                        "    cpus: 1                  # there was no limit: raise it where jobs need more");
            } else if (written.matches("[0-9]{1,4}(\\.[0-9]{1,9})?")
                    && Double.parseDouble(written) >= 0.01
                    && Double.parseDouble(written) <= 1024) {
                line("    cpus: " + written);
            } else {
                open(key + ".docker.cpus", "is no number of 0.01 to 1024: set pools[].cpus");
            }
        }

        private void openFiles(String written, String key) {
            if (written.isEmpty()) {
                return;
            }
            String hard = written.substring(written.lastIndexOf(':') + 1).strip();
            if (hard.matches("[0-9]{1,7}")
                    && Integer.parseInt(hard) >= 64
                    && Integer.parseInt(hard) <= 1 << 20) {
                line("    open_files: " + Integer.parseInt(hard));
            } else {
                open(
                        key + ".docker.ulimit.nofile",
                        "is no number of 64 to 1048576: set pools[].open_files");
            }
        }

        /** The one variable of a runner that has a place of its own in a pool. */
        private void registryLogins(JsonNode environment, String key) {
            boolean others = false;
            for (int i = 0; i < environment.size(); i++) {
                if (environment.path(i).asText().startsWith(REGISTRY_LOGINS)) {
                    open(
                            key + "[" + i + "]",
                            "is DOCKER_AUTH_CONFIG: write its value into a file of mode 0600 that"
                                    + " belongs to the daemon's user, and name that by"
                                    + " pools[].registry_logins");
                } else {
                    others = true;
                }
            }
            if (!environment.isEmpty() && !others) {
                told.add(key.toLowerCase(Locale.ROOT));
            }
        }

        private void certificates(JsonNode runner, String key) {
            String certificate = text(runner, "tls-cert-file");
            String secret = text(runner, "tls-key-file");
            file("ca_file", text(runner, "tls-ca-file"), key + ".tls-ca-file");
            if (!certificate.isEmpty() && !secret.isEmpty()) {
                file("client_certificate", certificate, key + ".tls-cert-file");
                file("client_key", secret, key + ".tls-key-file");
            } else if (!certificate.isEmpty() || !secret.isEmpty()) {
                open(
                        key + (secret.isEmpty() ? ".tls-cert-file" : ".tls-key-file"),
                        "is left out: certificate and key need each other");
            }
        }

        private void file(String name, String path, String key) {
            if (path.isEmpty()) {
                return;
            }
            if (path.startsWith("/") && !path.contains("${")) {
                sources.append("      ")
                        .append(name)
                        .append(": ")
                        .append(quoted(path))
                        .append('\n');
            } else {
                open(
                        key,
                        "is left out, because it does not begin at the root: set sources.gitlab[]."
                                + name);
            }
        }

        private void token(String name, String url, JsonNode runner, String key) {
            String token = text(runner, "token");
            if (token.isEmpty()) {
                open(key + ".token", "is missing: run mayfly register --name " + name);
                return;
            }
            long id = number(field(runner, "id"));
            tokens.add(
                    new RunnerToken(
                            name,
                            url,
                            id > 0 ? id : null,
                            token,
                            time(text(runner, "token_obtained_at")),
                            time(text(runner, "token_expires_at"))));
        }

        /** Null for none, which gitlab-runner writes as a time of the year 1. */
        private static @Nullable Instant time(String written) {
            try {
                OffsetDateTime time = written.isEmpty() ? null : OffsetDateTime.parse(written);
                return time == null || time.getYear() <= 1 ? null : time.toInstant();
            } catch (DateTimeParseException _) {
                return null;
            }
        }

        // -- what became of each key

        /**
         * Looks at every key that is set to something.
         *
         * @param shown with indices
         * @param plain without
         */
        private void look(JsonNode node, String shown, String plain) {
            for (Map.Entry<String, JsonNode> entry : node.properties()) {
                String key = (plain.isEmpty() ? "" : plain + ".") + entry.getKey();
                String place = (shown.isEmpty() ? "" : shown + ".") + entry.getKey();
                JsonNode value = entry.getValue();
                if (key.equalsIgnoreCase("runners")) {
                    continue; // each one is looked at when it is known what becomes of it
                }
                if (leftOut.contains(place.toLowerCase(Locale.ROOT))) {
                    continue;
                }
                if (value.isObject()) {
                    look(value, place, key);
                } else if (isTables(value)) {
                    for (int i = 0; i < value.size(); i++) {
                        look(value.get(i), place + "[" + i + "]", key);
                    }
                } else if (!isUnset(value)) {
                    usual(key, value)
                            .ifPresentOrElse(
                                    why -> findings.add(new Finding(place, Fate.NEEDLESS, why)),
                                    () -> find(place, key));
                }
            }
        }

        private void find(String place, String key) {
            Optional<KeyRule> rule = KeyRules.of(key);
            // A rule for a section is told once, not for each key in it.
            String subject =
                    rule.map(found -> beginning(place, found.key().split("\\.", -1).length))
                            .orElse(place);
            if (!told.add(subject.toLowerCase(Locale.ROOT))) {
                return;
            }
            findings.add(
                    rule.map(found -> new Finding(subject, found.fate(), found.remark()))
                            .orElseGet(() -> new Finding(subject, Fate.OPEN, unknown(key))));
        }

        private static String beginning(String place, int steps) {
            String[] all = place.split("\\.", -1);
            return String.join(".", Arrays.copyOf(all, Math.min(steps, all.length)));
        }

        private static String unknown(String key) {
            return "is no key of gitlab-runner that Mayfly knows"
                    + NearestName.of(key, KeyRules.all().stream().map(KeyRule::key).toList())
                            .map(near -> ": is it " + near + "?")
                            .orElse(": look what it was for");
        }

        private static boolean isTables(JsonNode value) {
            return value.isArray() && !value.isEmpty() && value.get(0).isObject();
        }

        /** As gitlab-runner takes it when the key is not there. */
        private static boolean isUnset(JsonNode value) {
            return value.isNull()
                    || (value.isTextual() && value.textValue().isEmpty())
                    || (value.isArray() && value.isEmpty())
                    || (value.isBoolean() && !value.booleanValue())
                    || (value.isNumber() && value.doubleValue() == 0);
        }

        /**
         * Why nothing is to be done about what gitlab-runner writes by itself when somebody
         * registers; empty for anything else.
         */
        private static Optional<String> usual(String key, JsonNode value) {
            return switch (key) {
                case "runners.docker.volumes" ->
                        value.size() == 1 && value.get(0).asText().equals("/cache")
                                ? Optional.of(
                                        "caches need no volume; what a script itself keeps in /cache is gone with the job")
                                : Optional.empty();
                case "session_server.session_timeout" ->
                        value.asInt() == 1800
                                ? Optional.of("there is no interactive web terminal")
                                : Optional.empty();
                case "runners.docker.network_mode" ->
                        Set.of("bridge", "default", "none").contains(value.asText())
                                ? Optional.of("pools[].network says whether a job has a network")
                                : Optional.empty();
                case "runners.shell" ->
                        Set.of("bash", "sh").contains(value.asText())
                                ? Optional.of("bash where the image has it, sh otherwise")
                                : Optional.empty();
                default -> Optional.empty();
            };
        }

        private void open(String key, String remark) {
            told.add(key.toLowerCase(Locale.ROOT));
            findings.add(new Finding(key, Fate.OPEN, remark));
        }

        // -- text

        private void line(String text) {
            pools.append(text).append('\n');
        }

        /** Text that YAML takes as it is, whatever is in it. */
        private static String quoted(String text) {
            return "'" + text.replace("'", "''") + "'";
        }
    }
}
