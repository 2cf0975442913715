package dev.mayfly.source.gitlab;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Locale;
import java.util.Set;

/**
 * What Mayfly says of itself to a server.
 *
 * @param version of Mayfly
 * @param revision of its sources
 * @param architecture in Go's words, as GitLab shows it: {@code amd64}
 * @param features what it does
 */
public record RunnerInfo(
        String version, String revision, String architecture, Set<RunnerFeature> features) {

    private static final String NAME = "mayfly";
    private static final String PLATFORM = "linux";

    public RunnerInfo {
        features = Set.copyOf(features);
    }

    /** This process, with what is implemented. */
    public static RunnerInfo of(String version, String revision) {
        return new RunnerInfo(
                version,
                revision,
                goArchitecture(System.getProperty("os.arch", "unknown")),
                RunnerFeature.IMPLEMENTED);
    }

    String userAgent() {
        return "%s %s (%s; java%s; %s/%s)"
                .formatted(
                        NAME,
                        version,
                        revision,
                        Runtime.version().feature(),
                        PLATFORM,
                        architecture);
    }

    ObjectNode json() {
        ObjectNode node =
                Json.object()
                        .put("name", NAME)
                        .put("version", version)
                        .put("revision", revision)
                        .put("platform", PLATFORM)
                        .put("architecture", architecture)
                        // The nearest of the words that GitLab knows.
                        .put("executor", "docker");
        node.set("features", RunnerFeature.json(features));
        return node;
    }

    static String goArchitecture(String java) {
        return switch (java.toLowerCase(Locale.ROOT)) {
            case "amd64", "x86_64" -> "amd64";
            case "aarch64" -> "arm64";
            case "i386", "x86" -> "386";
            default -> java.toLowerCase(Locale.ROOT);
        };
    }
}
