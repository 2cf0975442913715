package dev.mayfly.config;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.Locale;
import java.util.regex.Pattern;
import org.yaml.snakeyaml.nodes.NodeId;
import org.yaml.snakeyaml.nodes.Tag;
import org.yaml.snakeyaml.resolver.Resolver;

/**
 * What a plain scalar means, by the core schema of YAML 1.2 (section 10.3) without octal and
 * hexadecimal numbers, infinities and NaN: those are text, and so are YAML 1.1's {@code yes} and
 * {@code 12:30}.
 */
final class CoreSchema extends Resolver {

    private static final Pattern NULL = Pattern.compile("~|null|Null|NULL|");
    private static final Pattern BOOL = Pattern.compile("true|True|TRUE|false|False|FALSE");
    private static final Pattern INT = Pattern.compile("[-+]?[0-9]{1,18}");
    private static final Pattern FLOAT =
            Pattern.compile(
                    "[-+]?(\\.[0-9]{1,18}|[0-9]{1,18}(\\.[0-9]{0,18})?)([eE][-+]?[0-9]{1,2})?");
    private static final Pattern MERGE = Pattern.compile("<<");
    private static final CoreSchema INSTANCE = new CoreSchema();

    @Override
    protected void addImplicitResolvers() {
        addImplicitResolver(Tag.NULL, NULL, "~nN\0");
        addImplicitResolver(Tag.NULL, Pattern.compile(""), null);
        addImplicitResolver(Tag.BOOL, BOOL, "tTfF");
        addImplicitResolver(Tag.INT, INT, "-+0123456789");
        addImplicitResolver(Tag.FLOAT, FLOAT, "-+.0123456789");
        addImplicitResolver(Tag.MERGE, MERGE, "<");
    }

    static Tag tag(String text) {
        return INSTANCE.resolve(NodeId.scalar, text, true);
    }

    /** The value of a scalar; text when the tag promises something that it is not. */
    static JsonNode value(Tag tag, String text) {
        JsonNodeFactory nodes = JsonNodeFactory.instance;
        if (tag.equals(Tag.NULL) && NULL.matcher(text).matches()) {
            return nodes.nullNode();
        }
        if (tag.equals(Tag.BOOL) && BOOL.matcher(text).matches()) {
            return nodes.booleanNode(text.toLowerCase(Locale.ROOT).equals("true"));
        }
        if (tag.equals(Tag.INT) && INT.matcher(text).matches()) {
            return nodes.numberNode(Long.parseLong(text));
        }
        if (tag.equals(Tag.FLOAT) && FLOAT.matcher(text).matches()) {
            return nodes.numberNode(Double.parseDouble(text));
        }
        return nodes.textNode(text);
    }
}
