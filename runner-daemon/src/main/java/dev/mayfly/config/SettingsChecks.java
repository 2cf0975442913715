package dev.mayfly.config;

import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** What a JSON Schema cannot say of a configuration: how its values fit together. */
final class SettingsChecks {

    private static final int MAX_PORT = 65_535;

    private final Section root;
    private final Environment environment;

    SettingsChecks(Section root, Environment environment) {
        this.root = root;
        this.environment = environment;
    }

    void run() {
        checkEngineOfEnvironment();
        new EngineChecks(root, environment).run();
        checkPort();
        checkPools();
        root.sections("pools").forEach(EgressBinding::check);
        ImagesBinding.check(root);
        checkFeeds(root.section("sources").section("local"));
        checkGitLab(root.section("sources").sections("gitlab"));
        checkIdentities();
        checkKey(root.section("secrets").section("file"));
        new VaultBinding(root).check();
        new CacheBinding(root.section("cache")).check();
    }

    /** The variable is no part of the file, but without a host in the file it is what counts. */
    private void checkEngineOfEnvironment() {
        Section engine = root.section("engine");
        SchemaNode host = engine.schema().child("host");
        environment
                .variable("DOCKER_HOST")
                .filter(_ -> engine.value().path("host").isMissingNode())
                .filter(value -> !value.matches(host.text("pattern").orElseThrow()))
                .ifPresent(value ->
                        engine.report(
                                "host",
                                "comes from $DOCKER_HOST, which is \"" + value + "\"",
                                "set one of them to " + host.text("x-expected").orElseThrow()));
    }

    private void checkPort() {
        Section api = root.section("api");
        if (!api.has("listen") || api.text("listen").startsWith("unix:")) {
            return;
        }
        String address = api.text("listen");
        int port = Integer.parseInt(address.substring(address.lastIndexOf(':') + 1));
        if (port > MAX_PORT) {
            api.report(
                    "listen",
                    "has the port " + port + ", the highest is " + MAX_PORT,
                    "write for example: listen: 127.0.0.1:9477");
        }
    }

    private void checkPools() {
        Map<String, Integer> first = new HashMap<>();
        List<Section> pools = root.sections("pools");
        for (int i = 0; i < pools.size(); i++) {
            Section pool = pools.get(i);
            checkTmp(pool);
            checkPull(pool);
            if (pool.has("name")) {
                Integer earlier = first.putIfAbsent(pool.text("name"), i);
                if (earlier != null) {
                    pool.report(
                            "name",
                            "is the name of pools[" + earlier + "] already",
                            "give each pool a name of its own");
                }
            }
        }
    }

    private static void checkPull(Section pool) {
        List<String> allowed = pool.texts("allowed_pull_policies");
        List<String> beyond =
                pool.texts("pull_policy").stream()
                        .filter(word -> !allowed.isEmpty() && !allowed.contains(word))
                        .toList();
        if (!beyond.isEmpty()) {
            pool.report(
                    "pull_policy",
                    "has "
                            + String.join(", ", beyond)
                            + ", which is not among allowed_pull_policies: "
                            + String.join(", ", allowed),
                    "name allowed ones, or allow it");
        }
    }

    private static void checkTmp(Section pool) {
        boolean written = pool.has("tmp") || pool.has("memory");
        boolean faulty =
                pool.review().isFaulty(pool.pointer("tmp"))
                        || pool.review().isFaulty(pool.pointer("memory"));
        if (!faulty && written && pool.bytes("tmp") >= pool.bytes("memory")) {
            pool.report(
                    "tmp",
                    "is "
                            + pool.text("tmp")
                            + ", but counts as memory, which is "
                            + pool.text("memory"),
                    "write less than " + pool.text("memory"));
        }
    }

    private void checkFeeds(Section local) {
        List<String> pools =
                root.sections("pools").stream()
                        .filter(pool -> pool.has("name"))
                        .map(pool -> pool.text("name"))
                        .toList();
        // With a misspelt pool above, nothing can be said about who feeds it.
        if (pools.size() < root.sections("pools").size() || pools.isEmpty()) {
            return;
        }
        Section feeds = local.section("feeds");
        for (int i = 0; i < feeds.value().size(); i++) {
            String fed = feeds.value().get(i).asText();
            if (!feeds.review().isFaulty(feeds.at().appendIndex(i)) && !pools.contains(fed)) {
                feeds.review()
                        .report(
                                feeds.at().appendIndex(i),
                                "there is no pool \"" + fed + "\"",
                                meant(fed, pools));
            }
        }
        List<String> allowed = local.has("feeds") ? local.texts("feeds") : List.of(pools.getLast());
        if (local.has("default")
                && !local.review().isFaulty(local.pointer("feeds"))
                && !allowed.contains(local.text("default"))) {
            local.report(
                    "default",
                    "is not among the pools that this source feeds: " + String.join(", ", allowed),
                    "name one of them, or add it to feeds");
        }
    }

    private void checkGitLab(List<Section> runners) {
        Map<String, Integer> first = new HashMap<>();
        for (int i = 0; i < runners.size(); i++) {
            Section runner = runners.get(i);
            checkPool(runner);
            checkClientCertificate(runner);
            checkTransport(runner);
            if (!runner.has("name")) {
                continue;
            }
            String name = runner.text("name");
            Integer earlier = first.putIfAbsent(name, i);
            if (earlier != null) {
                runner.report(
                        "name",
                        "is the name of sources.gitlab[" + earlier + "] already",
                        "give each runner a name of its own");
            } else if (name.equals("local")) {
                runner.report("name", "is the name of the embedded source", "choose another name");
            }
        }
    }

    private void checkPool(Section runner) {
        List<Section> pools = root.sections("pools");
        if (!runner.has("pool")
                || pools.isEmpty()
                || pools.stream().anyMatch(pool -> !pool.has("name"))) {
            return;
        }
        String fed = runner.text("pool");
        List<String> names = pools.stream().map(pool -> pool.text("name")).toList();
        if (!names.contains(fed)) {
            runner.report("pool", "there is no pool \"" + fed + "\"", meant(fed, names));
            return;
        }
        Section pool = pools.get(names.indexOf(fed));
        boolean faulty =
                pool.review().isFaulty(pool.pointer("protected"))
                        || runner.review().isFaulty(runner.pointer("protected"));
        if (!faulty && pool.flag("protected") && !runner.flag("protected")) {
            runner.report(
                    "pool",
                    "pool \"" + fed + "\" takes jobs of protected runners only",
                    "mark the runner as protected at the server and here, or name another pool");
        }
    }

    private static void checkTransport(Section runner) {
        if (runner.review().isFaulty(runner.pointer("allow_plain_http"))
                || runner.flag("allow_plain_http")) {
            return;
        }
        Section identity = runner.section("id_token");
        checkTransport(runner, "url");
        // Where the issuer is matters only as long as its keys are looked for there.
        checkTransport(identity, identity.has("keys") ? "keys" : "issuer");
    }

    private static void checkTransport(Section section, String key) {
        if (section.has(key) && Transport.isPlainHttp(section.text(key))) {
            section.report(
                    key,
                    "is not encrypted: everybody on the way can read it and change it",
                    "write https://, or set allow_plain_http: true for this runner");
        }
    }

    /** Only a source that checks tokens can say for which environment a job is. */
    private void checkIdentities() {
        for (Section pool : root.sections("pools")) {
            Section rules = pool.section("policy");
            if (!rules.has("environments") || !pool.has("name")) {
                continue;
            }
            for (Section runner : root.section("sources").sections("gitlab")) {
                if (runner.has("pool")
                        && runner.text("pool").equals(pool.text("name"))
                        && runner.value().path("id_token").isMissingNode()) {
                    rules.report(
                            "environments",
                            "needs verified identity tokens, and a runner that feeds the pool"
                                    + " checks none",
                            "add id_token to each runner of pool " + pool.text("name"));
                }
            }
        }
    }

    private static void checkClientCertificate(Section runner) {
        for (String key : List.of("client_certificate", "client_key")) {
            String other = key.equals("client_key") ? "client_certificate" : "client_key";
            if (runner.has(key) && runner.value().path(other).isMissingNode()) {
                runner.report(key, "needs " + other + " beside it", "add " + other);
            }
        }
    }

    private void checkKey(Section file) {
        if (file.has("key")
                && file.text("key").startsWith(SettingsBinding.CREDENTIAL)
                && environment.credentialsDirectory().isEmpty()) {
            String name = file.text("key").substring(SettingsBinding.CREDENTIAL.length());
            file.report(
                    "key",
                    "there is no credentials directory for " + name,
                    "add LoadCredential=" + name + ":/PATH to the systemd unit");
        }
    }

    private static String meant(String written, List<String> known) {
        return NearestName.of(written, known)
                .map(name -> "did you mean \"" + name + "\"?")
                .orElse("pools: " + String.join(", ", known));
    }
}
