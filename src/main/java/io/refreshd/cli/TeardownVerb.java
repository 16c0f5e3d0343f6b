package io.refreshd.cli;

import io.refreshd.capture.Publication;
import io.refreshd.capture.Slot;
import io.refreshd.capture.SlotState;
import io.refreshd.config.Configuration;
import io.refreshd.ledger.LedgerSchema;
import io.refreshd.ledger.StreamPosition;
import io.refreshd.ledger.StreamRow;
import io.refreshd.ledger.ViewMark;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PlainText;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Remedy;
import java.io.Console;
import java.io.PrintWriter;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
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
        name = "teardown",
        description = {
            "Drops everything that refreshd has created in the database: replication slot, publication and ledger. The views stay.",
            "Refuses while a daemon is connected. A daemon that is started later creates everything again.",
            "Refuses also while views are incremental, since nobody would keep their rows: refreshd convert --back --apply makes"
                    + " materialized views of them again."
        },
        footerHeading = "%nExample:%n",
        footer = "  refreshd teardown --config refreshd.yaml --yes")
final class TeardownVerb implements Callable<Integer> {
    private static final int TRIES = 50;
    private static final long PAUSE_MILLIS = 100;
    private static final String OBJECT_IN_USE = "55006";

    @Mixin
    private final ConfigurationFile file = new ConfigurationFile();

    @Option(names = "--yes", description = "Do not ask.")
    private boolean yes;

    @Option(
            names = "--force",
            description =
                    "Also while a daemon is connected; its connection is terminated. A daemon that is still running"
                            + " creates everything again.")
    private boolean force;

    @Option(names = "--json", description = "Print JSON.")
    private boolean json;

    @Spec
    private @Nullable CommandSpec spec;

    private final Map<String, String> environment;

    TeardownVerb(Map<String, String> environment) {
        this.environment = environment;
    }

    @Override
    public Integer call() throws Exception {
        Configuration configuration = file.read(environment);
        try (Handle handle = new TargetDatabase(configuration.database(), "teardown").open()) {
            Set<String> slots = slots(handle, configuration);
            refuseIfConnected(handle, slots);
            IncrementalStores.refuseIfInUse(handle);
            confirm(slots, configuration);
            List<String> dropped = new ArrayList<>();
            // The slot first. If a later step fails, at least no forgotten slot fills the server's disk.
            for (String slot : slots) {
                drop(handle, slot);
                dropped.add("replication slot " + slot);
            }
            String publication = configuration.capture().publication();
            // Slot and publication of a connector are not refreshd's to drop.
            boolean own = configuration.kafka().isEmpty();
            if (own && Publication.inspect(handle.getConnection(), publication).isPresent()) {
                dropped.add("publication " + publication);
            }
            if (ViewMark.ledgerExists(handle)) {
                dropped.add("schema refreshd");
            }
            if (IncrementalStores.existEmpty(handle)) {
                dropped.add("schema refreshd_store");
            }
            handle.useTransaction(transaction -> {
                if (own) {
                    Publication.drop(transaction.getConnection(), publication);
                }
                LedgerSchema.drop(transaction);
                IncrementalStores.dropIfEmpty(transaction);
            });
            show(dropped);
            return ExitCode.OK.code();
        }
    }

    /** The configured slot, and the slot in the ledger, which is another one if {@code capture.slot} was changed. */
    private static Set<String> slots(Handle handle, Configuration configuration) throws SQLException {
        Set<String> names = new LinkedHashSet<>();
        if (configuration.kafka().isEmpty()) {
            names.add(configuration.capture().slot());
        }
        if (ViewMark.ledgerExists(handle)) {
            StreamRow.read(handle).map(StreamPosition::slot).ifPresent(names::add);
        }
        String database = handle.createQuery("SELECT current_database()::text")
                .mapTo(String.class)
                .one();
        Set<String> existing = new LinkedHashSet<>();
        for (String name : names) {
            boolean found = Slot.inspect(handle.getConnection(), name)
                    .filter(slot -> slot.plugin().equals("pgoutput"))
                    .flatMap(SlotState::database)
                    .filter(database::equals)
                    .isPresent();
            if (found) {
                existing.add(name);
            }
        }
        return existing;
    }

    private void refuseIfConnected(Handle handle, Set<String> slots) throws PrerequisitesMissingException {
        if (force) {
            return;
        }
        boolean connected = handle.createQuery("""
                        SELECT EXISTS (SELECT FROM pg_replication_slots WHERE active AND slot_name = ANY(:slots))
                            OR EXISTS (SELECT FROM pg_stat_activity
                                       WHERE application_name = 'refreshd' AND datname = current_database())
                        """)
                .bind("slots", slots.toArray(String[]::new))
                .mapTo(Boolean.class)
                .one();
        if (connected) {
            throw new PrerequisitesMissingException(List.of(new Obstacle(
                    "a daemon is connected, and would create everything again",
                    Remedy.text("stop it first; if it hangs, refreshd teardown --force"))));
        }
    }

    private void confirm(Set<String> slots, Configuration configuration) {
        if (yes) {
            return;
        }
        Console console = System.console();
        String what = "This drops "
                + (slots.isEmpty() ? "" : "replication slot " + String.join(", ", slots) + ", ")
                + (configuration.kafka().isPresent()
                        ? ""
                        : "publication " + configuration.capture().publication() + " and ")
                + "schema refreshd.";
        String answer = console == null || json ? null : console.readLine("%s Type yes: ", what);
        if (!"yes".equals(answer)) {
            throw new ParameterException(
                    Objects.requireNonNull(spec).commandLine(),
                    "teardown: " + what + " Nothing was dropped; confirm with --yes");
        }
    }

    private void drop(Handle handle, String slot) throws SQLException, InterruptedException {
        for (int i = 1; ; i++) {
            if (force) {
                handle.createQuery("SELECT pg_terminate_backend(active_pid) FROM pg_replication_slots"
                                + " WHERE slot_name = :slot AND active_pid IS NOT NULL")
                        .bind("slot", slot)
                        .mapTo(Boolean.class)
                        .list();
            }
            try {
                Slot.drop(handle.getConnection(), slot);
                return;
            } catch (SQLException e) {
                // A terminated WAL sender needs a moment to release the slot.
                if (!OBJECT_IN_USE.equals(e.getSQLState()) || i == TRIES) {
                    throw e;
                }
                Thread.sleep(PAUSE_MILLIS);
            }
        }
    }

    private void show(List<String> dropped) {
        PrintWriter out = Output.of(spec);
        if (json) {
            var root = Json.object();
            var list = root.putArray("dropped");
            dropped.forEach(list::add);
            out.println(Json.text(root));
        } else if (dropped.isEmpty()) {
            out.println("Nothing to drop.");
        } else {
            dropped.forEach(line -> out.println("Dropped: " + PlainText.line(line)));
        }
    }
}
