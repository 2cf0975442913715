package dev.mayfly.pipeline;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/**
 * The files of a project. Nothing outside of it is read, neither by {@code ..} nor over a symbolic
 * link.
 */
public final class ProjectFiles {

    /** A project with more is not searched. */
    private static final int MAX_FILES = 200_000;

    /** Each costs time with each name that is looked at. */
    private static final int MAX_STARS = 8;

    private final Path root;

    private ProjectFiles(Path root) {
        this.root = root;
    }

    /**
     * The project that a pipeline file belongs to: the git checkout around it, or without one the
     * file's directory.
     */
    public static ProjectFiles around(Path file) {
        Path directory = file.toAbsolutePath().normalize().getParent();
        Path start = directory == null ? Path.of("/") : directory;
        for (Path above = start; above != null; above = above.getParent()) {
            if (Files.exists(above.resolve(".git"))) {
                return new ProjectFiles(above);
            }
        }
        return new ProjectFiles(start);
    }

    /** Absolute. */
    public Path root() {
        return root;
    }

    /** How a file is called in problems: as from the project's root. */
    Path nameOf(Path file) {
        Path absolute = file.toAbsolutePath().normalize();
        return absolute.startsWith(root) ? root.relativize(absolute) : file;
    }

    /**
     * Reads a file's text.
     *
     * @param file absolute, or from the project's root
     * @param asked where its name is written, for problems
     * @throws dev.mayfly.config.ConfigException when it is outside of the project, or no text
     */
    String text(Path file, Place asked) {
        Path absolute = root.resolve(file).normalize();
        byte[] bytes;
        try {
            if (!absolute.startsWith(root)
                    || !absolute.toRealPath().startsWith(root.toRealPath())) {
                throw asked.refusal(
                        "names " + file + ", which is outside of the project " + root,
                        "include files of the project only");
            }
            if (!Files.isRegularFile(absolute)) {
                throw asked.refusal("names " + file + ", which is no file", "name a file");
            }
            try (InputStream in = Files.newInputStream(absolute)) {
                bytes = in.readNBytes(PipelineYaml.MAX_BYTES + 1);
            }
        } catch (NoSuchFileException _) {
            throw asked.refusal(
                    "names " + file + ", which does not exist",
                    "paths start at the project's root, " + root);
        } catch (IOException e) {
            throw asked.refusal(
                    "names " + file + ", which cannot be read (" + e.getMessage() + ")",
                    "name a file that this user may read");
        }
        if (bytes.length > PipelineYaml.MAX_BYTES) {
            throw asked.refusal(
                    "names " + file + ", which is longer than " + PipelineYaml.MAX_BYTES + " bytes",
                    "make it shorter");
        }
        try {
            return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        } catch (CharacterCodingException _) {
            throw asked.refusal(
                    "names " + file + ", which is not UTF-8 text",
                    "save it with the encoding UTF-8");
        }
    }

    /**
     * The files that an include names, from the project's root, in order.
     *
     * @param written a path; in it {@code *} stands for part of a name, {@code **} for directories
     *     too
     */
    List<Path> named(String written, Place asked) {
        String path = written.replaceFirst("^/+", "");
        if (!path.contains("*")) {
            try {
                return List.of(Path.of(path));
            } catch (InvalidPathException e) {
                throw asked.refusal("is no path: " + e.getReason(), "name a file of the project");
            }
        }
        if (path.chars().filter(c -> c == '*').count() > MAX_STARS) {
            throw asked.refusal(
                    "has more than " + MAX_STARS + " asterisks", "name the files one by one");
        }
        Pattern pattern =
                Pattern.compile(
                        Pattern.compile("\\*\\*|\\*|[^*]+")
                                .matcher(path)
                                .results()
                                .map(part ->
                                        switch (part.group()) {
                                            case "**" -> ".*";
                                            case "*" -> "[^/]*";
                                            default -> Pattern.quote(part.group());
                                        })
                                .collect(Collectors.joining()));
        Set<Path> found = new TreeSet<>();
        try {
            Files.walkFileTree(root, new Search(pattern, found, asked));
        } catch (IOException e) {
            throw asked.refusal(
                    "cannot be looked for in " + root + " (" + e.getMessage() + ")",
                    "name the files one by one");
        }
        return List.copyOf(found);
    }

    private final class Search extends SimpleFileVisitor<Path> {

        private final Pattern pattern;
        private final Set<Path> found;
        private final Place asked;
        private int seen;

        Search(Pattern pattern, Set<Path> found, Place asked) {
            this.pattern = pattern;
            this.found = found;
            this.asked = asked;
        }

        @Override
        public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
            return directory.equals(root.resolve(".git"))
                    ? FileVisitResult.SKIP_SUBTREE
                    : FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            seen++;
            if (seen > MAX_FILES) {
                throw asked.refusal(
                        "is looked for among more than " + MAX_FILES + " files",
                        "name the files one by one");
            }
            Path name = root.relativize(file);
            // Where a link leads is looked at when it is read, as if it had been named by itself.
            boolean candidate = attributes.isRegularFile() || attributes.isSymbolicLink();
            if (candidate && pattern.matcher(name.toString()).matches()) {
                found.add(name);
            }
            return FileVisitResult.CONTINUE;
        }

        @Override
        public FileVisitResult visitFileFailed(Path file, IOException failure) {
            return FileVisitResult.CONTINUE; // a directory of somebody else's in the working tree
        }
    }
}
