package dev.mayfly.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFileAttributeView;
import java.nio.file.attribute.PosixFileAttributes;
import java.nio.file.attribute.PosixFilePermission;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import org.yaml.snakeyaml.DumperOptions.FlowStyle;
import org.yaml.snakeyaml.error.Mark;
import org.yaml.snakeyaml.nodes.CollectionNode;
import org.yaml.snakeyaml.nodes.MappingNode;
import org.yaml.snakeyaml.nodes.Node;
import org.yaml.snakeyaml.nodes.NodeTuple;
import org.yaml.snakeyaml.nodes.ScalarNode;
import org.yaml.snakeyaml.nodes.SequenceNode;
import org.yaml.snakeyaml.nodes.Tag;

/**
 * A configuration file with one more runner of a GitLab server: the same text with a few more
 * lines. Nothing is written before the whole is read again and says what it said, and the runner.
 */
public final class AddedRunner {

    private static final String SOURCES = "sources";
    private static final String GITLAB = "gitlab";
    private static final String PLAIN = "[A-Za-z0-9/][A-Za-z0-9:/._-]*[A-Za-z0-9/]";

    private final Path file;
    private final String before;
    private final String after;

    private AddedRunner(Path file, String before, String after) {
        this.file = file;
        this.before = before;
        this.after = after;
    }

    /** There is no place for the lines, or not for this program. */
    public static final class NoPlaceException extends Exception {

        private static final long serialVersionUID = 1L;

        NoPlaceException(String because) {
            super(because);
        }
    }

    /**
     * The runner's lines, with the indentation that they have in a file.
     *
     * @param first whether they stand below {@code sources}, where there is no other runner yet, or
     *     below {@code sources.gitlab}
     */
    public static List<String> lines(GitLabSettings runner, boolean first) {
        List<String> lines = new ArrayList<>(first ? List.of("  gitlab:") : List.of());
        item(runner).forEach(line -> lines.add("    " + line));
        return lines;
    }

    /**
     * Looks for the place, and checks what would come out. Writes nothing.
     *
     * @param file where the configuration is
     * @param runner of a name that the file does not have yet
     * @throws NoPlaceException saying why somebody has to write the lines
     */
    public static AddedRunner to(Path file, GitLabSettings runner, Environment environment)
            throws NoPlaceException {
        Path real;
        String text;
        try {
            real = file.toRealPath();
            text = Files.readString(real);
        } catch (IOException e) {
            throw new NoPlaceException(file + " cannot be read: " + e);
        }
        String changed = text(file, text, runner);
        Path directory = file.toAbsolutePath().normalize().getParent();
        requireTheSameAndTheRunner(file, text, changed, runner);
        try {
            ConfigLoader.settings(
                    YamlDocument.parse(file, changed),
                    environment,
                    directory == null ? Path.of("/") : directory);
        } catch (ConfigException e) {
            throw new NoPlaceException(
                    file + " would not be a configuration any more: " + e.getMessage());
        }
        if (!Files.isWritable(real) || !Files.isWritable(real.resolveSibling("."))) {
            throw new NoPlaceException(file + " cannot be written by this user");
        }
        return new AddedRunner(real, text, changed);
    }

    /**
     * Puts it in the place of the file, with the file's owner and mode. Whoever reads meanwhile, or
     * after a crash, finds the old text or the new.
     *
     * @throws IOException when that cannot be done, or somebody has changed the file meanwhile
     */
    public void write() throws IOException {
        Path draft = file.resolveSibling("." + file.getFileName() + ".new");
        Files.deleteIfExists(draft);
        try (FileChannel channel =
                FileChannel.open(
                        draft,
                        Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE),
                        PosixFilePermissions.asFileAttribute(
                                PosixFilePermissions.fromString("rw-------")))) {
            ByteBuffer left = ByteBuffer.wrap(after.getBytes(StandardCharsets.UTF_8));
            while (left.hasRemaining()) {
                channel.write(left);
            }
            channel.force(true);
            takeOver(draft);
            if (!Files.readString(file).equals(before)) {
                throw new IOException(file + " was changed meanwhile; try again");
            }
            Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
        } finally {
            Files.deleteIfExists(draft);
        }
        try (FileChannel directory = FileChannel.open(file.resolveSibling("."))) {
            directory.force(true);
        }
    }

    private void takeOver(Path draft) throws IOException {
        PosixFileAttributes of = Files.readAttributes(file, PosixFileAttributes.class);
        PosixFileAttributeView view =
                Files.getFileAttributeView(draft, PosixFileAttributeView.class);
        PosixFileAttributes now = view.readAttributes();
        if (!of.owner().equals(now.owner())) {
            try {
                view.setOwner(of.owner());
            } catch (FileSystemException e) {
                // Only root gives files away; who may write one by its group need not.
                if (!of.permissions().contains(PosixFilePermission.GROUP_WRITE)) {
                    throw e;
                }
            }
        }
        if (!of.group().equals(now.group())) {
            view.setGroup(of.group());
        }
        view.setPermissions(of.permissions());
    }

    private static void requireTheSameAndTheRunner(
            Path file, String before, String after, GitLabSettings runner) throws NoPlaceException {
        JsonNode expected = YamlDocument.parse(file, before).tree();
        JsonNode added = YamlDocument.parse(file, String.join("\n", item(runner))).tree().get(0);
        if (!(expected instanceof ObjectNode root)) {
            throw unusual(file);
        }
        JsonNode sources = root.path(SOURCES);
        ObjectNode all = sources instanceof ObjectNode some ? some : root.putObject(SOURCES);
        (all.path(GITLAB).isArray() ? all.withArray(GITLAB) : all.putArray(GITLAB)).add(added);
        JsonNode found;
        try {
            YamlDocument document = YamlDocument.parse(file, after);
            found = document.problems().isEmpty() ? document.tree() : TextNode.valueOf("");
        } catch (ConfigException e) {
            throw unusual(file);
        }
        if (!found.equals(expected)) {
            throw unusual(file);
        }
    }

    private static NoPlaceException unusual(Path file) {
        return new NoPlaceException(
                file + " is written in a way in which Mayfly does not find the place for them");
    }

    // -- the text

    private static String text(Path file, String text, GitLabSettings runner)
            throws NoPlaceException {
        Lines lines = new Lines(text);
        Node root;
        try {
            root = YamlDocument.nodes(file, text);
        } catch (ConfigException e) {
            throw new NoPlaceException(String.valueOf(e.getMessage()));
        }
        List<String> item = item(runner);
        NodeTuple sources = entry(root, SOURCES);
        if (sources == null) {
            if (root != null && !inBlocks(root)) {
                throw unusual(file);
            }
            lines.with(lines.count(), 0, List.of("", SOURCES + ":", "  " + GITLAB + ":"));
            return lines.with(lines.count(), 4, item).text();
        }
        int depth = sources.getKeyNode().getStartMark().getColumn();
        int key = sources.getKeyNode().getStartMark().getLine();
        if (isEmpty(sources.getValueNode())) {
            return lines.with(key + 1, depth + 2, List.of(GITLAB + ":"))
                    .with(key + 2, depth + 4, item)
                    .text();
        }
        NodeTuple gitlab = entry(sources.getValueNode(), GITLAB);
        if (gitlab == null) {
            if (!inBlocks(sources.getValueNode())) {
                throw unusual(file);
            }
            int inner = sources.getValueNode().getStartMark().getColumn();
            int end = end(sources.getValueNode());
            return lines.with(end, inner, List.of(GITLAB + ":"))
                    .with(end + 1, inner + 2, item)
                    .text();
        }
        Node runners = gitlab.getValueNode();
        int inner = gitlab.getKeyNode().getStartMark().getColumn();
        int line = gitlab.getKeyNode().getStartMark().getLine();
        if (isEmpty(runners)) {
            return lines.with(line + 1, inner + 2, item).text();
        }
        if (!(runners instanceof SequenceNode sequence)) {
            throw unusual(file);
        }
        if (sequence.getValue().isEmpty()) {
            return lines.without(sequence.getStartMark(), sequence.getEndMark())
                    .with(sequence.getEndMark().getLine() + 1, inner + 2, item)
                    .text();
        }
        if (!inBlocks(sequence)) {
            throw unusual(file);
        }
        return lines.with(end(sequence), sequence.getStartMark().getColumn(), item).text();
    }

    private static List<String> item(GitLabSettings runner) {
        List<String> item = new ArrayList<>();
        item.add("- name: " + runner.name());
        item.add("  url: " + quoted(runner.url()));
        item.add("  pool: " + runner.pool());
        if (runner.protectedRefs()) {
            item.add("  protected: true");
        }
        if (runner.tls().authorities() != null) {
            item.add("  ca_file: " + quoted(runner.tls().authorities().toString()));
        }
        return item;
    }

    private static String quoted(String text) {
        return text.matches(PLAIN) ? text : TextNode.valueOf(text).toString();
    }

    private static @Nullable NodeTuple entry(@Nullable Node node, String key) {
        return node instanceof MappingNode mapping
                ? mapping.getValue().stream()
                        .filter(one ->
                                one.getKeyNode() instanceof ScalarNode scalar
                                        && scalar.getValue().equals(key))
                        .findFirst()
                        .orElse(null)
                : null;
    }

    private static boolean isEmpty(Node node) {
        return node.getTag().equals(Tag.NULL)
                && node.getStartMark().getIndex() == node.getEndMark().getIndex();
    }

    private static boolean inBlocks(Node node) {
        return node instanceof CollectionNode<?> collection
                && collection.getFlowStyle() == FlowStyle.BLOCK;
    }

    /** The line after the last word of a node; its own end is that of the comments behind it. */
    private static int end(Node node) {
        return switch (node) {
            case MappingNode mapping when !mapping.getValue().isEmpty() && inBlocks(mapping) -> {
                NodeTuple last = mapping.getValue().getLast();
                yield isEmpty(last.getValueNode())
                        ? end(last.getKeyNode())
                        : end(last.getValueNode());
            }
            case SequenceNode sequence when !sequence.getValue().isEmpty() && inBlocks(sequence) ->
                    end(sequence.getValue().getLast());
            default -> {
                Mark end = node.getEndMark();
                yield end.getColumn() == 0 ? end.getLine() : end.getLine() + 1;
            }
        };
    }

    /** A text as lines, with their ends. */
    private static final class Lines {

        private final List<String> lines = new ArrayList<>();
        private final String lineEnd;

        Lines(String text) {
            lineEnd = text.contains("\r\n") ? "\r\n" : "\n";
            int from = 0;
            while (from < text.length()) {
                int end = text.indexOf('\n', from);
                lines.add(end < 0 ? text.substring(from) : text.substring(from, end + 1));
                from = end < 0 ? text.length() : end + 1;
            }
        }

        int count() {
            return lines.size();
        }

        Lines with(int at, int indent, List<String> more) {
            if (at > 0 && !lines.get(at - 1).endsWith("\n")) {
                lines.set(at - 1, lines.get(at - 1) + lineEnd);
            }
            for (int i = 0; i < more.size(); i++) {
                lines.add(at + i, " ".repeat(indent) + more.get(i) + lineEnd);
            }
            return this;
        }

        /** Without what is between two places in one line, and the blanks before it. */
        Lines without(Mark from, Mark to) {
            String line = lines.get(from.getLine());
            if (from.getLine() == to.getLine()) {
                int begin = line.offsetByCodePoints(0, from.getColumn());
                int end = line.offsetByCodePoints(0, to.getColumn());
                lines.set(
                        from.getLine(),
                        line.substring(0, begin).stripTrailing() + line.substring(end));
            }
            return this;
        }

        String text() {
            return String.join("", lines);
        }
    }
}
