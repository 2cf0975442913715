package dev.mayfly.cli;

import dev.mayfly.pipeline.Checkout;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** Asks git about a working tree. */
final class GitCheckout {

    private GitCheckout() {}

    /**
     * What git says, or null outside of git and before the first commit.
     *
     * @throws WorkspaceException with what git says when it does not want to work here
     */
    static @Nullable Checkout of(Path root) throws IOException, InterruptedException {
        if (!Files.exists(root.resolve(".git"))) {
            return null;
        }
        WorkspacePacker.git(root, "rev-parse", "--git-dir");
        // A signature would be checked by a program that the repository's configuration names.
        String commit =
                said(
                        root,
                        "log",
                        "-1",
                        "--no-show-signature",
                        "--no-color",
                        "--format=%H%n%aN <%aE>%n%cI%n%B");
        if (commit == null) {
            return null;
        }
        List<String> lines = commit.lines().toList();
        if (lines.size() < 3 || !lines.getFirst().matches("[0-9a-f]{40,64}")) {
            throw new WorkspaceException("git log in " + root + " said: " + commit, null);
        }
        String origin = said(root, "symbolic-ref", "--quiet", "refs/remotes/origin/HEAD");
        return new Checkout(
                new Checkout.Commit(
                        lines.get(0),
                        lines.get(1),
                        lines.get(2),
                        String.join("\n", lines.subList(3, lines.size()))),
                new Checkout.Ref(
                        said(root, "symbolic-ref", "--quiet", "--short", "HEAD"),
                        said(root, "describe", "--tags", "--exact-match", "HEAD")),
                said(root, "config", "--get", "remote.origin.url"),
                origin == null ? null : origin.replaceFirst("^refs/remotes/origin/", ""));
    }

    private static @Nullable String said(Path root, String... arguments)
            throws IOException, InterruptedException {
        try {
            return WorkspacePacker.git(root, arguments);
        } catch (WorkspaceException _) {
            return null; // there is none of it
        }
    }
}
