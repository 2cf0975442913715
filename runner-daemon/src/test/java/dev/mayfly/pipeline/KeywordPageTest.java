package dev.mayfly.pipeline;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;

class KeywordPageTest {

    private static final Path PAGE = Path.of("../docs/run-gitlab-jobs.md");
    private static final String START = "<!-- written by KeywordPageTest -->\n";
    private static final String END = "<!-- end -->\n";

    private static String table() {
        StringBuilder table = new StringBuilder("| keyword | | |\n|---|---|---|\n");
        for (Keyword keyword : Keyword.values()) {
            String use =
                    switch (keyword.use()) {
                        case DONE -> "yes";
                        case NOTED -> "noted";
                        case REFUSED -> "refused";
                    };
            table.append("| `%s` | %s | %s |\n".formatted(keyword.word(), use, keyword.remark()));
        }
        return table.toString();
    }

    @Test
    void pageNamesEveryKeyword() throws IOException {
        String page = Files.readString(PAGE);
        String expected =
                page.substring(0, page.indexOf(START) + START.length())
                        + table()
                        + page.substring(page.indexOf(END));
        if (Boolean.getBoolean("mayfly.docs.write")) {
            Files.writeString(PAGE, expected);
        }

        assertThat(Files.readString(PAGE))
                .as("rewrite it with -Dtest=KeywordPageTest -Dmayfly.docs.write=true")
                .isEqualTo(expected);
    }
}
