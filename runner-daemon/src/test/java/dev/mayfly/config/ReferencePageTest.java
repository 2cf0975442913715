package dev.mayfly.config;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ReferencePageTest {

    private static final boolean WRITE = Boolean.getBoolean("mayfly.docs.write");

    @ParameterizedTest
    @CsvSource({
        "configuration.md, mayfly.schema.json",
        "job.md, job.schema.json",
        "policy.md, policy.schema.json",
        "token-rules.md, token-rules.schema.json"
    })
    void pageAgreesWithItsSchema(String page, String schema) throws IOException {
        Path file = Repository.REFERENCE.resolve(page);
        String expected =
                ReferencePage.of(
                        switch (page) {
                            case "job.md" -> DocumentSchema.JOB;
                            case "policy.md" -> DocumentSchema.POLICY;
                            case "token-rules.md" -> DocumentSchema.TOKEN_RULES;
                            default -> DocumentSchema.CONFIGURATION;
                        },
                        "../../config/" + schema);
        if (WRITE) {
            Files.createDirectories(file.getParent());
            Files.writeString(file, expected);
        }

        assertThat(file)
                .as(
                        "the reference differs from the schema; rewrite it with"
                                + " mvn -pl runner-daemon test -Dtest=ReferencePageTest"
                                + " -Dmayfly.docs.write=true")
                .hasContent(expected);
    }
}
