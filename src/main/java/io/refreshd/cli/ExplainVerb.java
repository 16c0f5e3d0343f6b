package io.refreshd.cli;

import io.refreshd.catalog.BaseTable;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.Reader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.Configuration;
import io.refreshd.model.SqlNames;
import java.io.PrintWriter;
import java.sql.Connection;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "explain",
        description = {
            "Shows for each view whether a change of one row would refresh it, and why. It takes the row as it is now, and"
                    + " assumes a change of columns that the view reads.",
            "Reads the catalog, the table and the views. Changes nothing."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  refreshd explain public.main --key 42 --config refreshd.yaml",
            "  refreshd explain public.lines --key 42 --key 1 --config refreshd.yaml --json"
        })
final class ExplainVerb implements Callable<Integer> {
    @Mixin
    private final ConfigurationFile file = new ConfigurationFile();

    @Parameters(paramLabel = "TABLE", description = "schema.name, or the name alone if there is one such table.")
    private String table = "";

    @Option(
            names = "--key",
            required = true,
            paramLabel = "VALUE",
            description = "The row's primary key; once for each of its columns, in their order.")
    private List<String> key = List.of();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    private final Map<String, String> environment;

    ExplainVerb(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        Configuration configuration = file.read(environment);
        PrintWriter out = Output.of(spec);
        try (Connection connection = new TargetDatabase(configuration.database(), "explain").connect()) {
            // A function in reach of what is read here could otherwise write with refreshd's rights.
            connection.setReadOnly(true);
            ViewGraph graph = ViewGraph.of(
                    CatalogReader.read(connection, configuration.views()::includes), configuration.views()::includes);
            BaseTable resolved = resolve(connection, graph);
            List<RowDecision> decisions = decide(connection, graph, resolved);
            out.print(
                    json
                            ? Json.text(RowDecision.json(resolved, key, decisions)) + "\n"
                            : RowDecision.text(resolved, key, decisions));
            out.flush();
        }
        return ExitCode.OK.code();
    }

    private BaseTable resolve(Connection connection, ViewGraph graph) throws Exception {
        List<BaseTable> found = graph.tables().values().stream()
                .filter(t -> t.id().toString().equals(table)
                        || SqlNames.qualified(t.id()).equals(table)
                        || t.id().name().equals(table))
                .toList();
        if (found.size() > 1) {
            throw wrong("several tables are called " + table + ": write schema.name");
        }
        return found.isEmpty() ? partition(connection, graph) : found.getFirst();
    }

    private BaseTable partition(Connection connection, ViewGraph graph) throws Exception {
        PartitionLookup.Found found = PartitionLookup.find(connection, table, key);
        if (found.parents() != 1) {
            throw wrong(
                    found.parents() == 0
                            ? "no included view reads a table " + table
                                    + "; refreshd graph lists the tables that are read"
                            : "several partitioned tables are called " + table + ": write schema.name");
        }
        checkKey(found.keyColumns());
        return graph.tables().values().stream()
                .filter(leaf -> found.leaf().equals(Optional.of(leaf.oid())))
                .findFirst()
                .orElseThrow(() -> wrong(
                        found.leaf().isEmpty()
                                ? "no partition of " + table
                                        + " has a row with this key: name the partition that it would be in"
                                : "no included view reads the partition of " + table + " that the row is in"));
    }

    private void checkKey(List<String> columns) {
        if (columns.size() != key.size()) {
            throw wrong("the key of " + table + " has " + columns.size() + " columns (" + String.join(", ", columns)
                    + "), and " + key.size() + " values were given");
        }
    }

    private List<RowDecision> decide(Connection connection, ViewGraph graph, BaseTable resolved) throws Exception {
        ExplainedRow row = ExplainedRow.read(connection, resolved, key);
        checkKey(row.keyColumns());
        List<RowDecision> decisions = new ArrayList<>();
        for (Reader reader : graph.readersOf(resolved.id())) {
            decisions.add(RowDecision.of(
                    connection,
                    resolved,
                    reader,
                    graph.changeFilter(resolved.id(), reader.view()),
                    graph.view(reader.view()).orElseThrow(),
                    row));
        }
        return StackedDecisions.with(decisions, graph::downstreamOf);
    }

    private ParameterException wrong(String message) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), message);
    }
}
