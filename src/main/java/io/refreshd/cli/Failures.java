package io.refreshd.cli;

import io.refreshd.DaemonStartException;
import io.refreshd.InternalErrorException;
import io.refreshd.Reasons;
import io.refreshd.config.ConfigurationException;
import io.refreshd.model.Obstacle;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns what a verb throws into words on stderr and an exit code; a stack trace only where it was asked for. */
final class Failures implements IExecutionExceptionHandler {
    private final BooleanSupplier verbose;

    Failures(BooleanSupplier verbose) {
        this.verbose = verbose;
    }

    @Override
    public int handleExecutionException(Exception failure, CommandLine commandLine, ParseResult parsed) {
        PrintWriter err = commandLine.getErr();
        err.println("refreshd: " + words(failure));
        ExitCode code = codeOf(failure);
        if (verbose.getAsBoolean()) {
            failure.printStackTrace(err);
        } else if (code == ExitCode.FAILURE && !(failure instanceof UnavailableDemoException)) {
            err.println("With --verbose there is a stack trace.");
        }
        err.flush();
        return code.code();
    }

    private static ExitCode codeOf(Exception failure) {
        return switch (failure) {
            case ConfigurationException wrong -> ExitCode.USAGE;
            case UnreadableFileException wrong -> ExitCode.USAGE;
            case DaemonStartException blocked -> ExitCode.NOT_READY;
            case InternalErrorException broken -> ExitCode.INTERNAL;
            case SQLException sql when isUnreachable(sql) -> ExitCode.UNREACHABLE;
            default -> ExitCode.FAILURE;
        };
    }

    private static String words(Exception failure) {
        return switch (failure) {
            case ConfigurationException wrong -> String.valueOf(wrong.getMessage());
            case UnreadableFileException wrong -> String.valueOf(wrong.getMessage());
            case UnavailableDemoException missing -> String.valueOf(missing.getMessage());
            case DaemonStartException blocked -> "the database is not ready:" + list(blocked);
            case SQLException sql when isUnreachable(sql) -> "the database cannot be reached: " + Reasons.of(sql);
            case InternalErrorException broken ->
                "the daemon ended itself after an internal error: " + broken.getCause();
            default -> "unexpected failure: " + failure;
        };
    }

    private static String list(DaemonStartException blocked) {
        return blocked.obstacles().stream().map(Failures::obstacle).collect(Collectors.joining());
    }

    private static String obstacle(Obstacle obstacle) {
        return "\n\n  " + obstacle.what() + "\n"
                + obstacle.mend().strip().indent(4).stripTrailing();
    }

    /** Connection exceptions (08), refused logins (28), a database that is not there (3D) or is starting (57P03). */
    private static boolean isUnreachable(SQLException failure) {
        String state = String.valueOf(failure.getSQLState());
        return state.startsWith("08") || state.startsWith("28") || state.startsWith("3D") || state.equals("57P03");
    }

    static int wrongCommandLine(ParameterException wrong, String[] arguments) {
        CommandLine commandLine = wrong.getCommandLine();
        PrintWriter err = commandLine.getErr();
        err.println("refreshd: " + wrong.getMessage());
        UnmatchedArgumentException.printSuggestions(wrong, err);
        err.println("Try: " + commandLine.getCommandSpec().qualifiedName() + " --help");
        err.flush();
        return ExitCode.USAGE.code();
    }
}
