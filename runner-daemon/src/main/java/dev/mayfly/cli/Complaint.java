package dev.mayfly.cli;

import dev.mayfly.config.ConfigException;
import dev.mayfly.job.FaultException;
import dev.mayfly.source.local.ApiProblemException;
import dev.mayfly.source.local.JobDocuments;
import dev.mayfly.source.local.SubmitRefusedException;
import dev.mayfly.state.StateException;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileSystemException;
import java.nio.file.NoSuchFileException;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParseResult;

/** Turns what went wrong into words and an exit code. A stack trace is shown for a defect only. */
final class Complaint implements IExecutionExceptionHandler {

    @Override
    public int handleExecutionException(
            Exception exception, CommandLine command, ParseResult result) {
        PrintWriter err = command.getErr();
        err.println(words(exception));
        if (exception instanceof ApiProblemException e) {
            e.problems().forEach(problem -> err.println(line(problem)));
            String cure =
                    e.kind() == ApiProblemException.Kind.UNKNOWN
                            ? "mayfly jobs lists those that there are; old ones are forgotten"
                            : e.cure();
            if (!cure.isEmpty()) {
                err.println("    cure: " + cure);
            }
        }
        int code = code(exception);
        if (code == ExitCode.DEFECT) {
            exception.printStackTrace(err);
        }
        return code;
    }

    private static String words(Exception exception) {
        return switch (exception) {
            case NoDaemonException e ->
                    "mayfly: "
                            + e.getMessage()
                            + "\n    cure: start it with mayfly daemon, or name the configuration it"
                            + " runs with by --config";
            case NoSuchFileException e -> "mayfly: there is no file " + e.getFile();
            case AccessDeniedException e ->
                    "mayfly: " + e.getFile() + " may not be used by this user";
            case ConfigException e -> String.valueOf(e.getMessage());
            case SubmitRefusedException e -> "mayfly: the job was refused: " + e.getMessage();
            case InterruptedException _ -> "mayfly: interrupted";
            default ->
                    code(exception) == ExitCode.DEFECT
                            ? "mayfly: a defect; please report it with these lines"
                            : "mayfly: " + exception.getMessage();
        };
    }

    private static int code(Exception exception) {
        return switch (exception) {
            case ConfigException _, StateException _ -> ExitCode.BAD_CONFIG;
            case SubmitRefusedException _ -> ExitCode.DENIED;
            case FaultException _ -> ExitCode.FAULTED;
            case NoDaemonException _ -> ExitCode.UNAVAILABLE;
            case WorkspaceException _, FileSystemException _ -> ExitCode.BAD_CONFIG;
            case IOException _ -> ExitCode.UNAVAILABLE;
            case InterruptedException _ -> ExitCode.CANCELLED;
            case ApiProblemException e ->
                    switch (e.kind()) {
                        case UNKNOWN -> ExitCode.NOT_FOUND;
                        case REFUSED -> ExitCode.DENIED;
                        case DOCUMENT, CONFIGURATION, REQUEST, SIZE, TYPE -> ExitCode.BAD_CONFIG;
                        case TOKEN, ORIGIN, METHOD, UNAVAILABLE -> ExitCode.UNAVAILABLE;
                        case INTERNAL -> ExitCode.DEFECT;
                    };
            default -> ExitCode.DEFECT;
        };
    }

    private static String line(JobDocuments.Problem problem) {
        return "  "
                + (problem.line() == null ? "" : "line " + problem.line() + ": ")
                + (problem.field().isEmpty() ? "" : problem.field() + ": ")
                + problem.cause()
                + "\n      cure: "
                + problem.cure();
    }
}
