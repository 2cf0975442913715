package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

class ManualPagesTest {

    private static final Set<String> REQUESTS =
            Set.of(".TH", ".SH", ".TP", ".nf", ".fi"); // all that the pages need

    @TempDir private Path folder;

    @BeforeEach
    void write() {
        assertThat(CommandFixture.execute("", "generate-manual", folder.toString()).code())
                .isZero();
    }

    private static List<CommandLine> commands() {
        return CommandLinePage.all(MayflyCommand.commandLine());
    }

    private static String fileOf(CommandLine command) {
        return command.getCommandSpec().qualifiedName("-") + ".1";
    }

    @Test
    void everyCommandThatIsShownHasAPageAndNoOther() throws IOException {
        try (Stream<Path> written = Files.list(folder)) {
            assertThat(written.map(path -> path.getFileName().toString()))
                    .containsExactlyInAnyOrderElementsOf(
                            commands().stream()
                                    .map(ManualPagesTest::fileOf)
                                    .collect(Collectors.toSet()))
                    .contains("mayfly.1", "mayfly-drain.1", "mayfly-secret-set.1")
                    .doesNotContain("mayfly-generate-manual.1");
        }
    }

    @Test
    void everyPageHasItsSectionsAndNothingThatManWouldTakeForARequest() throws IOException {
        for (CommandLine command : commands()) {
            List<String> page = Files.readAllLines(folder.resolve(fileOf(command)));

            assertThat(page.getFirst()).startsWith(".TH \"MAYFLY").contains("\" 1 \"");
            assertThat(page)
                    .as(fileOf(command))
                    .contains(".SH NAME", ".SH SYNOPSIS", ".SH EXAMPLES", ".SH FILES")
                    .allMatch(line ->
                            !line.startsWith("'")
                                    && (!line.startsWith(".")
                                            || REQUESTS.contains(line.split(" ", 2)[0])))
                    .noneMatch(line -> line.contains("${") || line.contains("%n"));
        }
    }

    @Test
    void everyOptionOfACommandIsOnItsPage() throws IOException {
        for (CommandLine command : commands()) {
            String page = Files.readString(folder.resolve(fileOf(command))).replace("\\-", "-");
            command.getCommandSpec().options().stream()
                    .filter(option -> !option.hidden())
                    .forEach(option -> assertThat(page).contains(option.names()));
        }
    }

    /** Has in its texts what man(7) has meanings for. */
    @Command(
            name = "odd",
            description = "Shows a \\backslash, a \"quote\" and -dashes.",
            footer = {".begins with a dot", "'begins with a quote", "ends"})
    private static final class Odd implements Runnable {
        @Option(names = "--size", paramLabel = "N", description = "Default: ${DEFAULT-VALUE}.")
        int size = 7;

        @Option(names = "--secret", hidden = true)
        boolean hidden;

        @Parameters(paramLabel = "FILE", description = "A file.")
        String file = "";

        @Override
        public void run() {
            throw new AssertionError("run with " + size + file + hidden);
        }
    }

    @Test
    void whatManHasMeaningsForIsTextOnThePage() {
        assertThat(ManualPages.page(new CommandLine(new Odd())))
                .contains("Shows a \\ebackslash, a \\(dqquote\\(dq and \\-dashes.")
                .contains("\n\\&.begins with a dot\n\\&'begins with a quote\nends\n")
                .contains(".TP\n\\fB\\-\\-size N\\fR\nDefault: 7.\n")
                .contains(".SH ARGUMENTS\n.TP\n\\fBFILE\\fR\nA file.\n")
                .doesNotContain("secret", "hidden");
    }
}
