package io.refreshd.cli;

import io.refreshd.config.Configuration;
import io.refreshd.config.ViewPattern;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.RefreshCost;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PlainText;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import io.refreshd.redefine.QueryText;
import io.refreshd.redefine.Redefinition;
import io.refreshd.redefine.RedefinitionResult;
import java.io.IOException;
import java.io.PrintWriter;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.Callable;
import org.jdbi.v3.core.Handle;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

@Command(
        name = "redefine",
        description = {
            "Gives a materialized view another query, under its readers. What stands on it stays, and it keeps its owner, grants,"
                    + " comments, indexes and settings.",
            "Without --apply, prints the script that would be run and what it would do to whom; and changes nothing."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  refreshd redefine public.sales --query sales.sql --config refreshd.yaml",
            "  refreshd redefine public.sales --query sales.sql --apply --config refreshd.yaml"
        })
final class RedefineVerb implements Callable<Integer> {
    @Mixin
    private final ConfigurationFile file = new ConfigurationFile();

    @Parameters(
            arity = "1",
            paramLabel = "VIEW",
            description = "schema.name; a part with capitals or dots in double quotes.")
    private String name = "";

    @Option(
            names = "--query",
            required = true,
            paramLabel = "FILE",
            description = "The new query: one SELECT, in UTF-8. It runs as the owner of the view.")
    private Path query = Path.of("");

    @Option(names = "--apply", description = "Do it, in one transaction.")
    private boolean apply;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    private final Map<String, String> environment;

    RedefineVerb(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        Configuration configuration = file.read(environment);
        String text = text();
        TargetDatabase database = new TargetDatabase(configuration.database(), "redefine");
        try (Handle handle = database.open()) {
            ViewId view = view(handle);
            if (apply) {
                LedgerSchema.migrate(handle);
            }
            long start = System.nanoTime();
            RedefinitionResult result = result(database, handle, view, text);
            Duration took = Duration.ofNanos(System.nanoTime() - start);
            RedefinitionText words = new RedefinitionText(result, took, RefreshCost.read(handle));
            PrintWriter out = Output.of(spec);
            out.print(json ? Json.text(words.json()) + "\n" : words.text());
            out.flush();
            return (result.obstacles().isEmpty() ? ExitCode.OK : ExitCode.NOT_READY).code();
        }
    }

    private String text() throws UnreadableFileException {
        try {
            return QueryText.of(Files.readAllBytes(query));
        } catch (IOException e) {
            throw new UnreadableFileException(query, "a file with a query", "write the query into it", e);
        } catch (IllegalArgumentException e) {
            throw wrong(query + ": " + e.getMessage());
        }
    }

    /** The relation that the argument names; a name that nothing has, as it is written. */
    private ViewId view(Handle handle) {
        ViewPattern pattern;
        try {
            pattern = ViewPattern.of(name);
        } catch (IllegalArgumentException e) {
            throw wrong(String.valueOf(e.getMessage()));
        }
        List<ViewId> matching = handle
                .createQuery("SELECT n.nspname::text AS schema, c.relname::text AS name FROM pg_catalog.pg_class c"
                        + " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
                        + " WHERE c.relkind IN ('m', 'v', 'r', 'p', 'f') ORDER BY 1, 2")
                .map((row, context) -> new ViewId(row.getString("schema"), row.getString("name")))
                .stream()
                .filter(pattern::matches)
                .toList();
        if (matching.isEmpty()) {
            throw wrong("there is no view " + name);
        }
        if (matching.size() > 1) {
            throw wrong(
                    "name one view: " + name + " matches " + matching.size() + ", among them " + matching.getFirst());
        }
        return matching.getFirst();
    }

    private RedefinitionResult result(TargetDatabase database, Handle handle, ViewId view, String text)
            throws InterruptedException {
        try {
            if (!apply) {
                return Redefinition.plan(handle, view, text);
            }
            int process = handle.createQuery("SELECT pg_backend_pid()")
                    .mapTo(Integer.class)
                    .one();
            String line = "redefine " + PlainText.line(view.toString()) + " … ";
            try (StepProgress ignored =
                    new StepProgress(database, process, line, Output.progress(spec, environment)).start()) {
                return Redefinition.apply(handle, view, text);
            }
        } catch (SQLException failed) {
            return RedefinitionResult.refused(view, List.of(failure(view, failed)));
        }
    }

    /** The server's words are for whoever runs the verb: it connects as the role that read them. */
    private static Obstacle failure(ViewId view, SQLException failed) {
        return new Obstacle(
                view + " was not redefined, and nothing was changed: "
                        + PlainText.line(String.valueOf(failed.getMessage())),
                ConvertVerb.LOCKED.contains(String.valueOf(failed.getSQLState()))
                        ? Remedy.text(
                                "another session holds a lock on it, or on what stands on it: pg_locks names that session;"
                                        + " try again when it has ended its transaction")
                        : Remedy.NONE);
    }

    private ParameterException wrong(String message) {
        return new ParameterException(Objects.requireNonNull(spec).commandLine(), "redefine: " + message);
    }
}
