package io.refreshd.doctor;

import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import java.sql.Array;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** Checks for enabled event triggers that fire on what refreshd executes: their functions run in its sessions. One finding for each. */
final class EventTriggerCheck implements Check {
    /** The commands of a refresh. One that is concurrent makes, alters and drops a temporary table. */
    static final Set<String> OF_REFRESHES =
            Set.of("REFRESH MATERIALIZED VIEW", "CREATE TABLE", "CREATE TABLE AS", "ALTER TABLE", "DROP TABLE");

    /** The commands of everything else: publication, ledger, role views, conversions. */
    static final Set<String> OTHERS = Set.of(
            "ALTER DEFAULT PRIVILEGES",
            "ALTER FUNCTION",
            "ALTER INDEX",
            "ALTER MATERIALIZED VIEW",
            "ALTER PUBLICATION",
            "ALTER SCHEMA",
            "ALTER SEQUENCE",
            "ALTER TABLE",
            "ALTER VIEW",
            "COMMENT",
            "CREATE FUNCTION",
            "CREATE INDEX",
            "CREATE MATERIALIZED VIEW",
            "CREATE PUBLICATION",
            "CREATE SCHEMA",
            "CREATE TYPE",
            "CREATE VIEW",
            "DROP FUNCTION",
            "DROP INDEX",
            "DROP MATERIALIZED VIEW",
            "DROP PUBLICATION",
            "DROP SCHEMA",
            "DROP VIEW",
            "GRANT",
            "REVOKE");

    private static final String ENABLED = """
            SELECT e.evtname::text, e.evtevent::text, e.evttags::text[], p.oid::regprocedure::text,
                   pg_catalog.quote_ident(r.rolname), r.rolsuper
              FROM pg_catalog.pg_event_trigger e
              JOIN pg_catalog.pg_proc p ON p.oid = e.evtfoid
              JOIN pg_catalog.pg_roles r ON r.oid = p.proowner
             WHERE e.evtenabled IN ('O', 'A') AND e.evtevent <> 'table_rewrite'
             ORDER BY e.evtname
            """;

    private record Trigger(String name, String event, Optional<Set<String>> tags, String function) {
        Set<String> of(Set<String> commands) {
            Set<String> found = new TreeSet<>(commands);
            if (event.equals("sql_drop")) {
                found.removeIf(command -> !command.startsWith("DROP ") && !command.startsWith("ALTER "));
            }
            tags.ifPresent(found::retainAll);
            return found;
        }
    }

    @Override
    public List<Finding> run(ExaminedDatabase database) throws SQLException {
        return database
                .handle()
                .createQuery(ENABLED)
                .map((row, context) -> finding(
                        new Trigger(
                                row.getString(1),
                                row.getString(2),
                                Optional.ofNullable(set(row.getArray(3))),
                                row.getString(4)),
                        row.getString(5),
                        row.getBoolean(6)))
                .list()
                .stream()
                .flatMap(Optional::stream)
                .toList();
    }

    private static @Nullable Set<String> set(@Nullable Array tags) throws SQLException {
        return tags == null ? null : new TreeSet<>(Arrays.asList((String[]) tags.getArray()));
    }

    private static Optional<Finding> finding(Trigger trigger, String owner, boolean superuser) {
        Set<String> refreshes = trigger.of(OF_REFRESHES);
        Set<String> others = trigger.of(OTHERS);
        boolean login = trigger.event().equals("login");
        if (!login && refreshes.isEmpty() && others.isEmpty()) {
            return Optional.empty();
        }
        List<String> concerned = new ArrayList<>();
        if (login) {
            concerned.add("each connection");
        }
        if (!login && !refreshes.isEmpty()) {
            concerned.add("each refresh (" + String.join(", ", refreshes) + ")");
        }
        if (!login && !others.isEmpty()) {
            concerned.add("the commands for publication, ledger, role views and incremental views");
        }
        String identifier = SqlNames.identifier(trigger.name());
        return Optional.of(new Finding(
                superuser ? Severity.INFO : Severity.WARNING,
                "event-trigger",
                trigger.name(),
                "event trigger " + identifier + " runs " + trigger.function() + ", which belongs to " + owner + ", at "
                        + trigger.event() + " of " + String.join(" and of ", concerned),
                "If the function fails, so does what refreshd executes: a refresh is tried again, as after any failure. A slow"
                        + " function makes each of them slow."
                        + (superuser
                                ? ""
                                : " It runs with the rights of refreshd, and its owner is no superuser but can replace it."),
                Remedy.text((superuser ? "" : "have a superuser own the function; ")
                        + "let the function return at once if session_user is the role of refreshd, or limit the trigger to"
                        + " other commands by WHEN TAG IN (…), or switch it off by ALTER EVENT TRIGGER … DISABLE")));
    }
}
