package io.refreshd.exchange;

import io.refreshd.database.PlainSession;
import io.refreshd.exchange.Dependents.View;
import io.refreshd.ledger.RoleViewRows;
import io.refreshd.ledger.ViewRows;
import io.refreshd.model.SqlNames;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * Puts a view in the place of another one, with everything that stands on that: copies are made beside, and then all names are exchanged
 * under one lock, in the transaction of the caller.
 */
public final class Exchange {
    private final Handle transaction;
    private final Statements statements;
    private final Dependents dependents;
    private final Place target;
    private final Copies copies;

    /** @param statements those of the transaction @param target the new view exists, belongs to the owner of the old one, and has its rows */
    public Exchange(Handle transaction, Statements statements, Dependents dependents, Place target) {
        this.transaction = transaction;
        this.statements = statements;
        this.dependents = dependents;
        this.target = target;
        this.copies = new Copies(transaction, statements, dependents, target);
    }

    /** A statement that takes the weakest lock that conflicts with a refresh, until the transaction ends, and changes nothing. */
    public static String blockRefresh(Handle handle, String view, long oid) {
        return handle.createQuery("SELECT pg_catalog.format('COMMENT ON MATERIALIZED VIEW %s IS %L', :view,"
                        + " pg_catalog.obj_description((:oid)::oid, 'pg_class'))")
                .bind("view", view)
                .bind("oid", oid)
                .mapTo(String.class)
                .one();
    }

    /** Keeps the materialized views that are made again from being refreshed, so that readers never see older rows than before. */
    public void blockRefreshes(Duration longest) throws SQLException {
        for (View view : dependents.remade()) {
            if (view.materialized()) {
                String lock = blockRefresh(transaction, SqlNames.qualified(view.id()), view.oid());
                statements.underLocks(longest, () -> statements.executeUnlessDryRun(lock));
            }
        }
    }

    /** Creates the copies of what stands on the view, without rows. */
    public void define() throws SQLException {
        if (!dependents.remade().isEmpty()) {
            statements.execute(
                    Attachments.access(transaction, target.noun(), target.old(), target.made(), target.fresh()));
        }
        copies.define();
    }

    /** Fills the copies. */
    public void fill() throws SQLException {
        copies.fill();
    }

    /**
     * Exchanges the names. Until the end of the transaction, readers wait.
     *
     * @param owner of the old view
     * @param longest how long one attempt at the locks keeps readers waiting
     */
    public void carryOut(String owner, Duration longest) throws SQLException {
        String lock = "ALTER " + Place.noun(target.oldMaterialized()) + " " + SqlNames.qualified(target.view())
                + " OWNER TO " + SqlNames.identifier(owner);
        statements.remark("from here on readers wait");
        statements.underLocks(longest, () -> {
            for (String one : dependents.locks(lock)) {
                statements.executeUnlessDryRun(one);
            }
            dependents.requireUnchanged(transaction, copies.oids());
        });
        List<String> before = texts(false);
        for (Step step : steps()) {
            if (step.session().isPresent()) {
                statements.executeUnlessDryRun(step.session().get(), step.sql());
            } else {
                statements.executeUnlessDryRun(step.sql());
            }
        }
        if (statements.isDryRun()) {
            return;
        }
        if (!texts(true).equals(before)) {
            throw new SQLException(
                    "what stands on " + target.view() + " would read something else than before", "55000");
        }
        List<Place> places = copies.places();
        for (Place place : places.subList(1, places.size())) {
            if (place.materialized() && ViewRows.load(transaction).containsKey(place.view())) {
                ViewRows.replace(transaction, place.view(), place.made());
            }
            RoleViewRows.move(transaction, place.old(), place.made());
        }
    }

    /** The queries of the copied views, of what is in place before the exchange, or after it. */
    private List<String> texts(boolean after) throws SQLException {
        List<String> texts = new ArrayList<>();
        List<Place> places = copies.places();
        for (Place place : places.subList(1, places.size())) {
            PlainSession session = PlainSession.ofOwner(transaction.getConnection(), place.made())
                    .forDefinitions();
            texts.add(Definitions.textOf(transaction, session, after ? place.made() : place.old()));
        }
        return texts;
    }

    /** One statement of the exchange. @param session whose settings it needs; empty: refreshd's own */
    private record Step(String sql, Optional<PlainSession> session) {
        Step(String sql) {
            this(sql, Optional.empty());
        }
    }

    /** All are determined before the first one runs. */
    private List<Step> steps() throws SQLException {
        List<Place> places = copies.places();
        List<Step> script = new ArrayList<>();
        places.forEach(place -> script.add(new Step(place.moveAway())));
        places.forEach(place -> script.add(new Step(place.moveIn())));
        for (Place place : places) {
            Attachments.access(transaction, place.noun(), place.old(), place.made(), place.view())
                    .forEach(sql -> script.add(new Step(sql)));
        }
        for (View view : dependents.kept()) {
            PlainSession session = PlainSession.ofOwner(transaction.getConnection(), view.oid())
                    .forDefinitions();
            String query = Definitions.textOf(transaction, session, view.oid());
            String replace = "CREATE OR REPLACE VIEW " + SqlNames.qualified(view.id())
                    + (view.options().isEmpty() ? "" : " WITH (" + view.options() + ")") + " AS " + query;
            script.add(new Step(replace, Optional.of(session)));
        }
        places.reversed().forEach(place -> script.add(new Step(place.dropOld())));
        copies.names().forEach(sql -> script.add(new Step(sql)));
        return script;
    }
}
