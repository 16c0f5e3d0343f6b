package io.refreshd.cli;

import java.util.Map;
import java.util.Optional;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.ScopeType;

/** The root command, and the program's entry point. */
@Command(
        name = "refreshd",
        description = "Keeps PostgreSQL materialized views fresh, from the write-ahead log.",
        synopsisSubcommandLabel = "VERB",
        mixinStandardHelpOptions = false,
        footerHeading = "%nExamples:%n",
        footer = {
            "  refreshd demo                            see it work, with nothing installed",
            "  refreshd check --config refreshd.yaml    is everything right?",
            "  refreshd run --config refreshd.yaml      the daemon",
            "  refreshd status --config refreshd.yaml   how fresh is each view, and why?",
            "",
            "Verbs are explained in docs/cli.md, keys in docs/configuration.md, exit codes in",
            "docs/exit-codes.md."
        })
public final class Refreshd {
    @Option(
            names = {"-v", "--verbose"},
            scope = ScopeType.INHERIT,
            description = "Show the stack trace of a failure.")
    private boolean verbose;

    @SuppressWarnings("UnusedVariable") // picocli reads it.
    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            scope = ScopeType.INHERIT,
            description = "Show this help.")
    private boolean help;

    private Refreshd() {}

    public static void main(String[] arguments) {
        Optional<String> problem = LogVariables.problem(System.getenv());
        if (problem.isPresent()) {
            System.err.println(problem.get());
            System.exit(ExitCode.USAGE.code());
        }
        System.exit(commandLine(System.getenv()).execute(arguments));
    }

    /** The deployed command line, with all verbs. */
    public static CommandLine commandLine(Map<String, String> environment) {
        return commandLine(environment, DatabaseChecker.connecting());
    }

    static CommandLine commandLine(Map<String, String> environment, DatabaseChecker checker) {
        Refreshd root = new Refreshd();
        CommandLine commandLine = new CommandLine(root)
                .addSubcommand(new RunVerb(environment))
                .addSubcommand(new CheckVerb(environment, checker))
                .addSubcommand(new StatusVerb(environment))
                .addSubcommand(new RefreshVerb(environment))
                .addSubcommand(new PauseVerb(environment))
                .addSubcommand(new ResumeVerb(environment))
                .addSubcommand(new AuditVerb(environment))
                .addSubcommand(new GraphVerb(environment))
                .addSubcommand(new ExplainVerb(environment))
                .addSubcommand(new InitVerb(environment))
                .addSubcommand(new TeardownVerb(environment))
                .addSubcommand(new PlanVerb(environment))
                .addSubcommand(new ApplyVerb(environment))
                .addSubcommand(new ConvertVerb(environment))
                .addSubcommand(new RedefineVerb(environment))
                .addSubcommand(new DemoVerb(environment))
                .addSubcommand(new CompletionVerb())
                .addSubcommand(new VersionVerb());
        HelpSections.addTo(commandLine);
        boolean always = Boolean.parseBoolean(environment.get("REFRESHD_VERBOSE"));
        return commandLine
                .setExecutionExceptionHandler(new FailureHandler(() -> always || root.verbose))
                .setParameterExceptionHandler(FailureHandler::wrongCommandLine);
    }
}
