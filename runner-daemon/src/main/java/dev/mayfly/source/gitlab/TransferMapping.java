package dev.mayfly.source.gitlab;

import dev.mayfly.job.Artifact;
import dev.mayfly.job.CacheUse;
import dev.mayfly.job.FileSelection;
import dev.mayfly.job.Provenance;
import dev.mayfly.job.Transfers;
import dev.mayfly.job.When;
import dev.mayfly.source.gitlab.JobPayload.ArtifactWish;
import dev.mayfly.source.gitlab.JobPayload.CacheWish;
import java.time.InstantSource;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Makes what a job of Mayfly's is brought and keeps out of what GitLab says of it. */
final class TransferMapping {

    private static final String CACHE_LEVEL = "CACHE_COMPRESSION_LEVEL";
    private static final String FALLBACK_KEY = "CACHE_FALLBACK_KEY";
    private static final String PROTECTED = "-protected";
    private static final String PROVENANCE = "RUNNER_GENERATE_ARTIFACTS_METADATA";
    private static final String PROVENANCE_VERSION = "SLSA_PROVENANCE_SCHEMA_VERSION";
    private static final String LEVEL = "ARTIFACT_COMPRESSION_LEVEL";

    private final JobPayload payload;
    private final JobVariables variables;
    private final RunnerInfo runner;
    private final Misfits misfits;
    private final List<String> skipped = new ArrayList<>();

    /**
     * Prepares.
     *
     * @param misfits takes what cannot be done and is no job without
     */
    TransferMapping(
            JobPayload payload, JobVariables variables, RunnerInfo runner, Misfits misfits) {
        this.payload = payload;
        this.variables = variables;
        this.runner = runner;
        this.misfits = misfits;
    }

    /** What is not done and only costs time, each in a few words. */
    List<String> skipped() {
        return List.copyOf(skipped);
    }

    Transfers map() {
        JobPayload.Transfers wanted = payload.transfers();
        return new Transfers(
                String.valueOf(payload.facts().project().id()),
                wanted.dependencies(),
                wanted.caches().stream().flatMap(wish -> cache(wish).stream()).toList(),
                wanted.artifacts().stream().map(this::artifact).toList(),
                new Transfers.Attempts(
                        variables.attempts("RESTORE_CACHE_ATTEMPTS"),
                        variables.attempts("SECRETS_RETRIEVAL_ATTEMPTS")));
    }

    private Artifact artifact(ArtifactWish wish) {
        Artifact.Form form =
                switch (wish.format()) {
                    case "", "zip" -> Artifact.Form.ZIP;
                    case "gzip" -> Artifact.Form.GZIP;
                    case "raw" -> Artifact.Form.RAW;
                    default -> {
                        misfits.lacking("artifacts packed as " + wish.format());
                        yield Artifact.Form.ZIP;
                    }
                };
        String wished = variables.expandedAsInShell(wish.name());
        String name = wished.isBlank() ? usualName(form, wish) : wished;
        return new Artifact(
                new Artifact.Label(wish.type(), name, wish.expireIn()),
                new Artifact.Packing(form, level(LEVEL), provenance(form, name)),
                when(wish.when(), "artifacts:when of " + wish.type()),
                files(wish.files()));
    }

    private @Nullable Provenance provenance(Artifact.Form form, String name) {
        if (form != Artifact.Form.ZIP || !variables.isTrue(PROVENANCE)) {
            return null;
        }
        String version = variables.value(PROVENANCE_VERSION);
        if (!version.isEmpty() && !version.equals("v1")) {
            skipped.add(PROVENANCE_VERSION + " other than v1: statements are of v1");
        }
        return new SlsaStatement(name, payload, variables, runner, InstantSource.system());
    }

    private Optional<CacheUse> cache(CacheWish wish) {
        String key = key(wish.key().isEmpty() ? usualKey() : variables.expanded(wish.key()));
        CacheUse.Direction direction =
                switch (variables.expanded(wish.policy())) {
                    case "", "pull-push" -> CacheUse.Direction.PULL_PUSH;
                    case "pull" -> CacheUse.Direction.PULL;
                    case "push" -> CacheUse.Direction.PUSH;
                    default -> {
                        misfits.mistaken(
                                "the policy%s of the cache \"%s\""
                                        .formatted(
                                                wish.policy().indexOf('$') < 0
                                                        ? ""
                                                        : " (" + wish.policy() + ")",
                                                key),
                                variables.expanded(wish.policy()),
                                "allowed are pull-push, pull and push");
                        yield CacheUse.Direction.PULL_PUSH;
                    }
                };
        When when = when(wish.when(), "when of the cache \"" + key + "\"");
        if (key.isEmpty()) {
            skipped.add("a cache whose key is empty: nothing is restored or saved for it");
            return Optional.empty();
        }
        return Optional.of(
                new CacheUse(
                        key,
                        fallbackKeys(wish),
                        direction,
                        when,
                        new CacheUse.Files(files(wish.files()), level(CACHE_LEVEL))));
    }

    private String usualKey() {
        return payload.facts().name() + "/" + payload.git().ref();
    }

    private List<String> fallbackKeys(CacheWish wish) {
        List<String> keys = new ArrayList<>(variables.expanded(wish.fallbackKeys()));
        String further = key(variables.expanded(variables.value(FALLBACK_KEY)));
        if (further.endsWith(PROTECTED)) {
            // The server's mark for caches of protected refs; anybody can set a variable.
            skipped.add(FALLBACK_KEY + " ends with " + PROTECTED + ", which is not allowed");
        } else {
            keys.add(further);
        }
        return keys.stream().map(TransferMapping::key).filter(key -> !key.isEmpty()).toList();
    }

    /** As GitLab's runner cleans it, so that the same keys are the same. */
    private static String key(String text) {
        String plain =
                text.replaceAll("(?i)%2f", "/").replaceAll("(?i)%2e", ".").replace('\\', '/');
        Deque<String> names = new ArrayDeque<>();
        for (String name : plain.split("/", -1)) {
            if (name.equals("..")) {
                names.pollLast();
            } else if (!name.isEmpty() && !name.equals(".")) {
                names.add(name);
            }
        }
        return String.join("/", names).stripTrailing();
    }

    /** A raw report has no ending that the packing adds. */
    private static String usualName(Artifact.Form form, ArtifactWish wish) {
        return form == Artifact.Form.RAW ? wish.type() : "artifacts";
    }

    private FileSelection files(FileSelection wish) {
        return new FileSelection(
                wish.paths().stream().map(variables::expandedAsInShell).toList(),
                wish.exclude().stream().map(variables::expandedAsInShell).toList(),
                wish.untracked());
    }

    private When when(String word, String setting) {
        return switch (word) {
            case "", "on_success" -> When.ON_SUCCESS;
            case "on_failure" -> When.ON_FAILURE;
            case "always" -> When.ALWAYS;
            default -> {
                misfits.mistaken(setting, word, "allowed are on_success, on_failure and always");
                yield When.ON_SUCCESS;
            }
        };
    }

    private int level(String variable) {
        return switch (variables.value(variable)) {
            case "fastest" -> 1;
            case "fast" -> 3;
            case "slow" -> 7;
            case "slowest" -> 9;
            default -> -1;
        };
    }
}
