package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class CommandLinePageTest {

    private static final Path PAGE = Path.of("../docs/reference/command-line.md");

    @TempDir Path folder;

    @Test
    void pageAgreesWithTheCommands() throws Exception {
        String expected = CommandLinePage.of(MayflyCommand.commandLine());
        if (Boolean.getBoolean("mayfly.docs.write")) {
            Files.writeString(PAGE, expected);
        }

        assertThat(PAGE)
                .as(
                        "the reference differs from the commands; rewrite it with"
                                + " mvn -pl runner-daemon test -Dtest=CommandLinePageTest"
                                + " -Dmayfly.docs.write=true")
                .hasContent(expected);
    }

    static Stream<String> commands() {
        return CommandLinePage.all(MayflyCommand.commandLine()).stream()
                .map(command -> command.getCommandSpec().qualifiedName());
    }

    @ParameterizedTest
    @MethodSource("commands")
    void everyCommandAnswersHelp(String command) {
        List<String> words = Arrays.asList(command.split(" "));
        String[] arguments =
                Stream.concat(words.stream().skip(1), Stream.of("--help")).toArray(String[]::new);
        CommandFixture.Said said = CommandFixture.execute("", arguments);

        assertThat(said.code()).as(said.err()).isZero();
        assertThat(said.out()).contains("Usage: " + command);
        assertThat(said.out().substring(said.out().indexOf("Examples:"))).contains("mayfly ");
    }

    @Test
    void noLineOfAFooterIsTooLongForATerminal() {
        for (CommandLine command : CommandLinePage.all(MayflyCommand.commandLine())) {
            assertThat(command.getCommandSpec().usageMessage().footer())
                    .as(command.getCommandName())
                    .isNotEmpty()
                    .allMatch(line -> line.length() < 80);
        }
    }

    @Test
    void completionIsAScriptThatBashTakesAndKnowsEveryCommand() throws Exception {
        CommandFixture.Said said = CommandFixture.execute("", "generate-completion");
        Path script = Files.writeString(folder.resolve("completion.bash"), said.out());
        Process bash =
                new ProcessBuilder("bash", "-n", script.toString())
                        .redirectErrorStream(true)
                        .start();
        String errors = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(bash.waitFor(20, TimeUnit.SECONDS)).isTrue();
        assertThat(errors).isEmpty();
        assertThat(bash.exitValue()).isZero();
        for (CommandLine command : CommandLinePage.all(MayflyCommand.commandLine())) {
            assertThat(said.out()).contains(command.getCommandName());
        }
        assertThat(said.out()).contains("complete -F _complete_mayfly");
    }
}
