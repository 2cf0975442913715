package dev.mayfly.execution;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.sandbox.SandboxSpec.Checkout;
import dev.mayfly.sandbox.Step;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * How the source directory is filled: one step in the helper, which runs before any secret is
 * there.
 */
final class SourceSteps {

    /** Never ask, never read a configuration that somebody put into the image's home. */
    private static final Map<String, String> GIT =
            Map.of(
                    "GIT_TERMINAL_PROMPT", "0",
                    "GIT_CONFIG_GLOBAL", "/dev/null",
                    "GIT_ASKPASS", "/bin/false",
                    "GIT_ADVICE", "0");

    /** Where a bundle waits until it is fetched from: outside the source directory. */
    private static final String BUNDLE = "/workspace/sources.bundle";

    private SourceSteps() {}

    static Checkout needs(WorkspaceSource source) {
        return switch (source) {
            case WorkspaceSource.Empty() -> Checkout.NOTHING;
            case WorkspaceSource.Git(String _, String _) -> Checkout.ONLINE;
            case WorkspaceSource.Archive(Path _) -> Checkout.OFFLINE;
            case WorkspaceSource.Bundle(Path _, String _) -> Checkout.OFFLINE;
        };
    }

    static Optional<Step> stepFor(WorkspaceSource source) {
        return switch (source) {
            case WorkspaceSource.Empty() -> Optional.empty();
            case WorkspaceSource.Git(String url, String commit) ->
                    Optional.of(
                            step(
                                    List.of(
                                            "git init --quiet .",
                                            "git remote add origin \"$MAYFLY_SOURCE_URL\"",
                                            // Not every server hands out a bare commit: fall back
                                            // to everything.
                                            "git fetch --quiet --depth 1 origin \"$MAYFLY_COMMIT\""
                                                    + " || git fetch --quiet --tags origin"
                                                    + " '+refs/heads/*:refs/remotes/origin/*'",
                                            "git checkout --quiet --detach \"$MAYFLY_COMMIT\"",
                                            "git log -1 --format='%h %s'"),
                                    Map.of("MAYFLY_SOURCE_URL", url, "MAYFLY_COMMIT", commit),
                                    null));
            case WorkspaceSource.Bundle(Path bundle, String commit) ->
                    Optional.of(
                            step(
                                    List.of(
                                            "cat >" + BUNDLE,
                                            "git init --quiet .",
                                            "git fetch --quiet "
                                                    + BUNDLE
                                                    + " '+HEAD:refs/remotes/origin/HEAD'"
                                                    + " '+refs/*:refs/remotes/origin/*'",
                                            "git checkout --quiet --detach \"$MAYFLY_COMMIT\"",
                                            "rm -f " + BUNDLE,
                                            "git log -1 --format='%h %s'"),
                                    Map.of("MAYFLY_COMMIT", commit),
                                    reading(bundle)));
            case WorkspaceSource.Archive(Path tar) ->
                    Optional.of(
                            step(
                                    // Owners of the packing host mean nothing here.
                                    List.of("tar --extract --no-same-owner --file=-"),
                                    Map.of(),
                                    reading(tar)));
        };
    }

    private static Step step(
            List<String> lines,
            Map<String, String> environment,
            @Nullable Supplier<InputStream> in) {
        Map<String, String> all = new HashMap<>(GIT);
        all.putAll(environment);
        return new Step(
                "checkout", Step.Place.HELPER, new Step.Program.Shell(lines), all, List.of(), in);
    }

    private static Supplier<InputStream> reading(Path file) {
        return () -> {
            try {
                return Files.newInputStream(file);
            } catch (IOException e) {
                throw new FaultException(
                        Fault.WORKSPACE,
                        "the packed workspace " + file + " cannot be read: " + e.getMessage(),
                        new UncheckedIOException(e));
            }
        };
    }
}
