package dev.mayfly.execution;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.job.GitFetch;
import dev.mayfly.job.Places;
import dev.mayfly.job.WorkspaceSource;
import dev.mayfly.sandbox.DeliveredFile;
import dev.mayfly.sandbox.SandboxSpec.Checkout;
import dev.mayfly.sandbox.Step;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
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

    /** From a list in a variable, one argument a line: nothing of it is ever read by a shell. */
    private static final String FROM_LINES = "xargs --no-run-if-empty --delimiter='\\n' ";

    /** Where a bundle waits until it is fetched from: outside the source directory. */
    private static final String BUNDLE = "/workspace/sources.bundle";

    private static final int SHA1_DIGITS = 40;

    /** Between two attempts to fetch. */
    private static final int PAUSE_SECONDS = 5;

    private SourceSteps() {}

    static Checkout needs(WorkspaceSource source) {
        return switch (source) {
            case WorkspaceSource.Empty() -> Checkout.NOTHING;
            case WorkspaceSource.Git(String _, String _, GitFetch _) -> Checkout.ONLINE;
            case WorkspaceSource.Archive(Path _) -> Checkout.OFFLINE;
            case WorkspaceSource.Bundle(Path _, String _) -> Checkout.OFFLINE;
        };
    }

    /** Where each step of the job begins. */
    static String directory(WorkspaceSource source) {
        return source instanceof WorkspaceSource.Git(String _, String _, GitFetch how)
                        && how.directory() != null
                ? how.directory()
                : Places.SOURCES;
    }

    static GitFetch.Hooks hooks(WorkspaceSource source) {
        return source instanceof WorkspaceSource.Git git ? git.how().hooks() : GitFetch.Hooks.NONE;
    }

    static Optional<Step> stepFor(WorkspaceSource source) {
        return switch (source) {
            case WorkspaceSource.Empty() -> Optional.empty();
            case WorkspaceSource.Git git -> Optional.of(fetching(git));
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

    private static Step fetching(WorkspaceSource.Git git) {
        GitFetch how = git.how();
        Map<String, String> environment = new HashMap<>(GIT);
        environment.put("MAYFLY_SOURCE_URL", git.url());
        environment.put("MAYFLY_COMMIT", git.commit());
        environment.put("MAYFLY_REF", how.content().ref());
        // Contents of large files are fetched afterwards, all at once.
        environment.put("GIT_LFS_SKIP_SMUDGE", "1");
        List<DeliveredFile> files = new ArrayList<>();
        if (!how.access().equals(GitFetch.Access.OPEN)) {
            environment.put("GIT_CONFIG_GLOBAL", Places.file(GitAccess.CONFIGURATION));
            files.addAll(GitAccess.files(how.access()));
        }
        List<String> lines = new ArrayList<>();
        lines.add("attempts=" + how.attempts());
        lines.add(
                "git init --quiet"
                        + (git.commit().length() > SHA1_DIGITS ? " --object-format=sha256" : "")
                        + " .");
        lines.add("git remote add origin \"$MAYFLY_SOURCE_URL\"");
        if (how.refspecs().isEmpty()) {
            // Not every server hands out a bare commit: fall back to everything.
            lines.add(
                    "git fetch --quiet --depth 1 origin \"$MAYFLY_COMMIT\""
                            + " || git fetch --quiet --tags origin"
                            + " '+refs/heads/*:refs/remotes/origin/*'");
        } else {
            fetchRefspecs(how, lines, environment);
        }
        checkOut(how.content(), lines, environment);
        return new Step(
                "checkout",
                Step.Place.HELPER,
                new Step.Program.Shell(lines),
                environment,
                files,
                null);
    }

    private static void fetchRefspecs(
            GitFetch how, List<String> lines, Map<String, String> environment) {
        List<String> arguments = new ArrayList<>(how.flags());
        if (how.depth() > 0) {
            arguments.add("--depth=" + how.depth());
        }
        arguments.add("origin");
        arguments.addAll(how.refspecs());
        environment.put("MAYFLY_FETCH", String.join("\n", arguments));
        lines.add(
                how.depth() > 0
                        ? "echo 'Fetching changes with git depth set to " + how.depth() + "...'"
                        : "echo 'Fetching changes...'");
        lines.add(
                repeated(
                        "printf '%s' \"$MAYFLY_FETCH\" | "
                                + FROM_LINES
                                + "git fetch --no-recurse-submodules"));
    }

    /** What needs the server is tried until it succeeds, or all attempts together are used up. */
    private static String repeated(String command) {
        return "until "
                + command
                + "; do attempts=$((attempts - 1)); test $attempts -gt 0 || exit 1;"
                + " echo \"Trying again, attempts left: $attempts\"; sleep "
                + PAUSE_SECONDS
                + "; done";
    }

    private static void checkOut(
            GitFetch.Content content, List<String> lines, Map<String, String> environment) {
        if (!content.checkout()) {
            lines.add("echo 'The files of the commit are not checked out.'");
            return;
        }
        if (!content.ref().isEmpty()) {
            lines.add(
                    "printf 'Checking out %.8s as detached HEAD (ref is %s)...\\n'"
                            + " \"$MAYFLY_COMMIT\" \"$MAYFLY_REF\"");
        }
        lines.add("git checkout --quiet --force --detach \"$MAYFLY_COMMIT\"");
        lines.add("git log -1 --format='%h %s'");
        if (content.largeFiles()) {
            lines.add(
                    "if git lfs version >/dev/null 2>&1; then "
                            + repeated("git lfs pull")
                            + "; elif git grep --quiet 'filter=lfs' -- ':(glob)**/.gitattributes';"
                            + " then echo 'The repository has files in Git LFS, and the agent image"
                            + " has no git-lfs: they stay pointers.'; fi");
        }
        GitFetch.Submodules submodules = content.submodules();
        if (submodules.mode() != GitFetch.Submodules.Mode.NONE) {
            boolean deep = submodules.mode() == GitFetch.Submodules.Mode.RECURSIVE;
            List<String> arguments = new ArrayList<>(submodules.flags());
            if (deep) {
                arguments.add("--recursive");
            }
            if (submodules.depth() > 0) {
                arguments.add("--depth=" + submodules.depth());
            }
            arguments.add("--");
            arguments.addAll(submodules.paths());
            environment.put("MAYFLY_SUBMODULES", String.join("\n", arguments));
            lines.add("echo 'Updating submodules" + (deep ? " recursively" : "") + "...'");
            lines.add(
                    repeated(
                            "printf '%s' \"$MAYFLY_SUBMODULES\" | "
                                    + FROM_LINES
                                    + "git submodule --quiet update --init"));
        }
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
