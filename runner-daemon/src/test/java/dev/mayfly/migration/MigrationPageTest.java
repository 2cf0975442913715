package dev.mayfly.migration;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import org.junit.jupiter.api.Test;

class MigrationPageTest {

    private static final Path PAGE = Path.of("../docs/migrate-from-gitlab-runner.md");
    private static final String START = "<!-- written by MigrationPageTest -->\n";
    private static final String END = "<!-- end -->\n";

    private static String tables() {
        Map<String, StringBuilder> tables = new LinkedHashMap<>();
        for (KeyRule rule : KeyRules.all()) {
            int dot =
                    rule.key().startsWith("runners.docker.ulimit")
                            ? "runners.docker".length()
                            : rule.key().lastIndexOf('.');
            String section =
                    dot < 0 ? "The file itself" : "`[" + rule.key().substring(0, dot) + "]`";
            tables.computeIfAbsent(
                            section.replace("`[runners]`", "`[[runners]]`"),
                            title ->
                                    new StringBuilder(
                                            "\n### "
                                                    + title
                                                    + "\n\n| key | | Mayfly |\n|---|---|---|\n"))
                    .append(
                            "| `%s` | %s | %s |\n"
                                    .formatted(
                                            rule.key().substring(dot + 1),
                                            rule.fate().words(),
                                            rule.remark()));
        }
        return String.join("", tables.values()) + "\n";
    }

    @Test
    void pageNamesEveryKey() throws IOException {
        String page = Files.readString(PAGE);
        String expected =
                page.substring(0, page.indexOf(START) + START.length())
                        + tables()
                        + page.substring(page.indexOf(END));
        if (Boolean.getBoolean("mayfly.docs.write")) {
            Files.writeString(PAGE, expected);
        }

        assertThat(Files.readString(PAGE))
                .as("rewrite it with -Dtest=MigrationPageTest -Dmayfly.docs.write=true")
                .isEqualTo(expected);
    }
}
