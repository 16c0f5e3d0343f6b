package io.refreshd.cli;

import io.refreshd.config.Configuration;
import io.refreshd.doctor.Finding;
import io.refreshd.doctor.FindingGroup;
import io.refreshd.doctor.RemedyScript;
import io.refreshd.doctor.Severity;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "check",
        description = {
            "Validates the configuration, then checks the database that it names. Changes nothing.",
            "Each finding says what was found, about which views or tables, why it matters, and the remedy, usually SQL. Ends with 3 if there is an error,"
                    + " with 6 if there are only warnings, else with 0."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  refreshd check --config refreshd.yaml",
            "  refreshd check --config refreshd.yaml --sql > remedies.sql",
            "  refreshd check --config refreshd.yaml --json | jq -r '.findings[].remedy'"
        })
final class CheckVerb implements Callable<Integer> {
    @Mixin
    private final ConfigurationFile file = new ConfigurationFile();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(
            names = "--sql",
            description = "Print the remedies alone, as one script for psql in the order in which they run.")
    private boolean sql;

    @Spec
    private @Nullable CommandSpec spec;

    private final Map<String, String> environment;
    private final DatabaseChecker checker;

    CheckVerb(Map<String, String> environment, DatabaseChecker checker) {
        this.environment = environment;
        this.checker = checker;
    }

    @Override
    public Integer call() throws Exception {
        Configuration configuration = file.read(environment);
        PrintWriter out = Output.of(spec);
        if (!json && !sql) {
            out.println(file.path() + " is a valid configuration.");
        }
        List<Finding> findings = checker.check(configuration);
        List<FindingGroup> groups = FindingGroup.byCause(findings);
        if (sql) {
            out.print(RemedyScript.of(findings));
            out.flush();
        } else if (json) {
            out.println(Json.text(FindingsText.json(groups)));
        } else {
            out.print(FindingsText.text(groups));
            out.flush();
        }
        return code(findings).code();
    }

    private static ExitCode code(List<Finding> findings) {
        if (findings.stream().anyMatch(finding -> finding.severity() == Severity.ERROR)) {
            return ExitCode.NOT_READY;
        }
        return findings.stream().anyMatch(finding -> finding.severity() == Severity.WARNING)
                ? ExitCode.WARNINGS
                : ExitCode.OK;
    }
}
