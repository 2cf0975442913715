package dev.mayfly.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.core.JsonPointer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class YamlDocumentTest {

    private static final Path FILE = Path.of("a.yaml");

    @ParameterizedTest
    @CsvSource({
        "yes, STRING",
        "on, STRING",
        "12:30, STRING",
        "2026-01-01, STRING",
        "1_000, STRING",
        "0x10, STRING",
        ".inf, STRING",
        ".nan, STRING",
        "1e999, STRING",
        "12345678901234567890123, STRING",
        "'\"5\"', STRING",
        "007, NUMBER",
        "-5, NUMBER",
        "1.10, NUMBER",
        "1e3, NUMBER",
        "true, BOOLEAN",
        "FALSE, BOOLEAN",
        "null, NULL",
        "~, NULL",
        "'', NULL",
    })
    void plainScalarMeansWhatTheCoreSchemaSays(String written, String kind) {
        YamlDocument document = YamlDocument.parse(FILE, "key: " + written);

        assertThat(document.tree().get("key").getNodeType()).hasToString(kind);
        assertThat(document.problems()).isEmpty();
    }

    @Test
    void scalarIsRememberedAsItWasWritten() {
        YamlDocument document = YamlDocument.parse(FILE, "version: 1.10\nlist: [007]");

        assertThat(document.written(JsonPointer.compile("/version"))).isEqualTo("1.10");
        assertThat(document.written(JsonPointer.compile("/list/0"))).isEqualTo("007");
    }

    @Test
    void problemStandsAtTheKeyOrAtTheListItem() {
        YamlDocument document = YamlDocument.parse(FILE, "a:\n  b:\n    - x\n    - {c: 1}\n");

        assertThat(document.problem(JsonPointer.compile("/a/b/1/c"), "cause", "cure"))
                .isEqualTo(new Problem(FILE, 4, 8, "a.b[1].c", "cause", "cure"));
        assertThat(document.problem(JsonPointer.compile("/a/b/0"), "cause", "cure"))
                .isEqualTo(new Problem(FILE, 3, 7, "a.b[0]", "cause", "cure"));
    }

    @Test
    void problemOfSomethingMissingStandsAtWhatLacksIt() {
        YamlDocument document = YamlDocument.parse(FILE, "x: 1\na:\n  b: 1");

        assertThat(document.problem(JsonPointer.compile("/a/c"), "is missing", "cure"))
                .isEqualTo(new Problem(FILE, 2, 1, "a.c", "is missing", "cure"));
    }

    @Test
    void keyGivenTwiceIsAProblemAtTheSecond() {
        YamlDocument document = YamlDocument.parse(FILE, "a: 1\nb: 2\na: 3\n");

        assertThat(document.problems())
                .containsExactly(
                        new Problem(
                                FILE,
                                3,
                                1,
                                "a",
                                "is here twice, first on line 1",
                                "remove one of the two"));
    }

    @ParameterizedTest
    @CsvSource({
        "a: !!java.net.URL [x]",
        "a: !custom 5",
        "a: !!binary aGk=",
        "a: !!set {x}",
        "a: !!timestamp 2026-01-01"
    })
    void tagIsAProblemThatDoesNotRepeatIt(String text) {
        List<Problem> problems = YamlDocument.parse(FILE, text).problems();

        assertThat(problems).singleElement().extracting(Problem::cause).isEqualTo("has a tag");
    }

    @Test
    void mergeKeyIsAProblem() {
        YamlDocument document =
                YamlDocument.parse(FILE, "base: &base {x: 1}\nother:\n  <<: *base\n");

        assertThat(document.problems())
                .singleElement()
                .returns(3, Problem::line)
                .returns("merge keys are not supported", Problem::cause);
    }

    @Test
    void aliasStandsForAWholeValue() {
        YamlDocument document = YamlDocument.parse(FILE, "a: &x [1, 2]\nb: *x\n");

        assertThat(document.tree().get("b")).isEqualTo(document.tree().get("a"));
    }

    @Test
    void aliasesThatMultiplyEndlesslyAreRefused() {
        StringBuilder bomb = new StringBuilder("a0: &a0 [x,x,x,x,x,x,x,x,x,x]\n");
        for (int i = 1; i < 9; i++) {
            String alias = "*a" + (i - 1);
            bomb.append("a%d: &a%d [".formatted(i, i))
                    .append(String.join(",", java.util.Collections.nCopies(5, alias)))
                    .append("]\n");
        }

        assertThat(onlyProblem(bomb.toString()).cause())
                .isEqualTo("holds itself, or more than 50000 values");
    }

    @Test
    void valueThatHoldsItselfIsRefused() {
        assertThat(onlyProblem("a: &a\n  b: *a\n").cause())
                .isEqualTo("holds itself, or more than 50000 values");
    }

    @Test
    void tooDeepNestingIsRefused() {
        assertThat(onlyProblem("[".repeat(200) + "]".repeat(200)).cause())
                .contains("nested deeper than 50 levels");
    }

    @Test
    void moreThanAMebibyteIsRefused() {
        assertThat(onlyProblem("a: " + "x".repeat(1 << 20)).cause())
                .isEqualTo("is longer than 1048576 bytes");
    }

    @Test
    void unknownAliasIsNotRepeated() {
        Problem problem = onlyProblem("x: 1\ntoken: *hunter2-hunter2\n");

        assertThat(problem.line()).isEqualTo(2);
        assertThat(problem.toString()).doesNotContain("hunter2");
    }

    @Test
    void secondDocumentIsRefused() {
        assertThat(onlyProblem("a: 1\n---\nb: 2\n").cause()).startsWith("is a second document");
    }

    @Test
    void brokenSyntaxNamesItsLine() {
        assertThat(onlyProblem("a: 1\nb: [1, 2\nc: 3\n"))
                .returns(3, Problem::line)
                .extracting(Problem::cause)
                .asString()
                .startsWith("is not YAML: ");
    }

    @Test
    void emptyDocumentIsAnEmptyMapping() {
        assertThat(YamlDocument.parse(FILE, "# nothing\n").tree().isObject()).isTrue();
    }

    @Test
    void controlCharactersInAProblemAreMadeVisible() {
        YamlDocument document = YamlDocument.parse(FILE, "\"\\e[31mred\": 1\n\"\\e[31mred\": 2\n");

        assertThat(document.problems().getFirst().field()).isEqualTo("\\u001b[31mred");
    }

    @Test
    void fileThatIsNotUtf8IsRefused(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("latin1.yaml");
        Files.write(file, new byte[] {'a', ':', ' ', (byte) 0xe4});

        ConfigException refused =
                catchThrowableOfType(ConfigException.class, () -> YamlDocument.read(file));

        assertThat(refused.problems().getFirst().cause()).isEqualTo("is not UTF-8 text");
    }

    @Test
    void missingFileAndDirectoryAreRefused(@TempDir Path directory) {
        assertThat(
                        catchThrowableOfType(
                                ConfigException.class,
                                () -> YamlDocument.read(directory.resolve("none.yaml"))))
                .hasMessageContaining("there is no such file");
        assertThat(catchThrowableOfType(ConfigException.class, () -> YamlDocument.read(directory)))
                .hasMessageContaining("is a directory");
        assertThat(
                        catchThrowableOfType(
                                ConfigException.class,
                                () ->
                                        YamlDocument.read(
                                                Files.createFile(directory.resolve("file"))
                                                        .resolve("below"))))
                .hasMessageContaining("cannot be read: Not a directory");
    }

    private static Problem onlyProblem(String text) {
        ConfigException refused =
                catchThrowableOfType(ConfigException.class, () -> YamlDocument.parse(FILE, text));
        assertThat(refused.problems()).hasSize(1);
        return refused.problems().getFirst();
    }
}
