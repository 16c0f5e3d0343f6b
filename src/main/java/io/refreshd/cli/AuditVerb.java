package io.refreshd.cli;

import io.refreshd.audit.Audit;
import io.refreshd.audit.AuditReport;
import io.refreshd.audit.Verdict;
import io.refreshd.catalog.UndeterminedQueries;
import io.refreshd.config.Configuration;
import io.refreshd.ledger.IncrementalViewRows;
import io.refreshd.model.PlainText;
import io.refreshd.model.ViewId;
import java.io.PrintWriter;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
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
        name = "audit",
        description = {
            "Compares the rows of views with the result of their definitions, each in one snapshot. Changes nothing.",
            "Without VIEW, it compares every view that the configuration includes. Ends with 1 if a view differs or cannot be"
                    + " compared. A view that differs because its refresh is due is reported as \"pending\". One that differs"
                    + " only in what its query leaves open is \"undetermined\", which is no failure."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  refreshd audit --config refreshd.yaml",
            "  refreshd audit --config refreshd.yaml --json public.orders_by_day 'sales.\"Monthly\"'"
        })
final class AuditVerb implements Callable<Integer> {
    /** How long to wait for the log to be read up to the snapshot. A running daemon records its progress many times within it. */
    private static final Duration ROUTING_TIMEOUT = Duration.ofSeconds(10);

    @Mixin
    private final ConfigurationFile file = new ConfigurationFile();

    @Mixin
    private final ViewArguments views = new ViewArguments();

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    private final Map<String, String> environment;

    AuditVerb(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        Configuration configuration = file.read(environment);
        TargetDatabase database = new TargetDatabase(configuration.database(), "audit");
        PrintWriter out = Output.of(spec);
        Audit audit =
                new Audit(database.jdbi(), UndeterminedQueries::of, Thread::sleep, ROUTING_TIMEOUT, Duration.ZERO);
        List<AuditReport> reports = new ArrayList<>();
        for (ViewId view : views.select(included(configuration, database))) {
            AuditReport report = audit.audit(view);
            reports.add(report);
            if (!json) {
                out.println(PlainText.line(AuditText.line(report)));
                out.flush();
            }
        }
        if (json) {
            out.println(Json.text(AuditText.json(reports)));
        }
        return reports.stream().map(AuditReport::verdict).allMatch(Verdict::isGood)
                ? ExitCode.OK.code()
                : ExitCode.FAILURE.code();
    }

    private static List<ViewId> included(Configuration configuration, TargetDatabase database) throws Exception {
        try (Handle handle = database.open()) {
            Stream<ViewId> materialized = handle
                    .createQuery("SELECT schemaname, matviewname FROM pg_catalog.pg_matviews")
                    .map((row, context) -> new ViewId(row.getString(1), row.getString(2)))
                    .stream();
            return Stream.concat(materialized, IncrementalViewRows.load(handle).keySet().stream())
                    .filter(configuration.views()::includes)
                    .toList();
        }
    }
}
