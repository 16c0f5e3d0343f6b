package io.refreshd.incremental;

import io.refreshd.database.PlainSession;
import io.refreshd.exchange.Attachments;
import io.refreshd.exchange.Definitions;
import io.refreshd.exchange.Dependents;
import io.refreshd.exchange.Exchange;
import io.refreshd.exchange.Indexes;
import io.refreshd.exchange.Names;
import io.refreshd.exchange.Place;
import io.refreshd.exchange.Statements;
import io.refreshd.ledger.IncrementalViewRows;
import io.refreshd.ledger.IncrementalViewRows.Row;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * Makes a materialized view of an incremental one again, in one transaction under its readers. Its query is that of the definition, which
 * follows renamed tables and columns, without the hidden columns; if somebody has dropped the definition, the query that was converted.
 *
 * <p>Invariant: from the first statement on no round writes to the table, so that readers never see newer rows than the materialized view
 * holds when it takes the view's place.
 */
public final class ReverseConversion {
    /** How long one attempt keeps others waiting for a lock. */
    private static final Duration LONGEST_WAIT = Duration.ofMillis(500);

    private final Handle transaction;
    private final Statements statements;
    private final Row row;

    private ReverseConversion(Handle transaction, Row row) {
        this.transaction = transaction;
        this.statements = new Statements(transaction);
        this.row = row;
    }

    /** Everything that keeps the view from being converted back; empty if nothing does. Reads only. */
    public static List<Obstacle> obstacles(Handle handle, Row row) throws SQLException {
        Optional<Obstacle> template = Requirements.template(handle, row.view(), row.oid());
        if (template.isPresent()) {
            return List.of(template.get());
        }
        List<Obstacle> found = new ArrayList<>();
        if (row.store().isEmpty()) {
            found.add(new Obstacle(
                    "somebody has dropped the table that held the rows of " + row.view(), Remedy.text(byHand(row))));
        }
        if (found.isEmpty()) {
            altered(handle, row).ifPresent(found::add);
        }
        found.addAll(IncrementalReaders.obstacles(handle, row.view(), row.oid()));
        found.addAll(Requirements.missing(handle, row.view(), row.oid()));
        return found;
    }

    /** The view's owner may give the view another query. Renamed columns do not matter, nor what was done to the table. */
    private static Optional<Obstacle> altered(Handle handle, Row row) {
        List<String> shown = types(handle, row.oid());
        List<String> defined = types(handle, row.definitionOid());
        int hidden = defined.size() - shown.size();
        boolean same = (row.definition().isEmpty()
                        || (hidden >= 0
                                && defined.subList(hidden, defined.size()).equals(shown)))
                && handle.createQuery("SELECT EXISTS (SELECT FROM pg_catalog.pg_rewrite r JOIN pg_catalog.pg_depend d"
                                + " ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND d.objid = r.oid"
                                + " WHERE r.ev_class = (:view)::oid AND d.refobjid = (:store)::oid)")
                        .bind("view", row.oid())
                        .bind("store", row.storeOid())
                        .mapTo(Boolean.class)
                        .one();
        return same
                ? Optional.empty()
                : Optional.of(new Obstacle(
                        "somebody has altered " + row.view()
                                + " or its definition: it does not show what refreshd keeps",
                        Remedy.text(byHand(row))));
    }

    private static List<String> types(Handle handle, long relation) {
        return handle.createQuery(
                        "SELECT pg_catalog.format_type(a.atttypid, a.atttypmod) FROM pg_catalog.pg_attribute a"
                                + " WHERE a.attrelid = (:oid)::oid AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum")
                .bind("oid", relation)
                .mapTo(String.class)
                .list();
    }

    private static String byHand(Row row) {
        return "DROP VIEW " + SqlNames.qualified(row.view()) + "; CREATE MATERIALIZED VIEW "
                + SqlNames.qualified(row.view()) + " AS " + row.query().strip();
    }

    /**
     * Converts the view.
     *
     * @throws PrerequisitesMissingException if it cannot be; nothing was changed
     */
    public static void back(Handle handle, ViewId view) throws SQLException, PrerequisitesMissingException {
        handle.begin();
        try {
            Row row = IncrementalViewRows.load(handle).get(view);
            if (row == null) {
                throw new PrerequisitesMissingException(List.of(
                        new Obstacle(view + " is no incremental view", Remedy.text("refreshd graph lists the views"))));
            }
            refuse(obstacles(handle, row));
            new ReverseConversion(handle, row).convert();
            handle.commit();
        } finally {
            if (handle.isInTransaction()) {
                handle.rollback();
            }
        }
    }

    private static void refuse(List<Obstacle> obstacles) throws PrerequisitesMissingException {
        if (!obstacles.isEmpty()) {
            throw new PrerequisitesMissingException(obstacles);
        }
    }

    private void convert() throws SQLException, PrerequisitesMissingException {
        ViewParts parts = ViewParts.of(transaction, row);
        statements.underLocks(LONGEST_WAIT, () -> statements.execute(parts.lock()));
        statements.execute("SET LOCAL lock_timeout = '10s'");
        refuse(obstacles(transaction, row));
        String owner = transaction
                .createQuery("SELECT pg_catalog.pg_get_userbyid(c.relowner)::text FROM pg_catalog.pg_class c"
                        + " WHERE c.oid = (:oid)::oid")
                .bind("oid", row.oid())
                .mapTo(String.class)
                .one();
        ViewId fresh = Names.temporary(row.view(), "new", row.oid());
        long made = create(fresh, owner);
        new Indexes(transaction, statements)
                .copy(row.storeOid(), "MATERIALIZED VIEW", fresh, ViewParts.INDEX_MARK, row.oid());
        exchange(fresh, made, owner);
        for (String drop : parts.drops()) {
            statements.execute(drop);
        }
        parts.forget(transaction);
        // Of what the ledger holds under that name only a pause by an operator is kept.
        ViewRows.replace(transaction, row.view(), made);
    }

    private String query(PlainSession session) throws SQLException {
        if (row.definition().isEmpty()) {
            return row.query();
        }
        int hidden = types(transaction, row.definitionOid()).size()
                - types(transaction, row.oid()).size();
        return DefinitionText.without(
                Definitions.textOf(transaction, session.forDefinitions(), row.definitionOid()), hidden);
    }

    private long create(ViewId fresh, String owner) throws SQLException {
        PlainSession session = PlainSession.ofOwner(transaction.getConnection(), row.oid());
        String text = query(session);
        String columns = transaction
                .createQuery("SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = (:oid)::oid"
                        + " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum")
                .bind("oid", row.oid())
                .mapTo(String.class)
                .list()
                .stream()
                .map(SqlNames::identifier)
                .collect(Collectors.joining(", "));
        String name = SqlNames.qualified(fresh);
        session.forDefinitions()
                .execute(
                        transaction.getConnection(),
                        "CREATE MATERIALIZED VIEW " + name + " (" + columns + ") AS " + text + " WITH NO DATA");
        statements.execute("ALTER MATERIALIZED VIEW " + name + " OWNER TO " + SqlNames.identifier(owner));
        statements.execute(Attachments.storage(
                transaction, "MATERIALIZED VIEW", row.storeOid(), Definitions.oidOf(transaction, name), fresh));
        // REFRESH writes rows that every snapshot sees, as its owner.
        statements.execute(session.around("REFRESH MATERIALIZED VIEW " + name));
        return Definitions.oidOf(transaction, name);
    }

    /** Puts the materialized view in the plain view's place. Until the end of the transaction, readers wait. */
    private void exchange(ViewId fresh, long made, String owner) throws SQLException {
        Dependents dependents = Dependents.of(transaction, row.oid(), Dependents.Change.OF_KIND);
        Place place = new Place(row.view(), row.oid(), false, fresh, made, true);
        Exchange exchange = new Exchange(transaction, statements, dependents, place);
        exchange.blockRefreshes(LONGEST_WAIT);
        exchange.define();
        exchange.fill();
        exchange.carryOut(owner, LONGEST_WAIT);
    }
}
