package io.refreshd.redefine;

import io.refreshd.database.PlainSession;
import io.refreshd.exchange.Attachments;
import io.refreshd.exchange.Definitions;
import io.refreshd.exchange.Dependents;
import io.refreshd.exchange.Exchange;
import io.refreshd.exchange.Indexes;
import io.refreshd.exchange.Names;
import io.refreshd.exchange.Place;
import io.refreshd.exchange.Statements;
import io.refreshd.exchange.Statistics;
import io.refreshd.exchange.Storage;
import io.refreshd.incremental.Conversion;
import io.refreshd.incremental.ViewParts;
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
import java.util.regex.Matcher;
import org.jdbi.v3.core.Handle;

/**
 * Gives a materialized view another query, in one transaction under its readers: another view is built beside it, with the owner's rights,
 * and takes its place together with copies of what stands on it. A failure at any step leaves everything as it was, and leaves nothing
 * behind. A plan runs the same statements without rows and without the exchange, and is rolled back.
 *
 * <p>Invariant: from the first statement on neither the view nor a copied one is refreshed, so that readers never see newer rows than
 * those that take their place.
 */
public final class Redefinition {
    /** How long one attempt at the exchange keeps readers waiting. */
    private static final Duration READERS_WAIT = Duration.ofMillis(500);

    /** How long one attempt waits for a lock that keeps nobody from reading. */
    private static final Duration WRITERS_WAIT = Duration.ofSeconds(2);

    private final Handle transaction;
    private final Statements statements;
    private final RedefinedView old;
    private final ViewId view;

    private Redefinition(Handle transaction, Statements statements, RedefinedView old) {
        this.transaction = transaction;
        this.statements = statements;
        this.old = old;
        this.view = old.view();
    }

    /** What would be done, or what prevents it. Changes nothing. */
    public static RedefinitionResult plan(Handle handle, ViewId view, String query) throws SQLException {
        return run(handle, Statements.dryRun(handle), view, query);
    }

    /** Redefines the view unless something prevents it. The ledger exists. */
    public static RedefinitionResult apply(Handle handle, ViewId view, String query) throws SQLException {
        return run(handle, new Statements(handle), view, query);
    }

    private static RedefinitionResult run(Handle handle, Statements statements, ViewId view, String query)
            throws SQLException {
        handle.begin();
        try {
            List<Obstacle> obstacles = new ArrayList<>();
            Optional<RedefinedView> old = RedefinedView.find(handle, view, obstacles);
            if (old.isEmpty()) {
                return RedefinitionResult.refused(view, obstacles);
            }
            RedefinitionResult result = new Redefinition(handle, statements, old.get()).redefined(query);
            if (result.done()) {
                handle.commit();
            }
            return result;
        } catch (PrerequisitesMissingException refused) {
            return RedefinitionResult.refused(view, refused.obstacles());
        } finally {
            if (handle.isInTransaction()) {
                handle.rollback();
            }
        }
    }

    private RedefinitionResult redefined(String query) throws SQLException, PrerequisitesMissingException {
        refuse(old.obstacles(transaction));
        Dependents.Change change = new Dependents.Change(true, old.incremental().isEmpty());
        Dependents dependents = Dependents.of(transaction, old.oid(), change);
        refuse(dependents.obstacles(transaction, view));

        Optional<ViewParts> parts = old.parts(transaction);
        String lock = parts.map(ViewParts::lock)
                .orElseGet(() -> Exchange.blockRefresh(transaction, SqlNames.qualified(view), old.oid()));
        statements.remark("changes nothing, but keeps the view from being refreshed meanwhile");
        statements.underLocks(WRITERS_WAIT, () -> statements.executeUnlessDryRun(lock));
        statements.execute("SET LOCAL lock_timeout = '10s'");
        ViewId fresh = Names.temporary(view, "new", old.oid());
        long made = create(fresh, query);
        ColumnChanges columns =
                new ColumnChanges(ColumnChanges.read(transaction, old.oid()), ColumnChanges.read(transaction, made));
        if (columns.isEmpty() && queryOf(made).equals(presentQuery())) {
            return RedefinitionResult.same(view);
        }
        refuse(circle(change, made));
        refuse(columns.obstacles(view, ColumnChanges.uses(transaction, List.of(old.oid(), old.rowsOid()))));
        RedefinitionResult planned = new RedefinitionResult(old, columns, dependents);
        build(dependents, fresh, made, parts);
        return planned.with(statements.notes(), !statements.isDryRun());
    }

    private static void refuse(List<Obstacle> obstacles) throws PrerequisitesMissingException {
        if (!obstacles.isEmpty()) {
            throw new PrerequisitesMissingException(obstacles);
        }
    }

    /** Creates the new view without rows: its query is parsed, and neither planned nor run. Names in it are those that its owner sees. */
    private long create(ViewId fresh, String query) throws SQLException, PrerequisitesMissingException {
        Storage storage = old.storage(transaction);
        PlainSession session = PlainSession.ofOwner(transaction.getConnection(), old.oid());
        String path = session.valueOf("search_path").orElse("");
        String ofOwner =
                path.replaceAll("\"\\$user\"|\\$user", Matcher.quoteReplacement(SqlNames.identifier(old.owner())));
        String before = "CREATE MATERIALIZED VIEW " + SqlNames.qualified(fresh) + storage.clauses() + " AS\n";
        try {
            statements.remark("with search_path = " + ofOwner);
            // QueryText has found the end of the query by the same setting.
            PlainSession own =
                    storage.byDefault(session).with("search_path", ofOwner).with("standard_conforming_strings", "on");
            statements.execute(own, before + query + "\nWITH NO DATA");
        } catch (SQLException e) {
            throw new PrerequisitesMissingException(
                    List.of(new Obstacle(QueryError.words(e, before, query), QueryError.remedy(e, old.owner()))));
        }
        String name = SqlNames.qualified(fresh);
        statements.execute("ALTER MATERIALIZED VIEW " + name + " OWNER TO " + SqlNames.identifier(old.owner()));
        return Definitions.oidOf(transaction, name);
    }

    private String queryOf(long oid) throws SQLException {
        return Definitions.textOf(
                transaction,
                PlainSession.ofOwner(transaction.getConnection(), oid).forDefinitions(),
                oid);
    }

    private String presentQuery() throws SQLException {
        return old.incremental().isPresent() ? old.incremental().get().query() : queryOf(old.oid());
    }

    /** The query must not read what it is to define, nor what stands on that. */
    private List<Obstacle> circle(Dependents.Change change, long made) throws SQLException {
        List<Dependents.View> above =
                Dependents.of(transaction, old.oid(), change).views();
        List<Long> read = above.stream()
                .filter(one -> one.oid() == made)
                .flatMap(one -> one.below().stream())
                .toList();
        List<Obstacle> found = new ArrayList<>();
        for (long oid : read) {
            String name = above.stream()
                    .filter(one -> one.oid() == oid)
                    .map(one -> one.id() + ", which stands on " + view)
                    .findFirst()
                    .orElse(view + " itself");
            found.add(new Obstacle(
                    "the query reads " + name, Remedy.text("write into the query what it is to read instead")));
        }
        return found;
    }

    private void build(Dependents dependents, ViewId fresh, long made, Optional<ViewParts> parts)
            throws SQLException, PrerequisitesMissingException {
        String name = SqlNames.qualified(fresh);
        statements.execute(Attachments.storage(transaction, "MATERIALIZED VIEW", old.rowsOid(), made, fresh));
        List<Indexes.Renamed> indexes;
        Statistics statistics = old.statistics(transaction);
        long finished = made;
        if (parts.isPresent()) {
            indexes = indexes(fresh);
            finished = incremental(fresh);
        } else {
            // REFRESH runs the query as the view's owner, and writes rows that every snapshot sees.
            statements.executeUnlessDryRun(
                    PlainSession.ofOwner(transaction.getConnection(), made), "REFRESH MATERIALIZED VIEW " + name);
            indexes = indexes(fresh);
            statements.execute(statistics.creates(fresh));
            statements.executeUnlessDryRun("ANALYZE " + name);
        }
        boolean materialized = parts.isEmpty() || statements.isDryRun();
        Place place = new Place(view, old.oid(), parts.isEmpty(), fresh, finished, materialized);
        Exchange exchange = new Exchange(transaction, statements, dependents, place);
        exchange.blockRefreshes(WRITERS_WAIT);
        exchange.define();
        exchange.fill();
        exchange.carryOut(old.owner(), READERS_WAIT);
        finish(finished, parts, indexes, statistics);
    }

    private List<Indexes.Renamed> indexes(ViewId fresh) throws SQLException {
        return new Indexes(transaction, statements).copyBeside(old.rowsOid(), fresh, ViewParts.INDEX_MARK);
    }

    /** Makes the new view incremental, as the old one was. @return oid of what takes its place */
    private long incremental(ViewId fresh) throws SQLException, PrerequisitesMissingException {
        if (!statements.isDryRun()) {
            return Conversion.ofNew(transaction, fresh, view);
        }
        refuse(Conversion.obstacles(transaction, fresh, view));
        statements.remark("the new view is made incremental, as refreshd convert does: its rows go into a table");
        return Definitions.oidOf(transaction, SqlNames.qualified(fresh));
    }

    private void finish(long finished, Optional<ViewParts> parts, List<Indexes.Renamed> indexes, Statistics statistics)
            throws SQLException {
        if (parts.isPresent()) {
            for (String drop : parts.get().drops()) {
                statements.executeUnlessDryRun(drop);
            }
        }
        for (Indexes.Renamed index : indexes) {
            String schema = parts.isPresent() ? ViewParts.SCHEMA : view.schema();
            String name = parts.isEmpty()
                    ? index.name()
                    : Names.free(transaction, schema, Names.plain(index.name(), old.oid()), finished);
            statements.executeUnlessDryRun(new Indexes.Renamed(index.temporary(), name).statement(schema));
        }
        if (parts.isEmpty()) {
            for (String rename : statistics.names()) {
                statements.executeUnlessDryRun(rename);
            }
        }
        statements.remark("the ledger: " + view + " and what was made again are no longer called fresh");
        if (!statements.isDryRun()) {
            parts.ifPresent(gone -> gone.forget(transaction));
            if (ViewRows.load(transaction).containsKey(view)) {
                // Of what the ledger holds under that name only a pause by an operator is kept.
                ViewRows.replace(transaction, view, finished);
            }
        }
    }
}
