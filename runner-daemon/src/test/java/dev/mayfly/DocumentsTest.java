package dev.mayfly;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What the documents refer to exists. */
final class DocumentsTest {

    private static final Path ROOT = Path.of("..");
    private static final Pattern TEST_CLASS = Pattern.compile("`([A-Z]\\w*(?:Test|IT))`");
    private static final Pattern LOCAL_LINK = Pattern.compile("\\]\\((?!https?:|#)([^)#]+)");

    @ParameterizedTest
    @ValueSource(strings = {"docs/security-model.md", "docs/masking.md"})
    void everyTestThatADocumentNamesExists(String document) throws IOException {
        Set<String> named = all(TEST_CLASS, Files.readString(ROOT.resolve(document)));
        assertThat(named).isNotEmpty();
        try (Stream<Path> sources = Files.walk(Path.of("src/test/java"))) {
            Set<String> existing =
                    sources.map(file -> file.getFileName().toString().replace(".java", ""))
                            .collect(Collectors.toCollection(TreeSet::new));
            assertThat(existing).containsAll(named);
        }
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "README.md",
                "CONTRIBUTING.md",
                "CHANGELOG.md",
                "agent-image/README.md",
                "monitoring/README.md",
                "docs/health.md",
                "docs/runbooks/README.md",
                "docs/reference/metrics.md",
                "docs/security-model.md",
                "docs/masking.md",
                "docs/benchmarks.md"
            })
    void everyLocalLinkLeadsSomewhere(String document) throws IOException {
        Path file = ROOT.resolve(document);
        for (String link : all(LOCAL_LINK, Files.readString(file))) {
            assertThat(file.resolveSibling(link)).as("link in %s", document).exists();
        }
    }

    private static Set<String> all(Pattern pattern, String text) {
        return pattern.matcher(text)
                .results()
                .map((MatchResult match) -> match.group(1))
                .collect(Collectors.toCollection(TreeSet::new));
    }
}
