package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.config.Configuration;
import io.refreshd.config.DatabaseEntry;
import io.refreshd.config.FleetConfiguration;
import io.refreshd.doctor.Finding;
import io.refreshd.doctor.FindingGroup;
import io.refreshd.doctor.RemedyScript;
import io.refreshd.doctor.Severity;
import io.refreshd.fleet.GroupTopics;
import io.refreshd.model.PlainText;
import java.io.PrintWriter;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
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
        for (EachDatabase.Answer<List<Finding>> one : answers) {
            List<FindingGroup> groups = FindingGroup.byCause(one.found().orElse(List.of()));
            if (json) {
                databases.set(one.database(), one.found().isPresent() ? FindingsText.json(groups) : one.error());
            } else if (one.found().isPresent()) {
                out.print(one.database() + ":\n" + FindingsText.text(groups) + "\n");
            } else {
                out.print(one.database() + ":\n" + PlainText.lines(one.why()) + "\n\n");
            }
        }
        Optional<List<Finding>> group = ofGroup(fleet);
        group.map(FindingGroup::byCause).ifPresent(groups -> {
            if (!json) {
                out.print("fleet:\n" + FindingsText.text(groups) + "\n");
            }
        });
        if (json) {
            ObjectNode root = Json.object();
            root.set("databases", databases);
            group.map(FindingGroup::byCause).ifPresent(groups -> root.set("fleet", FindingsText.json(groups)));
            out.println(Json.text(root));
        }
        out.flush();
        return EachDatabase.worst(Stream.concat(
                        answers.stream().map(one -> one.code(CheckVerb::code)),
                        group.stream().map(CheckVerb::code)))
                .code();
    }

    /** What keeps daemons from sharing the databases; empty if they do not. */
    private static Optional<List<Finding>> ofGroup(FleetConfiguration fleet) throws InterruptedException {
        if (fleet.group().isEmpty()) {
            return Optional.empty();
        }
        List<String> databases = fleet.databases().stream()
                .filter(entry -> entry.usable().isPresent())
                .map(DatabaseEntry::name)
                .toList();
        return Optional.of(new GroupTopics(fleet.group().get(), databases)
                .obstacles().stream()
                        .map(obstacle -> new Finding(
                                Severity.ERROR,
                                "fleet",
                                "fleet",
                                obstacle.what(),
                                "Without it no daemon is assigned what it should serve.",
                                obstacle.remedy()))
                        .toList());
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
