package dev.mayfly.source.gitlab;

import dev.mayfly.job.Artifact;
import dev.mayfly.job.FileSelection;
import dev.mayfly.job.Transfers;
import dev.mayfly.job.When;
import dev.mayfly.source.gitlab.JobPayload.ArtifactWish;
import java.util.ArrayList;
import java.util.List;

/** Makes what a job of Mayfly's is brought and keeps out of what GitLab says of it. */
final class TransferMapping {

    private static final String LEVEL = "ARTIFACT_COMPRESSION_LEVEL";

    private final JobPayload payload;
    private final JobVariables variables;
    private final List<String> lacking = new ArrayList<>();
    private final List<String> skipped = new ArrayList<>();

    TransferMapping(JobPayload payload, JobVariables variables) {
        this.payload = payload;
        this.variables = variables;
    }

    /** What cannot be done and is no job without, each in a few words. */
    List<String> lacking() {
        return List.copyOf(lacking);
    }

    /** What is not done and only costs time, each in a few words. */
    List<String> skipped() {
        return List.copyOf(skipped);
    }

    Transfers map() {
        JobPayload.Transfers wanted = payload.transfers();
        if (!wanted.caches().isEmpty()) {
            skipped.add("cache: nothing is restored or saved");
        }
        return new Transfers(
                String.valueOf(payload.facts().project()),
                wanted.dependencies(),
                List.of(),
                wanted.artifacts().stream().map(this::artifact).toList());
    }

    private Artifact artifact(ArtifactWish wish) {
        Artifact.Form form =
                switch (wish.format()) {
                    case "", "zip" -> Artifact.Form.ZIP;
                    case "gzip" -> Artifact.Form.GZIP;
                    case "raw" -> Artifact.Form.RAW;
                    default -> {
                        lacking.add("artifacts packed as " + wish.format());
                        yield Artifact.Form.ZIP;
                    }
                };
        String name = variables.expandedAsInShell(wish.name());
        return new Artifact(
                new Artifact.Label(
                        wish.type(),
                        name.isBlank() ? usualName(form, wish) : name,
                        wish.expireIn()),
                new Artifact.Packing(form, level(LEVEL)),
                when(wish.when(), "artifacts"),
                files(wish.files()));
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

    private When when(String word, String keyword) {
        return switch (word) {
            case "", "on_success" -> When.ON_SUCCESS;
            case "on_failure" -> When.ON_FAILURE;
            case "always" -> When.ALWAYS;
            default -> {
                lacking.add("a value of " + keyword + ":when");
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
