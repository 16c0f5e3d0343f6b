package io.refreshd.cli;

import io.refreshd.capture.Publication;
import io.refreshd.capture.Slot;
import io.refreshd.config.Configuration;
import io.refreshd.doctor.DatabaseChecks;
import io.refreshd.doctor.Finding;
import io.refreshd.doctor.Severity;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.LedgerTooNewException;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PlainText;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Remedy;
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
            "Creates ledger, publication and replication slot, as \"run\" would. What exists already stays.",
            "From then on the server retains log for the slot: start the daemon soon, or run \"teardown\"."
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  refreshd init --config refreshd.yaml",
            "  refreshd init --config refreshd.yaml --print | psql -U postgres app"
        })
final class InitVerb implements Callable<Integer> {
    /** How long one attempt to create the slot waits for running transactions. After each attempt they are named. */
    private static final Duration SLOT_TIMEOUT = Duration.ofSeconds(5);

    private static final String QUERY_CANCELED = "57014";
    private static final String INSUFFICIENT_PRIVILEGE = "42501";

    /** Findings for which the script of {@code --print} is no remedy. */
    private static final Set<String> REFUSED_WHEN_PRINTING = Set.of("ledger-foreign");

    /** Findings on which {@code run} refuses to start, and so does {@code init}. */
    private static final Set<String> REFUSED_WHEN_CREATING =
            Set.of("prerequisite", "ledger-foreign", "ledger-not-permitted", "ledger-too-new");

    /** Findings whose remedy is needed before the script, which names it in a comment. */
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
            List<Finding> errors = DatabaseChecks.run(handle, configuration, Instant::now).stream()
                    .filter(finding -> finding.severity() == Severity.ERROR)
                    .toList();
            refuse(errors, print ? REFUSED_WHEN_PRINTING : REFUSED_WHEN_CREATING);
            InstallationPlan plan = planned(handle, configuration);
            if (print) {
                show(List.of(), script(plan, configuration, errors));
                return ExitCode.OK.code();
            }
            try {
                show(create(handle, configuration, plan), "");
            } catch (SQLException e) {
                throw withScript(e, plan, configuration, errors);
            } catch (JdbiException e) {
                if (e.getCause() instanceof SQLException cause) {
                    throw withScript(cause, plan, configuration, errors);
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

    private static InstallationPlan planned(Handle handle, Configuration configuration)
            throws SQLException, PrerequisitesMissingException {
        try {
            return InstallationPlan.of(handle, configuration);
        } catch (LedgerTooNewException e) {
            throw new PrerequisitesMissingException(
                    List.of(new Obstacle(String.valueOf(e.getMessage()), Remedy.text("use the newer refreshd"))));
        }
    }

    private static String script(InstallationPlan plan, Configuration configuration, List<Finding> errors) {
        List<String> grants = errors.stream()
                .filter(finding -> finding.code().equals("not-permitted"))
                .flatMap(finding -> finding.remedy().sql().stream())
                .toList();
        List<String> remarks = errors.stream()
                .filter(finding -> REMARKED.contains(finding.code()))
                .map(finding -> finding.what() + ": " + finding.remedy())
                .toList();
        return plan.script(configuration, grants, remarks);
    }

    private List<String> create(Handle handle, Configuration configuration, InstallationPlan plan)
            throws SQLException, LedgerTooNewException {
        List<String> created = new ArrayList<>();
        ProgressLine progress = Output.progress(spec, environment);
        progress.show("Creating the ledger …");
        LedgerSchema.migrate(handle);
        if (!plan.ledger().isEmpty()) {
            created.add("ledger: schema refreshd");
        }
        progress.show("Creating the publication …");
        handle.useTransaction(transaction -> Publication.apply(transaction.getConnection(), plan.publication()));
        created.addAll(plan.publication());
        // The slot comes after the publication: older servers cannot decode changes from before the publication
        // existed.
        if (plan.slot().isPresent()) {
            progress.show("Creating the replication slot …");
            createSlot(handle, configuration.capture().slot(), progress);
            created.add("replication slot " + configuration.capture().slot());
        }
        progress.clear();
        return created;
    }

    private void createSlot(Handle handle, String name, ProgressLine progress) throws SQLException {
        while (true) {
            try {
                Slot.create(handle.getConnection(), name, SLOT_TIMEOUT);
                return;
            } catch (SQLException e) {
                if (!QUERY_CANCELED.equals(e.getSQLState())) {
                    throw e;
                }
                progress.clear();
                printBlockers(Slot.blockers(handle.getConnection()));
            }
        }
    }

    private void printBlockers(List<Slot.Blocker> blockers) {
        PrintWriter err = Objects.requireNonNull(spec).commandLine().getErr();
        err.println("The server creates the slot when " + blockers.size() + " running transactions have ended:");
        for (Slot.Blocker blocker : blockers) {
            err.println("  " + blocker.who() + ", open for " + blocker.age().toSeconds() + " s; to end it: "
                    + blocker.remedy());
        }
        err.flush();
    }

    private static Exception withScript(
            SQLException failure, InstallationPlan plan, Configuration configuration, List<Finding> errors) {
        return INSUFFICIENT_PRIVILEGE.equals(failure.getSQLState())
                ? new PrerequisitesMissingException(List.of(new Obstacle(
                        "role " + configuration.database().user() + " may not create everything that is missing: "
                                + failure.getMessage(),
                        Remedy.sql(script(plan, configuration, errors)))))
                : failure;
    }

    private void show(List<String> created, String script) {
        PrintWriter out = Output.of(spec);
        if (json) {
            var root = Json.object().put("script", script.isEmpty() ? null : script);
            var list = root.putArray("made");
            created.forEach(list::add);
            out.println(Json.text(root));
        } else if (!script.isEmpty()) {
            out.print(script);
        } else if (created.isEmpty()) {
            out.println("Everything exists already.");
        } else {
            created.forEach(line -> out.println("Created: " + PlainText.line(line)));
        }
        out.flush();
    }
}
