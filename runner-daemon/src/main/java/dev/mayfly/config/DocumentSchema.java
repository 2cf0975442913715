package dev.mayfly.config;

import com.fasterxml.jackson.core.JsonPointer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.dialect.Dialect;
import com.networknt.schema.dialect.Dialects;
import com.networknt.schema.keyword.AnnotationKeyword;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * A published JSON Schema: the one place that says which keys a document may have, what they mean
 * and what their defaults are.
 */
final class DocumentSchema {

    /** Of {@code mayfly.yaml}. */
    static final DocumentSchema CONFIGURATION = packaged("mayfly.schema.json");

    /** Of a job document. */
    static final DocumentSchema JOB = packaged("job.schema.json");

    /** Of a file with token rules. */
    static final DocumentSchema TOKEN_RULES = packaged("token-rules.schema.json");

    /** Of a policy file. */
    static final DocumentSchema POLICY = packaged("policy.schema.json");

    private final JsonNode definition;
    private final Schema rules;

    DocumentSchema(JsonNode definition) {
        this.definition = definition;
        // Unknown to JSON Schema; without this the validator would warn of each of them.
        List<AnnotationKeyword> annotations =
                ownKeywords(definition).distinct().map(AnnotationKeyword::new).toList();
        Dialect dialect = Dialect.builder(Dialects.getDraft202012()).keywords(annotations).build();
        this.rules = SchemaRegistry.withDialect(dialect).getSchema(definition);
    }

    private static Stream<String> ownKeywords(JsonNode definition) {
        return Stream.concat(
                definition.propertyStream().map(Map.Entry::getKey).filter(k -> k.startsWith("x-")),
                definition.valueStream().flatMap(DocumentSchema::ownKeywords));
    }

    private static DocumentSchema packaged(String name) {
        try (InputStream in = DocumentSchema.class.getResourceAsStream(name)) {
            if (in == null) {
                throw new IllegalStateException("the program lacks its own file " + name);
            }
            return new DocumentSchema(new JsonMapper().readTree(in));
        } catch (IOException e) {
            throw new UncheckedIOException("could not read the program's own file " + name, e);
        }
    }

    /** Every rule that the document breaks. */
    List<Error> violations(JsonNode document) {
        return rules.validate(document);
    }

    /** What the schema says of the whole document. */
    SchemaNode root() {
        return new SchemaNode(definition, definition);
    }

    /** What the schema says of one value. */
    SchemaNode at(JsonPointer value) {
        SchemaNode node = root();
        for (JsonPointer rest = value; !rest.matches(); rest = rest.tail()) {
            node = node.child(rest.getMatchingProperty());
        }
        return node;
    }
}
