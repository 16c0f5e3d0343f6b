package io.refreshd.incremental;

import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.TrustedCode;
import io.refreshd.database.PlainSession;
import io.refreshd.exchange.Attachments;
import io.refreshd.exchange.Defaults;
import io.refreshd.exchange.Definitions;
import io.refreshd.exchange.Dependents;
import io.refreshd.exchange.Exchange;
import io.refreshd.exchange.Indexes;
import io.refreshd.exchange.Names;
import io.refreshd.exchange.Place;
import io.refreshd.exchange.Statements;
import io.refreshd.exchange.Storage;
import io.refreshd.ledger.IncrementalViewRows;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/**
 * Makes a materialized view incremental, in one transaction under its readers: a table that holds its rows, a plain view with its query,
 * and a plain view over the table that has its name. Readers wait for the exchange alone.
 *
 * <p>Invariant: from the first statement on the materialized view is not refreshed, so that readers never see newer rows than the table
 * holds when it takes the view's place.
 */
public final class Conversion {
    /** SQLSTATEs of CREATE SCHEMA if another session has created it: before the statement began, or while it ran. */
    private static final Set<String> MADE_BY_ANOTHER = Set.of("42P06", "23505");

    /** How long one attempt at the exchange keeps readers waiting. */
    private static final Duration READERS_WAIT = Duration.ofMillis(500);

    /** How long one attempt waits for a lock that keeps nobody from reading. */
    private static final Duration WRITERS_WAIT = Duration.ofSeconds(2);

    private final Handle transaction;
    private final Statements statements;
    private final ViewId view;
    private final ViewId named;

    /** @param named the name that the view will have, after which its parts are named */
    private Conversion(Handle transaction, ViewId view, ViewId named) {
        this.transaction = transaction;
        this.statements = new Statements(transaction);
        this.view = view;
        this.named = named;
    }

    /** Everything that keeps a materialized view from being converted; empty if nothing does. Reads only. */
    public static List<Obstacle> obstacles(Handle handle, IncrementalQuery query) throws SQLException {
        return obstacles(handle, query, query.view());
    }

    private static List<Obstacle> obstacles(Handle handle, IncrementalQuery query, ViewId named) throws SQLException {
        String at = SqlNames.qualified(query.view());
        List<Obstacle> found = new ArrayList<>();
        for (Obstacle obstacle : query.obstacles()) {
            found.add(new Obstacle(
                    obstacle.what().replace(at, SqlNames.qualified(named)), obstacle.remedy(), obstacle.said()));
        }
        Requirements.template(handle, named, query.oid()).ifPresent(found::add);
        found.addAll(Requirements.missing(handle, named, query.oid()));
        return found.stream().distinct().toList();
    }

    /**
     * Everything that keeps a materialized view from being converted that the transaction has just created. Reads only.
     *
     * @param named the name that the obstacles use for the view
     */
    public static List<Obstacle> obstacles(Handle transaction, ViewId view, ViewId named) throws SQLException {
        long oid = Definitions.oidOf(transaction, SqlNames.qualified(view));
        return obstacles(transaction, DefinitionView.examined(transaction, view, oid), named);
    }

    /**
     * Converts the view. The ledger exists.
     *
     * @return how the view is kept from now on
     * @throws PrerequisitesMissingException if it cannot be; nothing was changed
     */
    public static IncrementalQuery forward(Handle handle, ViewId view)
            throws SQLException, PrerequisitesMissingException {
        handle.begin();
        try {
            IncrementalQuery query = new Conversion(handle, view, view).underReaders();
            handle.commit();
            return query;
        } finally {
            if (handle.isInTransaction()) {
                handle.rollback();
            }
        }
    }

    /**
     * Makes a materialized view incremental that the transaction has created, outside of any savepoint, and that nobody has seen. It need
     * hold no rows. Its indexes, grants and comments are kept.
     *
     * @param view where the materialized view is; the incremental one is there afterwards
     * @param named the name that it will have in the end, after which its parts are named
     * @return oid of the public view
     * @throws PrerequisitesMissingException if it cannot be incremental; the caller rolls back
     */
    public static long ofNew(Handle transaction, ViewId view, ViewId named)
            throws SQLException, PrerequisitesMissingException {
        new Conversion(transaction, view, named).convert();
        return Definitions.oidOf(transaction, SqlNames.qualified(view));
    }

    private IncrementalQuery underReaders() throws SQLException, PrerequisitesMissingException {
        String name = SqlNames.qualified(view);
        String lock = Exchange.blockRefresh(transaction, name, Definitions.oidOf(transaction, name));
        statements.underLocks(WRITERS_WAIT, () -> statements.execute(lock));
        statements.execute("SET LOCAL lock_timeout = '10s'");
        IncrementalQuery query = convert();
        // Of what the ledger holds under that name only a pause by an operator is kept.
        ViewRows.replace(transaction, view, Definitions.oidOf(transaction, name));
        return query;
    }

    private IncrementalQuery convert() throws SQLException, PrerequisitesMissingException {
        String name = SqlNames.qualified(view);
        long old = Definitions.oidOf(transaction, name);
        IncrementalQuery query = DefinitionView.examined(transaction, view, old);
        refuse(obstacles(transaction, query, named));

        PlainSession session = PlainSession.ofOwner(transaction.getConnection(), old);
        String text = Definitions.textOf(transaction, session.forDefinitions(), old);
        createSchema();
        StoreNames making = StoreNames.whileMaking(old);
        DefinitionView defining = new DefinitionView(transaction, view, named, making.definition());
        long definition = defining.create(session, text, query);
        defining.prove(query, definition);

        statements.inTablespace(Storage.of(transaction, old).tablespace());
        // Room for rows that are updated in place, so that no index need be written for them. What the user has set is
        // copied below.
        statements.execute("CREATE TABLE " + SqlNames.qualified(making.store())
                + " WITH (fillfactor = " + Attachments.FILLFACTOR + ") AS SELECT * FROM "
                + SqlNames.qualified(making.definition()) + " WITH NO DATA");
        statements.inTablespace("");
        long store = Definitions.oidOf(transaction, SqlNames.qualified(making.store()));
        ViewId fresh = Names.temporary(view, "new", old);
        long made = publicView(fresh, making.store(), old);
        StoreNames names = rename(making, made);
        statements.execute(Attachments.storage(transaction, "TABLE", old, store, names.store()));
        fill(names, session, old);
        new Indexes(transaction, statements).copy(old, "TABLE", names.store(), ViewParts.INDEX_MARK, made);
        new StoreIndexes(transaction, made).add(names.store(), keys(query));
        statements.execute("ANALYZE " + SqlNames.qualified(names.store()));

        String owner = own(fresh, old, names.store());
        IncrementalViewRows.put(transaction, made, store, definition, query.recomputeKey(), text);
        new MapConversion(transaction, session, query, named)
                .create(view, DefinitionText.withHidden(text, query.hidden()), made);
        exchange(fresh, made, old, owner);
        return query;
    }

    /** IF NOT EXISTS needs the privilege to create a schema also where it exists. */
    private void createSchema() throws SQLException, PrerequisitesMissingException {
        boolean there = transaction
                .createQuery("SELECT pg_catalog.to_regnamespace(:schema) IS NOT NULL")
                .bind("schema", StoreNames.SCHEMA)
                .mapTo(Boolean.class)
                .one();
        if (there) {
            return;
        }
        transaction.execute("SAVEPOINT refreshd_schema");
        try {
            statements.execute("CREATE SCHEMA " + StoreNames.SCHEMA);
        } catch (SQLException e) {
            if (!MADE_BY_ANOTHER.contains(e.getSQLState())) {
                throw e;
            }
            transaction.execute("ROLLBACK TO SAVEPOINT refreshd_schema");
            // Whose it is was asked when there was none.
            refuse(Requirements.store(transaction).stream().toList());
        }
        transaction.execute("RELEASE SAVEPOINT refreshd_schema");
    }

    private static void refuse(List<Obstacle> obstacles) throws PrerequisitesMissingException {
        if (!obstacles.isEmpty()) {
            throw new PrerequisitesMissingException(obstacles);
        }
    }

    /**
     * Creates the plain view that readers will see. It joins an empty row, which the planner removes, since the server lets nobody write
     * through a join: of a view over one table it would write to the table whatever the view's owner may.
     */
    private long publicView(ViewId fresh, ViewId store, long old) throws SQLException {
        String columns = transaction
                .createQuery("SELECT a.attname::text FROM pg_catalog.pg_attribute a WHERE a.attrelid = (:oid)::oid"
                        + " AND a.attnum > 0 AND NOT a.attisdropped ORDER BY a.attnum")
                .bind("oid", old)
                .mapTo(String.class)
                .list()
                .stream()
                .map(column -> "s." + SqlNames.identifier(column))
                .collect(Collectors.joining(", "));
        statements.execute("CREATE VIEW " + SqlNames.qualified(fresh) + " AS SELECT " + columns + " FROM "
                + SqlNames.qualified(store) + " AS s CROSS JOIN (SELECT) AS read_only");
        return Definitions.oidOf(transaction, SqlNames.qualified(fresh));
    }

    private StoreNames rename(StoreNames making, long made) throws SQLException {
        StoreNames names = StoreNames.of(named, made);
        statements.execute("ALTER TABLE " + SqlNames.qualified(making.store()) + " RENAME TO "
                + SqlNames.identifier(names.store().name()));
        statements.execute("ALTER VIEW " + SqlNames.qualified(making.definition()) + " RENAME TO "
                + SqlNames.identifier(names.definition().name()));
        return names;
    }

    /** Fills the table with what the query yields under the settings of the view's owner. */
    private void fill(StoreNames names, PlainSession session, long old)
            throws SQLException, PrerequisitesMissingException {
        ViewId stage = new ViewId(StoreNames.SCHEMA, "refreshd_stage_" + old);
        // Read last before the query runs: see TrustedCode.
        refuse(TrustedCode.obstacle(transaction.getConnection(), old, TrustedCode.Use.LOOKUP).stream()
                .toList());
        session.execute(
                transaction.getConnection(),
                "CREATE UNLOGGED TABLE " + SqlNames.qualified(stage) + " AS SELECT * FROM "
                        + SqlNames.qualified(names.definition()));
        FrozenCopy.copy(transaction, stage, names.store());
        statements.execute("DROP TABLE " + SqlNames.qualified(stage));
    }

    private static List<List<Integer>> keys(IncrementalQuery query) {
        return Stream.concat(
                        Stream.of(query.recomputeKey()),
                        Stream.concat(
                                query.tables().stream().flatMap(table -> table.positions().stream()),
                                query.positionsOfGroups(0).stream()))
                .distinct()
                .toList();
    }

    /** Gives the new view to the owner of the old one, who may read the table and do nothing else with it. */
    private String own(ViewId fresh, long old, ViewId store) throws SQLException {
        String owner = transaction
                .createQuery("SELECT pg_catalog.pg_get_userbyid(c.relowner)::text FROM pg_catalog.pg_class c"
                        + " WHERE c.oid = (:oid)::oid")
                .bind("oid", old)
                .mapTo(String.class)
                .one();
        for (String revoke : Defaults.revokes(transaction, store)) {
            statements.execute(revoke);
        }
        statements.execute("GRANT SELECT ON " + SqlNames.qualified(store) + " TO " + SqlNames.identifier(owner));
        statements.execute("ALTER VIEW " + SqlNames.qualified(fresh) + " OWNER TO " + SqlNames.identifier(owner));
        return owner;
    }

    /** Puts the new view in the old one's place. Until the end of the transaction, readers wait. */
    private void exchange(ViewId fresh, long made, long old, String owner) throws SQLException {
        Dependents dependents = Dependents.of(transaction, old, Dependents.Change.OF_KIND);
        Exchange exchange =
                new Exchange(transaction, statements, dependents, new Place(view, old, true, fresh, made, false));
        exchange.blockRefreshes(WRITERS_WAIT);
        exchange.define();
        exchange.fill();
        exchange.carryOut(owner, READERS_WAIT);
    }
}
