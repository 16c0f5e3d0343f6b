package io.refreshd.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.refreshd.config.Configuration;
import io.refreshd.config.Durations;
import io.refreshd.config.FleetConfiguration;
import io.refreshd.config.InvalidValueException;
import io.refreshd.demo.Screen;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PlainText;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Remedy;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

@Command(
        name = "status",
        description = {
            "Prints one line per view: state, staleness, how far its watermark is behind the log, last refresh, and the reason.",
            "Reads the ledger in the database, so it works from anywhere, and also when the daemon is away. Without --database, of all databases."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  refreshd status --config refreshd.yaml",
            "  refreshd status --config refreshd.yaml --watch 5s",
            "  refreshd status --config refreshd.yaml --json | jq '.views[] | select(.state != \"fresh\")'"
        })
final class StatusVerb implements Callable<Integer> {
    private static final String CLEAR = "\u001b[H\u001b[2J";

    @Mixin
    private final ConfigurationFile file = new ConfigurationFile();

    @Option(names = "--json", description = "Print JSON; with --watch, one object per line.")
    private boolean json;

    @Option(
            names = "--watch",
            arity = "0..1",
            fallbackValue = "2s",
            paramLabel = "TIME",
            description = "Print it again and again, by default every 2s. Ctrl-C ends it.")
    private @Nullable String watch;

    @Spec
    private @Nullable CommandSpec spec;

    private final Map<String, String> environment;

    StatusVerb(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        Optional<FleetConfiguration> all = file.all(environment);
        if (all.isPresent()) {
            return ofAll(all.get());
        }
        Configuration configuration = file.read(environment);
        TargetDatabase database = new TargetDatabase(configuration.database(), "status");
        Screen screen = Screen.detect(environment);
        StatusText text = new StatusText(screen.color(), HeartbeatTimeout.of(configuration));
        if (watch == null) {
            print(read(configuration, database), text, "");
            return ExitCode.OK.code();
        }
        long pause = interval().toMillis();
        // On a terminal, cursor home and clear, as watch(1) does. In a pipe the tables follow each other.
        String before = screen.terminal() ? CLEAR : "";
        // A failure of the first reading ends the verb. A later failure may be temporary, so the verb goes on.
        print(read(configuration, database), text, before);
        while (true) {
            Thread.sleep(pause);
            try {
                print(read(configuration, database), text, before);
            } catch (SQLException e) {
                unknown(e, before);
            } catch (JdbiException e) {
                unknown(e.getCause() instanceof SQLException cause ? cause : e, before);
            } catch (PrerequisitesMissingException e) {
                unknown(e, before);
            }
        }
    }

    private int ofAll(FleetConfiguration fleet) throws InterruptedException {
        Screen screen = Screen.detect(environment);
        PrintWriter out = Output.of(spec);
        while (true) {
            List<EachDatabase.Answer<Shown>> answers = EachDatabase.of(
                    fleet,
                    configuration -> new Shown(
                            read(configuration, new TargetDatabase(configuration.database(), "status")),
                            new StatusText(screen.color(), HeartbeatTimeout.of(configuration))));
            if (json) {
                ObjectNode databases = Json.object();
                answers.forEach(one -> databases.set(
                        one.database(), one.found().map(Shown::json).orElseGet(one::error)));
                ObjectNode root = Json.object();
                root.set("databases", databases);
                out.println(watch == null ? Json.text(root) : Json.line(root));
            } else {
                out.print(watch != null && screen.terminal() ? CLEAR : "");
                answers.forEach(one -> out.println(one.database() + ": "
                        + one.found()
                                .map(Shown::table)
                                .orElseGet(() -> PlainText.lines("unknown: " + one.why()) + "\n")));
            }
            out.flush();
            if (watch == null) {
                return EachDatabase.worst(answers.stream().map(one -> one.code(shown -> ExitCode.OK)))
                        .code();
            }
            Thread.sleep(interval().toMillis());
        }
    }

    private record Shown(LedgerStatus status, StatusText text) {
        ObjectNode json() {
            return text.json(status);
        }

        String table() {
            return text.table(status);
        }
    }

    private void print(LedgerStatus status, StatusText text, String before) {
        PrintWriter out = Output.of(spec);
        if (json) {
            out.println(watch == null ? Json.text(text.json(status)) : Json.line(text.json(status)));
        } else {
            out.print(before + text.table(status));
        }
        out.flush();
    }

    private void unknown(Exception failure, String before) {
        String what = "unknown at the moment: " + FailureHandler.message(failure);
        PrintWriter out = Output.of(spec);
        out.println(
                json
                        ? Json.line(Json.object()
                                .put("at", Instant.now().toString())
                                .put("error", what))
                        : before + "The status is " + what);
        out.flush();
    }

    private static LedgerStatus read(Configuration configuration, TargetDatabase database)
            throws SQLException, PrerequisitesMissingException {
        try (Handle handle = database.open()) {
            requireLedger(handle);
            return LedgerStatus.read(handle, configuration.capture().slot())
                    .with(CatalogObstacles.read(handle, configuration));
        }
    }

    static void requireLedger(Handle handle) throws PrerequisitesMissingException {
        if (!LedgerStatus.ledgerExists(handle)) {
            throw new PrerequisitesMissingException(List.of(new Obstacle(
                    "this database has no ledger: refreshd has never run here",
                    Remedy.text("refreshd init --config FILE, or refreshd run --config FILE"))));
        }
    }

    private Duration interval() {
        try {
            return Durations.parsePositive(Objects.requireNonNull(watch));
        } catch (InvalidValueException e) {
            throw new ParameterException(
                    Objects.requireNonNull(spec).commandLine(), "status: --watch " + watch + ": " + e.getMessage(), e);
        }
    }
}
