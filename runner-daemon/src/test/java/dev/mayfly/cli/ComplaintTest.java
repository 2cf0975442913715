package dev.mayfly.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mayfly.job.Fault;
import dev.mayfly.job.FaultException;
import dev.mayfly.source.local.SubmitRefusedException;
import dev.mayfly.state.StateException;
import java.io.IOException;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.NoSuchFileException;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import picocli.CommandLine;

class ComplaintTest {

    static Stream<Arguments> failures() {
        return Stream.of(
                Arguments.of(new StateException("/s is full", null), 78, "mayfly: /s is full"),
                Arguments.of(
                        new SubmitRefusedException("too big"),
                        126,
                        "mayfly: the job was refused: too big"),
                Arguments.of(
                        new FaultException(Fault.ENGINE, "it is gone"), 125, "mayfly: it is gone"),
                Arguments.of(new InterruptedException(), 130, "mayfly: interrupted"),
                Arguments.of(new NoSuchFileException("/x"), 78, "mayfly: there is no file /x"),
                Arguments.of(
                        new AccessDeniedException("/x"),
                        78,
                        "mayfly: /x may not be used by this user"),
                Arguments.of(new WorkspaceException("no w", null), 78, "mayfly: no w"),
                Arguments.of(new IOException("no answer"), 69, "mayfly: no answer"),
                Arguments.of(
                        new NoDaemonException("no daemon"),
                        69,
                        "mayfly: no daemon\n    cure: start it with mayfly daemon, or name the"
                                + " configuration it runs with by --config"));
    }

    @ParameterizedTest
    @MethodSource("failures")
    void whatWentWrongIsOneSentenceAndACode(Exception failure, int code, String words) {
        StringWriter said = new StringWriter();

        assertThat(complain(failure, said)).isEqualTo(code);
        assertThat(said.toString()).isEqualTo(words + System.lineSeparator());
    }

    @Test
    void onlyADefectShowsWhereItIs() {
        StringWriter said = new StringWriter();

        assertThat(complain(new IllegalStateException("bug"), said)).isEqualTo(ExitCode.DEFECT);
        assertThat(said.toString()).contains("a defect; please report it", "bug", "\tat ");
    }

    private static int complain(Exception failure, StringWriter said) {
        CommandLine line = MayflyCommand.commandLine();
        line.setErr(new PrintWriter(said, true));
        return new Complaint().handleExecutionException(failure, line, line.parseArgs("version"));
    }
}
