package io.refreshd.cli;

import io.refreshd.catalog.Catalog;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.Configuration;
import io.refreshd.database.JdbiFactory;
import io.refreshd.ledger.IncrementalViewRows;
import io.refreshd.ledger.RefreshCost;
import io.refreshd.model.ViewId;
import java.io.PrintWriter;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "graph",
        description = {
            "Shows which tables feed which views. For each view: the columns that it reads, the steps by which refreshd decides"
                    + " whether a change altered it, and what limits them, with the remedy; whether it could be incremental, and"
                    + " which views are, or could be, refreshed together.",
            "With --svg, draws tables and views as a picture, coloured by freshness.",
            "Reads the catalog and the history of refreshes. Changes nothing."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  refreshd graph --config refreshd.yaml",
            "  refreshd graph --config refreshd.yaml --svg > graph.svg",
            "  refreshd graph --config refreshd.yaml --svg --view 'public.sales*' > sales.svg",
            "  refreshd graph --config refreshd.yaml --json | jq '.tables[].views[] | select(.exact | not)'"
        })
final class GraphVerb implements Callable<Integer> {
    @Mixin
    private final ConfigurationFile file = new ConfigurationFile();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Option(names = "--svg", description = "Print a picture as SVG, for a browser.")
    private boolean svg;

    @Option(
            names = "--view",
            paramLabel = "VIEW",
            description = "With --svg: draw only what this view reads and what reads it. May be given several times;"
                    + " * and ? match any characters.")
    private List<String> chosen = List.of();

    @Spec
    private @Nullable CommandSpec spec;

    private final Map<String, String> environment;

    GraphVerb(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        if ((json && svg) || (!svg && !chosen.isEmpty())) {
            throw new ParameterException(
                    Objects.requireNonNull(spec).commandLine(),
                    json && svg ? "graph: either --json or --svg, not both" : "graph: --view chooses what --svg draws");
        }
        Configuration configuration = file.read(environment);
        PrintWriter out = Output.of(spec);
        try (Connection connection = new TargetDatabase(configuration.database(), "graph").connect()) {
            Catalog catalog = CatalogReader.read(connection, configuration.views()::includes);
            ViewGraph graph = ViewGraph.of(catalog, configuration.views()::includes);
            Handle handle = JdbiFactory.on(connection);
            if (svg) {
                return draw(graph, handle, configuration);
            }
            IncrementalViews incremental = IncrementalViews.of(
                    catalog,
                    IncrementalViewRows.load(handle).values(),
                    RefreshCost.read(handle),
                    configuration.views()::includes);
            Set<ViewId> views = graph.views().keySet();
            Instant now = Instant.now();
            out.print(
                    json
                            ? Json.text(GroupText.addTo(
                                            CalendarText.addTo(
                                                    incremental.addTo(GraphText.json(graph)),
                                                    views,
                                                    configuration.views(),
                                                    now),
                                            graph,
                                            configuration.views()))
                                    + "\n"
                            : GraphText.text(graph)
                                    + CalendarText.text(views, configuration.views(), now)
                                    + GroupText.text(graph, configuration.views())
                                    + incremental.text());
            out.flush();
        }
        return ExitCode.OK.code();
    }

    private int draw(ViewGraph graph, Handle handle, Configuration configuration) throws SQLException {
        CommandSpec verb = Objects.requireNonNull(spec);
        GraphPicture picture = GraphPicture.of(
                graph,
                chosen.isEmpty()
                        ? Set.of()
                        : ViewArguments.select(verb, chosen, graph.views().keySet()));
        Optional<String> missing = picture.missing();
        missing.ifPresent(words -> {
            PrintWriter err = verb.commandLine().getErr();
            err.println(words + ". Choose what is drawn by --view, for example --view 'public.sales*'.");
            err.flush();
        });
        if (missing.isPresent() && picture.isEmpty()) {
            return ExitCode.FAILURE.code();
        }
        PrintWriter out = Output.of(spec);
        out.print(picture.svg(handle, configuration));
        out.flush();
        return ExitCode.OK.code();
    }
}
