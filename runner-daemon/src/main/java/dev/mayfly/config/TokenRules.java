package dev.mayfly.config;

import dev.mayfly.logs.ByteClass;
import dev.mayfly.logs.TokenShape;
import dev.mayfly.logs.TokenShapes;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** Rules by which tokens are known in logs: those of the program, and an operator's own. */
public final class TokenRules {

    private static final Path BUILT_IN = Path.of("(built-in)", "token-rules.yaml");

    private TokenRules() {}

    /** The rules that are part of the program: those in {@code config/token-rules.yaml}. */
    public static List<TokenShape> builtIn() {
        return shapes(YamlDocument.parse(BUILT_IN, builtInText()), List.of());
    }

    /**
     * The program's rules and those of a file, ready for use.
     *
     * @throws ConfigException with every problem of the file
     */
    public static TokenShapes builtInAnd(Path file) {
        List<TokenShape> builtIn = builtIn();
        YamlDocument document = YamlDocument.read(file);
        List<TokenShape> own = shapes(document, builtIn);
        try {
            return TokenShapes.of(Stream.concat(builtIn.stream(), own.stream()).toList());
        } catch (IllegalArgumentException e) {
            throw new ConfigException(
                    YamlDocument.wholeFile(
                            file, String.valueOf(e.getMessage()), "use fewer or simpler rules"));
        }
    }

    private static String builtInText() {
        try (InputStream in = TokenRules.class.getResourceAsStream("token-rules.yaml")) {
            if (in == null) {
                throw new IllegalStateException("the program lacks its own file token-rules.yaml");
            }
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException("could not read the program's own token rules", e);
        }
    }

    private static List<TokenShape> shapes(YamlDocument document, List<TokenShape> others) {
        Review review = new Review(document, DocumentSchema.TOKEN_RULES);
        review.checkStructure();
        Set<String> names = new LinkedHashSet<>();
        others.forEach(shape -> names.add(shape.name()));
        List<TokenShape> shapes = new ArrayList<>();
        for (Section rule : review.root().sections("rules")) {
            if (rule.has("name") && !names.add(rule.text("name"))) {
                rule.report(
                        "name",
                        "\"" + rule.text("name") + "\" is the name of another rule",
                        "choose another one");
            }
            TokenShape shape = shape(rule);
            if (shape != null) {
                shapes.add(shape);
            }
        }
        review.throwProblems();
        return shapes;
    }

    /** Null if there is any problem; it is reported. */
    private static @Nullable TokenShape shape(Section rule) {
        ByteClass after = rule.has("after") ? bytes(rule, "after") : ByteClass.ANY;
        List<TokenShape.Part> parts = new ArrayList<>();
        boolean sound = after != null && rule.has("name") && rule.has("prefixes");
        for (Section part : rule.sections("then")) {
            List<TokenShape.Part> more = parts(part);
            parts.addAll(more);
            sound &= !more.isEmpty();
        }
        if (!sound || after == null) {
            return null;
        }
        try {
            return new TokenShape(
                    rule.text("name"),
                    new TokenShape.Prefix(
                            rule.texts("prefixes"),
                            rule.flag("ignore_case"),
                            after,
                            rule.flag("show_prefix")),
                    parts);
        } catch (IllegalArgumentException e) {
            rule.review()
                    .report(
                            rule.at(),
                            String.valueOf(e.getMessage()),
                            "see docs/reference/token-rules.md");
            return null;
        }
    }

    /** Empty if there is any problem; it is reported. */
    private static List<TokenShape.Part> parts(Section part) {
        if (part.has("text") == part.has("bytes")) {
            if (!part.review().isFaulty(part.pointer("text"))
                    && !part.review().isFaulty(part.pointer("bytes"))) {
                part.review()
                        .report(
                                part.at(),
                                part.has("text")
                                        ? "has both text and bytes"
                                        : "has neither text nor bytes",
                                "write one of them, for example: bytes: A-Za-z0-9_-");
            }
            return List.of();
        }
        if (part.has("text")) {
            for (String count : List.of("least", "most")) {
                if (part.has(count)) {
                    part.report(count, "says nothing about a text", "remove it");
                }
            }
            return TokenShape.Part.text(part.text("text"), part.flag("show"));
        }
        ByteClass bytes = bytes(part, "bytes");
        if (bytes == null) {
            return List.of();
        }
        int least = part.number("least");
        int most = part.has("most") ? part.number("most") : TokenShape.Part.UNBOUNDED;
        if (most < least) {
            part.report("most", "is less than least", "write " + least + " or more");
            return List.of();
        }
        return List.of(new TokenShape.Part(bytes, least, most, part.flag("show")));
    }

    private static @Nullable ByteClass bytes(Section section, String key) {
        try {
            return ByteClass.parse(section.text(key));
        } catch (IllegalArgumentException e) {
            section.report(
                    key, String.valueOf(e.getMessage()), "write for example: A-Za-z0-9_-, or ^a-z");
            return null;
        }
    }
}
