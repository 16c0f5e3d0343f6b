package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.config.ConfigurationException;
import io.refreshd.daemon.InternalErrorException;
import io.refreshd.database.ErrorSummary;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PlainText;
import io.refreshd.model.PrerequisitesMissingException;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.List;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import picocli.CommandLine;
import picocli.CommandLine.IExecutionExceptionHandler;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.UnmatchedArgumentException;

/** Turns an exception of a verb into a message on stderr and an exit code. A stack trace is printed only with {@code --verbose}. */
final class FailureHandler implements IExecutionExceptionHandler {
    private final BooleanSupplier verbose;

    FailureHandler(BooleanSupplier verbose) {
        this.verbose = verbose;
    }

    @Override
    public int handleExecutionException(Exception failure, CommandLine commandLine, ParseResult parsed) {
        PrintWriter err = commandLine.getErr();
        err.println("refreshd: " + message(failure));
        ExitCode code = codeOf(failure);
        if (verb(parsed).hasMatchedOption("--json")) {
            printJson(commandLine, failure, code);
        }
        if (verbose.getAsBoolean()) {
            failure.printStackTrace(err);
        } else if (code == ExitCode.FAILURE && !(failure instanceof UnavailableDemoException)) {
            err.println("With --verbose there is a stack trace.");
        }
        err.flush();
        return code.code();
    }

    /** The verb's part of the command line. */
    private static ParseResult verb(ParseResult whole) {
        return whole.hasSubcommand() ? verb(whole.subcommand()) : whole;
    }

    /** With {@code --json}, a failure is printed as JSON too, so that a program always has something to parse. */
    private static void printJson(CommandLine commandLine, Exception failure, ExitCode code) {
        ObjectNode root = json(message(failure), code);
        ArrayNode obstacles = root.putArray("obstacles");
        if (failure instanceof PrerequisitesMissingException blocked) {
            blocked.obstacles()
                    .forEach(obstacle -> obstacles
                            .addObject()
                            .put("what", obstacle.what())
                            .set("remedy", Json.remedy(obstacle.remedy())));
        }
        commandLine.getOut().println(Json.text(root));
        commandLine.getOut().flush();
    }

    private static ObjectNode json(String error, ExitCode code) {
        return Json.object()
                .put("ok", false)
                .put("error", error)
                .put("exitCode", code.code())
                .put("exit", code.toString());
    }

    static ExitCode codeOf(Exception failure) {
        return switch (failure) {
            case ConfigurationException wrong -> ExitCode.USAGE;
            case UnreadableFileException wrong -> ExitCode.USAGE;
            case PrerequisitesMissingException blocked -> ExitCode.NOT_READY;
            case InternalErrorException broken -> ExitCode.INTERNAL;
            case SQLException sql when isUnreachable(sql) -> ExitCode.UNREACHABLE;
            default -> ExitCode.FAILURE;
        };
    }

    static String message(Exception failure) {
        return switch (failure) {
            case ConfigurationException wrong -> String.valueOf(wrong.getMessage());
            case UnreadableFileException wrong -> String.valueOf(wrong.getMessage());
            case UnavailableDemoException missing -> String.valueOf(missing.getMessage());
            case PrerequisitesMissingException blocked -> "the database is not ready:" + list(blocked);
            case SQLException sql when isUnreachable(sql) -> "the database cannot be reached: " + ErrorSummary.of(sql);
            case InternalErrorException broken ->
                "the daemon ended itself after an internal error: " + broken.getCause();
            default -> "unexpected failure: " + failure;
        };
    }

    private static String list(PrerequisitesMissingException blocked) {
        return blocked.obstacles().stream().map(FailureHandler::obstacle).collect(Collectors.joining());
    }

    private static String obstacle(Obstacle obstacle) {
        return "\n\n  " + PlainText.line(obstacle.what()) + "\n"
                + PlainText.lines(obstacle.remedy().lines()).strip().indent(4).stripTrailing();
    }

    /** Connection exceptions (08), refused logins (28), a database that does not exist (3D) or is starting (57P03). */
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
        if (List.of(arguments).contains("--json")) {
            ObjectNode root = json(String.valueOf(wrong.getMessage()), ExitCode.USAGE);
            root.putArray("obstacles");
            commandLine.getOut().println(Json.text(root));
            commandLine.getOut().flush();
        }
        return ExitCode.USAGE.code();
    }
}
