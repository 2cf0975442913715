package dev.mayfly.config;

import dev.mayfly.job.ImageReference;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/** What a JSON Schema cannot say of a job: how its values fit together, and addresses. */
final class JobChecks {

    static final Pattern FULL_HASH = Pattern.compile("[0-9a-fA-F]{40}|[0-9a-fA-F]{64}");
    // What git check-ref-format accepts, less the characters that mean something in a revision.
    private static final Pattern REVISION =
            Pattern.compile("(?!.*(\\.\\.|//|@\\{))[A-Za-z0-9_][A-Za-z0-9_./+@-]*");
    private static final Pattern DNS_LABEL = Pattern.compile("[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?");
    private static final String RESERVED = "MAYFLY_";

    private final Section root;

    JobChecks(Section root) {
        this.root = root;
    }

    void run() {
        checkNames();
        checkScript("setup");
        checkScript("script");
        checkAliases();
        checkRepository(root.section("workspace").section("git"));
    }

    private void checkNames() {
        Section variables = root.section("variables");
        Section secrets = root.section("secrets");
        variables.keys().forEach(name -> checkReserved(variables, name));
        for (String name : secrets.keys()) {
            checkReserved(secrets, name);
            if (variables.value().has(name)) {
                secrets.report(
                        name, "is the name of a variable too", "rename the secret or the variable");
            }
        }
    }

    private static void checkReserved(Section names, String name) {
        if (name.startsWith(RESERVED)) {
            names.report(
                    name,
                    "is reserved: names that start with " + RESERVED + " are set by Mayfly",
                    "choose another name");
        }
    }

    private void checkScript(String key) {
        boolean complete = root.has(key) && root.value().get(key).size() == root.texts(key).size();
        if (root.has(key)
                && (complete || root.value().get(key).isTextual())
                && root.texts(key).stream().allMatch(String::isBlank)) {
            root.report(key, "has nothing to run", "write at least one command");
        }
    }

    private void checkAliases() {
        List<Section> services = root.sections("services");
        Map<String, Integer> first = new HashMap<>();
        for (int i = 0; i < services.size(); i++) {
            Section service = services.get(i);
            String alias = service.review().isFaulty(service.at()) ? "" : alias(service);
            if (alias.isEmpty()) {
                continue;
            }
            if (!DNS_LABEL.matcher(alias).matches()) {
                service.report(
                        "alias",
                        "is missing, and the image's name \"" + alias + "\" is no host name",
                        "add it, for example: alias: db");
                continue;
            }
            Integer earlier = first.putIfAbsent(alias, i);
            if (earlier != null) {
                service.report(
                        "alias",
                        "is \"" + alias + "\", like that of services[" + earlier + "]",
                        "give one of them another alias");
            }
        }
    }

    /** The host name of a service; empty where the document is too faulty to tell. */
    static String alias(Section service) {
        if (service.value().isTextual()) {
            return lastPart(service.value().textValue());
        }
        if (service.value().has("alias")) {
            return service.has("alias") ? service.text("alias") : "";
        }
        return service.has("image") ? lastPart(service.text("image")) : "";
    }

    private static String lastPart(String image) {
        String name = ImageReference.nameIn(image);
        return name.substring(name.lastIndexOf('/') + 1);
    }

    private void checkRepository(Section git) {
        if (!git.has("url")) {
            return;
        }
        switch (GitAddress.parse(git.text("url"))) {
            case GitAddress.Invalid(String cause, String cure) -> git.report("url", cause, cure);
            case GitAddress.Remote _ -> checkCommit(git);
            case GitAddress.Local _ -> checkRevision(git);
        }
    }

    private static void checkCommit(Section git) {
        String cure = "write the full hash, which `git rev-parse COMMIT` prints";
        if (git.value().path("commit").isMissingNode()) {
            git.report("commit", "is missing: a URL needs one", cure);
        } else if (git.has("commit") && !FULL_HASH.matcher(git.text("commit")).matches()) {
            git.report("commit", "is not a full hash of 40 or 64 hexadecimal digits", cure);
        }
    }

    private static void checkRevision(Section git) {
        if (git.has("commit") && !REVISION.matcher(git.text("commit")).matches()) {
            git.report(
                    "commit",
                    "is neither a hash nor the name of a branch or tag",
                    "write for example: commit: main");
        }
    }
}
