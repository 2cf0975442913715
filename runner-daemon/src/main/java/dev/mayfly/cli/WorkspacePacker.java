package dev.mayfly.cli;

import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveOutputStream;
import org.apache.commons.compress.archivers.tar.TarConstants;

/**
 * Packs what a job shall find in its workspace, on the side and with the rights of whoever submits
 * it: the daemon never reads a path that somebody else names.
 */
final class WorkspacePacker {

    private static final Duration GIT_LIMIT = Duration.ofMinutes(5);

    private WorkspacePacker() {}

    /**
     * Packs a directory with everything in it, links as links.
     *
     * @param tar is created or replaced
     * @throws IOException naming the file that could not be read
     */
    static void tar(Path directory, Path tar) throws IOException {
        if (!Files.isDirectory(directory)) {
            throw new WorkspaceException(
                    "the workspace " + directory + " is not a directory", null);
        }
        Path root = directory.toRealPath(); // where it is a link, it is not what is packed
        try (OutputStream file = new BufferedOutputStream(Files.newOutputStream(tar));
                TarArchiveOutputStream archive =
                        new TarArchiveOutputStream(file, StandardCharsets.UTF_8.name())) {
            archive.setLongFileMode(TarArchiveOutputStream.LONGFILE_POSIX);
            archive.setBigNumberMode(TarArchiveOutputStream.BIGNUMBER_POSIX);
            Files.walkFileTree(root, new Packing(root, archive));
        }
    }

    /**
     * Packs a repository's history as a bundle.
     *
     * @param revision a commit, branch or tag of it
     * @param bundle is created or replaced
     * @return the full hash of the commit
     * @throws IOException with what git said
     */
    static String bundle(Path repository, String revision, Path bundle)
            throws IOException, InterruptedException {
        if (!Files.isDirectory(repository)) {
            throw new WorkspaceException(
                    "the repository " + repository + " is not a directory", null);
        }
        String commit;
        try {
            commit =
                    git(
                            repository,
                            "rev-parse",
                            "--verify",
                            "--end-of-options",
                            revision + "^{commit}");
        } catch (WorkspaceException e) {
            throw new WorkspaceException(
                    "there is no commit, branch or tag \""
                            + revision
                            + "\" in "
                            + repository
                            + ": "
                            + e.getMessage(),
                    e);
        }
        git(repository, "bundle", "create", "--quiet", bundle.toString(), "--all", "HEAD");
        return commit;
    }

    /**
     * What git says in a repository, without blanks around it.
     *
     * @throws WorkspaceException with what it said when it fails
     */
    static String git(Path repository, String... arguments)
            throws IOException, InterruptedException {
        ProcessBuilder builder = new ProcessBuilder("git", "-C", repository.toString());
        builder.command().addAll(List.of(arguments));
        builder.redirectErrorStream(true);
        // Run by a hook of git's, we would pack the hook's repository.
        builder.environment().keySet().removeIf(name -> name.startsWith("GIT_"));
        Process git = started(builder);
        Thread.ofVirtual().name("git-limit").start(() -> endLate(git));
        git.getOutputStream().close();
        String said = new String(git.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        if (git.waitFor() != 0) {
            throw new WorkspaceException(
                    "git " + arguments[0] + " in " + repository + " failed: " + said.strip(), null);
        }
        return said.strip();
    }

    private static Process started(ProcessBuilder builder) throws WorkspaceException {
        try {
            return builder.start();
        } catch (IOException e) {
            throw new WorkspaceException(
                    "a repository is packed by git, which cannot be started: install it", e);
        }
    }

    private static void endLate(Process git) {
        try {
            if (!git.waitFor(GIT_LIMIT.toSeconds(), TimeUnit.SECONDS)) {
                git.destroyForcibly();
            }
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static final class Packing extends SimpleFileVisitor<Path> {

        private final Path root;
        private final TarArchiveOutputStream archive;

        Packing(Path root, TarArchiveOutputStream archive) {
            this.root = root;
            this.archive = archive;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes)
                throws IOException {
            if (!directory.equals(root)) {
                put(directory, new TarArchiveEntry(name(directory) + "/"), attributes);
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes)
                throws IOException {
            try {
                pack(file, attributes);
            } catch (IOException e) {
                throw unpackable(file, e);
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException failure)
                throws WorkspaceException {
            throw unpackable(file, failure);
        }

        private static WorkspaceException unpackable(Path file, IOException failure) {
            String cause =
                    switch (failure) {
                        case AccessDeniedException _ -> "this user may not read it";
                        case NoSuchFileException _ -> "it has vanished meanwhile";
                        default -> String.valueOf(failure.getMessage());
                    };
            return new WorkspaceException(
                    file + " of the workspace cannot be packed: " + cause, failure);
        }

        private void pack(Path file, BasicFileAttributes attributes) throws IOException {
            if (attributes.isSymbolicLink()) {
                TarArchiveEntry link = new TarArchiveEntry(name(file), TarConstants.LF_SYMLINK);
                link.setLinkName(Files.readSymbolicLink(file).toString());
                archive.putArchiveEntry(link);
                archive.closeArchiveEntry();
            } else if (attributes.isRegularFile()) {
                TarArchiveEntry entry = new TarArchiveEntry(name(file));
                entry.setSize(attributes.size());
                put(file, entry, attributes);
            }
            // Sockets, pipes and devices mean nothing in a workspace.
        }

        private void put(Path file, TarArchiveEntry entry, BasicFileAttributes attributes)
                throws IOException {
            entry.setModTime(attributes.lastModifiedTime());
            entry.setMode(mode(file, attributes.isDirectory()));
            archive.putArchiveEntry(entry);
            if (attributes.isRegularFile()) {
                Files.copy(file, archive);
            }
            archive.closeArchiveEntry();
        }

        private String name(Path file) {
            return root.relativize(file).toString();
        }

        /**
         * Only what a workspace needs: no set-id bits, always readable and writable by its owner.
         */
        private static int mode(Path file, boolean directory) throws IOException {
            Set<PosixFilePermission> rights = Files.getPosixFilePermissions(file);
            boolean executable = directory || rights.contains(PosixFilePermission.OWNER_EXECUTE);
            return (directory ? 0_40000 : 0_100000) | (executable ? 0755 : 0644);
        }
    }
}
