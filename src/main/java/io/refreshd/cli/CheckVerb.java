package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.config.Configuration;
import io.refreshd.config.FleetConfiguration;
import io.refreshd.doctor.Finding;
import io.refreshd.doctor.FindingGroup;
import io.refreshd.doctor.RemedyScript;
import io.refreshd.doctor.Severity;
import io.refreshd.model.PlainText;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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
        // One script is for one database.
        Optional<FleetConfiguration> all = sql ? Optional.empty() : file.all(environment);
        if (all.isPresent()) {
            return ofAll(all.get());
        }
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

    private int ofAll(FleetConfiguration fleet) throws InterruptedException {
        List<EachDatabase.Answer<List<Finding>>> answers = EachDatabase.of(fleet, checker::check);
        PrintWriter out = Output.of(spec);
        ObjectNode databases = Json.object();
        ExitCode worst = ExitCode.OK;
        for (EachDatabase.Answer<List<Finding>> one : answers) {
            List<FindingGroup> groups = FindingGroup.byCause(one.found().orElse(List.of()));
            if (json) {
                databases.set(one.database(), one.found().isPresent() ? FindingsText.json(groups) : one.error());
            } else if (one.found().isPresent()) {
                out.print(one.database() + ":\n" + FindingsText.text(groups) + "\n");
            } else {
                out.print(one.database() + ":\n" + PlainText.lines(one.why()) + "\n\n");
            }
            ExitCode code = one.failure()
                    .map(FailureHandler::codeOf)
                    .orElseGet(() -> code(one.found().orElseThrow()));
            worst = rank(code) > rank(worst) ? code : worst;
        }
        if (json) {
            ObjectNode root = Json.object();
            root.set("databases", databases);
            out.println(Json.text(root));
        }
        out.flush();
        return worst.code();
    }

    /** What is wrong with the configuration comes first: the databases behind it were not checked. */
    private static int rank(ExitCode code) {
        return List.of(
                        ExitCode.OK,
                        ExitCode.WARNINGS,
                        ExitCode.NOT_READY,
                        ExitCode.UNREACHABLE,
                        ExitCode.FAILURE,
                        ExitCode.USAGE)
                .indexOf(code);
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
