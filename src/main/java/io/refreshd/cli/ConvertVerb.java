package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.catalog.Catalog;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.RecomputeKeys;
import io.refreshd.catalog.RelationKind;
import io.refreshd.config.Configuration;
import io.refreshd.doctor.StartupRequirements;
import io.refreshd.exchange.Dependents;
import io.refreshd.incremental.Conversion;
import io.refreshd.incremental.ReverseConversion;
import io.refreshd.incremental.ValueMapSize;
import io.refreshd.ledger.IncrementalViewRows;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.RefreshCost;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PlainText;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "convert",
        description = {
            "Makes materialized views incremental: a change costs what its rows cost, not the whole. With --back, makes them"
                    + " materialized views again.",
            "Without --apply, says what would be done, what it would save, or why it cannot be; and changes nothing."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  refreshd convert public.sales --config refreshd.yaml",
            "  refreshd convert public.sales --apply --config refreshd.yaml",
            "  refreshd convert public.sales --back --apply --config refreshd.yaml"
        })
final class ConvertVerb implements Callable<Integer> {
    /** lock_not_available, deadlock_detected. */
    static final Set<String> LOCKED = Set.of("55P03", "40P01");

    @Mixin
    private final ConfigurationFile file = new ConfigurationFile();

    @Mixin
    private final ViewArguments views = new ViewArguments();

    @Option(names = "--apply", description = "Do it. Each view is converted in one transaction, under its readers.")
    private boolean apply;

    @Option(names = "--back", description = "Make materialized views of incremental ones.")
    private boolean back;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    private final Map<String, String> environment;

    ConvertVerb(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        Configuration configuration = file.read(environment);
        views.require();
        try (Handle handle = new TargetDatabase(configuration.database(), "convert").open()) {
            List<ViewConversion> results = back ? back(handle) : forward(handle, configuration);
            PrintWriter out = Output.of(spec);
            if (json) {
                ObjectNode root = Json.object();
                ArrayNode list = root.putArray("views");
                results.forEach(result -> result.json(list.addObject()));
                out.println(Json.text(root));
            } else {
                results.forEach(result -> out.print(result.text(back)));
                if (!apply) {
                    out.println("Nothing was changed; --apply converts what can be.");
                }
            }
            out.flush();
            return (results.stream().allMatch(result -> result.obstacles().isEmpty())
                            ? ExitCode.OK
                            : ExitCode.NOT_READY)
                    .code();
        }
    }

    private List<ViewConversion> forward(Handle handle, Configuration configuration) throws Exception {
        Set<ViewId> incremental = IncrementalViewRows.load(handle).keySet();
        Catalog catalog = CatalogReader.read(handle.getConnection());
        SortedMap<ViewId, Long> known = new TreeMap<>();
        catalog.relations().stream()
                .filter(relation -> relation.kind() == RelationKind.MATERIALIZED_VIEW)
                .forEach(relation -> known.put(new ViewId(relation.schema(), relation.name()), relation.oid()));
        known.keySet().removeIf(view -> !configuration.views().includes(view));
        Set<ViewId> named = new TreeSet<>(known.keySet());
        named.addAll(incremental);
        RecomputeKeys keys = new RecomputeKeys(catalog);
        if (apply) {
            LedgerSchema.migrate(handle);
        }
        Map<ViewId, RefreshCost> costs = RefreshCost.read(handle);
        Optional<Obstacle> source = StartupRequirements.toIncremental(configuration);
        List<ViewConversion> results = new ArrayList<>();
        for (ViewId view : views.select(named)) {
            Long oid = known.get(view);
            if (incremental.contains(view)) {
                results.add(ViewConversion.already(view));
            } else if (oid != null) {
                results.add(forward(handle, keys.of(oid), costs, source));
            }
        }
        return results;
    }

    /** @param source why the source of changes allows no incremental view */
    private ViewConversion forward(
            Handle handle, IncrementalQuery query, Map<ViewId, RefreshCost> costs, Optional<Obstacle> source)
            throws SQLException {
        Dependents dependents = Dependents.of(handle, query.oid(), Dependents.Change.OF_KIND);
        ViewConversion planned = new ViewConversion(
                query,
                Stream.concat(source.stream(), Conversion.obstacles(handle, query).stream())
                        .toList(),
                Optional.of(dependents),
                Optional.ofNullable(costs.get(query.view())),
                ValueMapSize.of(handle, query),
                false,
                false);
        if (!apply || !planned.obstacles().isEmpty()) {
            return planned;
        }
        try {
            IncrementalQuery done = Conversion.forward(handle, query.view());
            return new ViewConversion(
                    done, List.of(), planned.dependents(), planned.cost(), planned.sizes(), true, false);
        } catch (PrerequisitesMissingException refused) {
            return planned.with(refused.obstacles());
        } catch (SQLException failed) {
            return planned.with(List.of(failure(query.view(), failed)));
        }
    }

    private List<ViewConversion> back(Handle handle) throws SQLException {
        Map<ViewId, IncrementalViewRows.Row> known = IncrementalViewRows.load(handle);
        List<ViewConversion> results = new ArrayList<>();
        for (ViewId view : views.select("incremental view", known.keySet())) {
            IncrementalViewRows.Row row = known.get(view);
            if (row == null) {
                continue;
            }
            ViewConversion planned = ViewConversion.back(
                    view,
                    ReverseConversion.obstacles(handle, row),
                    Optional.of(Dependents.of(handle, row.oid(), Dependents.Change.OF_KIND)),
                    false);
            if (!apply || !planned.obstacles().isEmpty()) {
                results.add(planned);
                continue;
            }
            try {
                ReverseConversion.back(handle, view);
                results.add(ViewConversion.back(view, List.of(), planned.dependents(), true));
            } catch (PrerequisitesMissingException refused) {
                results.add(planned.with(refused.obstacles()));
            } catch (SQLException failed) {
                results.add(planned.with(List.of(failure(view, failed))));
            }
        }
        return results;
    }

    /** The server's words are for whoever runs the verb: it connects as the role that read them. */
    private static Obstacle failure(ViewId view, SQLException failed) {
        return new Obstacle(
                view + " was not converted, and nothing was changed: "
                        + PlainText.line(String.valueOf(failed.getMessage())),
                LOCKED.contains(String.valueOf(failed.getSQLState()))
                        ? Remedy.text(
                                "another session holds a lock on it: pg_locks names that session; try again when it has ended its"
                                        + " transaction")
                        : Remedy.NONE);
    }
}
