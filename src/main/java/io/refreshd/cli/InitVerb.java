package io.refreshd.cli;

import io.refreshd.capture.Publication;
import io.refreshd.capture.Slot;
import io.refreshd.config.Configuration;
import io.refreshd.doctor.Checkup;
import io.refreshd.doctor.Finding;
import io.refreshd.doctor.Severity;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.LedgerTooNewException;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.Callable;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

@Command(
        name = "init",
        description = {
            "Makes ledger, publication and replication slot, as \"run\" would; what is there already stays.",
            "From then on the server keeps its log for the slot: start the daemon soon, or \"teardown\"."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  refreshd init --config refreshd.yaml",
            "  refreshd init --config refreshd.yaml --print | psql -U postgres app"
        })
final class InitVerb implements Callable<Integer> {
    private static final Duration ROUND = Duration.ofSeconds(5);
    private static final String QUERY_CANCELED = "57014";
    private static final String INSUFFICIENT_PRIVILEGE = "42501";

    /** What a script cannot mend: that the ledger is another's. */
    private static final Set<String> BARS_PRINTING = Set.of("ledger-foreign");

    /** What {@code run} would refuse. */
    private static final Set<String> BARS_MAKING =
            Set.of("prerequisite", "ledger-foreign", "ledger-not-permitted", "ledger-too-new");

    /** What the script does not mend, and has to be mended first. */
    private static final Set<String> REMARKED = Set.of("prerequisite", "role-view");

    @Mixin
    private final ConfigurationFile file = new ConfigurationFile();

    @Option(names = "--print", description = "Print the SQL for a DBA instead, and change nothing.")
    private boolean print;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    private final Map<String, String> environment;

    InitVerb(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        Configuration configuration = file.read(environment);
        try (Handle handle = new TargetDatabase(configuration.database(), "init").open()) {
            List<Finding> errors = Checkup.examine(handle, configuration, Instant::now).stream()
                    .filter(finding -> finding.severity() == Severity.ERROR)
                    .toList();
            refuse(errors, print ? BARS_PRINTING : BARS_MAKING);
            Installation missing = missing(handle, configuration);
            if (print) {
                show(List.of(), script(missing, configuration, errors));
                return ExitCode.OK.code();
            }
            try {
                show(make(handle, configuration, missing), "");
            } catch (SQLException e) {
                throw explained(e, missing, configuration, errors);
            } catch (JdbiException e) {
                if (e.getCause() instanceof SQLException cause) {
                    throw explained(cause, missing, configuration, errors);
                }
                throw e;
            }
            return ExitCode.OK.code();
        }
    }

    private static void refuse(List<Finding> errors, Set<String> codes) throws PrerequisitesMissingException {
        List<Obstacle> obstacles = errors.stream()
                .filter(finding -> codes.contains(finding.code()))
                .map(finding -> new Obstacle(finding.what(), finding.remedy()))
                .toList();
        if (!obstacles.isEmpty()) {
            throw new PrerequisitesMissingException(obstacles);
        }
    }

    private static Installation missing(Handle handle, Configuration configuration)
            throws SQLException, PrerequisitesMissingException {
        try {
            return Installation.missing(handle, configuration);
        } catch (LedgerTooNewException e) {
            throw new PrerequisitesMissingException(
                    List.of(new Obstacle(String.valueOf(e.getMessage()), "use the newer refreshd")));
        }
    }

    private static String script(Installation missing, Configuration configuration, List<Finding> errors) {
        List<String> grants = errors.stream()
                .filter(finding -> finding.code().equals("not-permitted"))
                .map(Finding::remedy)
                .toList();
        List<String> remarks = errors.stream()
                .filter(finding -> REMARKED.contains(finding.code()))
                .map(finding -> finding.what() + ": " + finding.remedy())
                .toList();
        return missing.script(configuration, grants, remarks);
    }

    private List<String> make(Handle handle, Configuration configuration, Installation missing)
            throws SQLException, LedgerTooNewException {
        List<String> made = new ArrayList<>();
        ProgressLine progress = Output.progress(spec, environment);
        progress.show("Making the ledger …");
        LedgerSchema.migrate(handle);
        if (!missing.ledger().isEmpty()) {
            made.add("ledger: schema refreshd");
        }
        progress.show("Making the publication …");
        handle.useTransaction(transaction -> Publication.apply(transaction.getConnection(), missing.publication()));
        made.addAll(missing.publication());
        // Not before the publication: older servers fail on changes from before there was one.
        if (missing.slot().isPresent()) {
            progress.show("Making the replication slot …");
            slot(handle, configuration.capture().slot(), progress);
            made.add("replication slot " + configuration.capture().slot());
        }
        progress.clear();
        return made;
    }

    private void slot(Handle handle, String name, ProgressLine progress) throws SQLException {
        while (true) {
            try {
                Slot.create(handle.getConnection(), name, ROUND);
                return;
            } catch (SQLException e) {
                if (!QUERY_CANCELED.equals(e.getSQLState())) {
                    throw e;
                }
                progress.clear();
                waiting(Slot.blockers(handle.getConnection()));
            }
        }
    }

    private void waiting(List<Slot.Blocker> blockers) {
        PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
        err.println("The server makes the slot when " + blockers.size() + " running transactions have ended:");
        for (Slot.Blocker blocker : blockers) {
            err.println("  " + blocker.who() + ", open for " + blocker.age().toSeconds() + " s; to end it: "
                    + blocker.remedy());
        }
        err.flush();
    }

    private static Exception explained(
            SQLException failure, Installation missing, Configuration configuration, List<Finding> errors) {
        return INSUFFICIENT_PRIVILEGE.equals(failure.getSQLState())
                ? new PrerequisitesMissingException(List.of(new Obstacle(
                        "the role " + configuration.database().user() + " may not make all of it: "
                                + failure.getMessage(),
                        script(missing, configuration, errors))))
                : failure;
    }

    private void show(List<String> made, String script) {
        PrintWriter out = Output.of(spec);
        if (json) {
            var root = Json.object().put("script", script.isEmpty() ? null : script);
            var list = root.putArray("made");
            made.forEach(list::add);
            out.println(Json.text(root));
        } else if (!script.isEmpty()) {
            out.print(script);
        } else if (made.isEmpty()) {
            out.println("All is there already.");
        } else {
            made.forEach(line -> out.println("Made: " + line));
        }
        out.flush();
    }
}
