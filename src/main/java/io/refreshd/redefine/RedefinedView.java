package io.refreshd.redefine;

import io.refreshd.exchange.ReplacementRights;
import io.refreshd.exchange.Statistics;
import io.refreshd.exchange.Storage;
import io.refreshd.incremental.ReverseConversion;
import io.refreshd.incremental.ViewParts;
import io.refreshd.ledger.IncrementalViewRows;
import io.refreshd.ledger.RoleViewRows;
import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * The view that is to have another query, as it is.
 *
 * @param owner its owner
 * @param incremental its table and definition; empty if it is a materialized view
 * @param rows about how many rows it has; negative if that is not known
 */
record RedefinedView(ViewId view, long oid, String owner, Optional<IncrementalViewRows.Row> incremental, double rows) {
    private static final String RELATION = """
            SELECT c.oid::int8 AS oid, c.relkind::text AS kind, pg_catalog.pg_get_userbyid(c.relowner)::text AS owner,
                   c.reltuples::float8 AS rows
              FROM pg_catalog.pg_class c WHERE c.oid = pg_catalog.to_regclass(:view)
            """;

    /** What there is of that name. */
    private record Relation(long oid, String kind, String owner, double rows) {}

    /** @param obstacles gets the reason if there is no such view */
    static Optional<RedefinedView> find(Handle handle, ViewId view, List<Obstacle> obstacles) {
        Optional<Relation> found = handle.createQuery(RELATION)
                .bind("view", SqlNames.qualified(view))
                .map((row, context) -> new Relation(
                        row.getLong("oid"), row.getString("kind"), row.getString("owner"), row.getDouble("rows")))
                .findOne();
        if (found.isEmpty()) {
            obstacles.add(new Obstacle("there is no view " + view, Remedy.text("refreshd graph lists the views")));
            return Optional.empty();
        }
        Relation relation = found.get();
        Optional<IncrementalViewRows.Row> incremental = Optional.ofNullable(
                        IncrementalViewRows.load(handle).get(view))
                .filter(row -> row.oid() == relation.oid());
        if (!relation.kind().equals("m") && incremental.isEmpty()) {
            obstacles.add(
                    relation.kind().equals("v")
                            ? new Obstacle(
                                    view + " is a plain view, which holds no rows",
                                    Remedy.text("give it another query by CREATE OR REPLACE VIEW"))
                            : new Obstacle(view + " is no view", Remedy.text("refreshd graph lists the views")));
            return Optional.empty();
        }
        double rows = incremental
                .flatMap(row -> handle.createQuery(
                                "SELECT reltuples::float8 FROM pg_catalog.pg_class WHERE oid = (:oid)::oid")
                        .bind("oid", row.storeOid())
                        .mapTo(Double.class)
                        .findOne())
                .orElse(relation.rows());
        return Optional.of(new RedefinedView(view, relation.oid(), relation.owner(), incremental, rows));
    }

    /** Oid of the relation that holds the rows. */
    long rowsOid() {
        return incremental.map(IncrementalViewRows.Row::storeOid).orElse(oid);
    }

    Storage storage(Handle handle) {
        return Storage.of(handle, rowsOid());
    }

    Statistics statistics(Handle handle) throws SQLException {
        return Statistics.of(handle, rowsOid());
    }

    Optional<ViewParts> parts(Handle handle) {
        return incremental.isPresent() ? ViewParts.of(handle, oid) : Optional.empty();
    }

    /** What keeps the view itself from being redefined, whatever the query is. */
    List<Obstacle> obstacles(Handle handle) throws SQLException {
        Optional<RoleViewRows.Made> made = RoleViewRows.load(handle).values().stream()
                .filter(role -> role.oid() == oid)
                .findFirst();
        if (made.isPresent()) {
            String template = made.get().template();
            return List.of(new Obstacle(
                    view + " was made from the template " + template + " of role-views, which says its query",
                    Remedy.text("change the query in role-views.templates[" + template
                            + "]; refreshd plan shows what would be done, refreshd apply does it")));
        }
        List<Obstacle> found = new ArrayList<>();
        if (incremental.isPresent()) {
            found.addAll(ReverseConversion.obstacles(handle, incremental.get()));
        } else {
            found.addAll(ReplacementRights.missing(handle, view, oid));
        }
        return found;
    }
}
