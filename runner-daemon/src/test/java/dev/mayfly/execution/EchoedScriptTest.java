package dev.mayfly.execution;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The shell itself is asked what it understands. */
class EchoedScriptTest {

    @ParameterizedTest
    @ValueSource(
            strings = {
                "true",
                ": 'single' \"double\"",
                ": '$HOME' \"$(id)\" `id` \\",
                ": %s %d \\n \\t -n",
                ": ümlaut ✓ 'it'\\''s'",
                ": * ? [a-z] ~ # & ; | < > ! {a,b}",
                "''",
                "-n",
            })
    void aCommandIsShownAsItIsWritten(String command) throws Exception {
        assertThat(shell(List.of(EchoedScript.of(List.of(command)).getFirst())))
                .isEqualTo("$ " + command + "\n");
    }

    @Test
    void anyTextIsShownAsItIsAndNeverRun() throws Exception {
        Random random = new Random(7);
        String alphabet = "'\"\\$`!#&|;<>(){}[]*?~%= -nabc\té✓😀";
        int[] characters = alphabet.codePoints().toArray();
        List<String> lines = new ArrayList<>();
        StringBuilder expected = new StringBuilder();
        for (int i = 0; i < 500; i++) {
            StringBuilder command = new StringBuilder();
            for (int length = random.nextInt(30); length >= 0; length--) {
                command.appendCodePoint(characters[random.nextInt(characters.length)]);
            }
            lines.add(EchoedScript.of(List.of(command.toString())).getFirst());
            expected.append("$ ").append(command.toString().strip()).append('\n');
        }
        assertThat(shell(lines)).isEqualTo(expected.toString());
    }

    @Test
    void eachCommandIsShownBeforeItRuns() throws Exception {
        assertThat(shell(EchoedScript.of(List.of("echo one", "X=two", "echo $X"))))
                .isEqualTo("$ echo one\none\n$ X=two\n$ echo $X\ntwo\n");
    }

    @Test
    void colourSurroundsTheCommandAndNothingElse() throws Exception {
        assertThat(shell(EchoedScript.coloured(List.of("echo '%s'"))))
                .isEqualTo("\u001b[32;1m$ echo '%s'\u001b[0;m\n%s\n");
    }

    @Test
    void ofSeveralLinesTheFirstIsShown() throws Exception {
        assertThat(shell(EchoedScript.of(List.of("for i in 1 2; do\n  echo $i\ndone\n"))))
                .isEqualTo("$ for i in 1 2; do  # and 2 more lines\n1\n2\n");
    }

    @Test
    void aCommandThatFailsIsTheLastOneShown() throws Exception {
        assertThat(shell(EchoedScript.of(List.of("echo a", "false", "echo b"))))
                .isEqualTo("$ echo a\na\n$ false\n");
    }

    @Test
    void aBlankCommandHarmsNothing() throws Exception {
        assertThat(shell(EchoedScript.of(List.of("", "  ", "# words", "echo a"))))
                .isEqualTo("$ \n$ \n$ # words\n$ echo a\na\n");
    }

    /** As the agent does it: one file, which ends at the first failure. */
    private static String shell(List<String> lines) throws IOException, InterruptedException {
        Process shell = new ProcessBuilder("/bin/sh", "-e").redirectErrorStream(true).start();
        try (var in = shell.getOutputStream()) {
            in.write((String.join("\n", lines) + "\n").getBytes(UTF_8));
        }
        String said = new String(shell.getInputStream().readAllBytes(), UTF_8);
        assertThat(shell.waitFor(10, TimeUnit.SECONDS)).isTrue();
        return said;
    }
}
