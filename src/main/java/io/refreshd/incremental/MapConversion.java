package io.refreshd.incremental;

import io.refreshd.catalog.GroupTotals;
import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.IncrementalQuery.GroupMap;
import io.refreshd.catalog.IncrementalQuery.HiddenColumn;
import io.refreshd.catalog.RecomputeKeys;
import io.refreshd.catalog.TrustedCode;
import io.refreshd.catalog.ValueColumn;
import io.refreshd.database.PlainSession;
import io.refreshd.exchange.Attachments;
import io.refreshd.exchange.Defaults;
import io.refreshd.exchange.Definitions;
import io.refreshd.exchange.Statements;
import io.refreshd.ledger.IncrementalMapRows;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Stream;
import org.jdbi.v3.core.Handle;

/** Creates the maps of a view that groups rows: for each a plain view with the rows that are grouped, and a table that holds them. */
final class MapConversion {
    private final Handle transaction;
    private final Statements statements;
    private final PlainSession session;
    private final IncrementalQuery query;
    private final ViewId named;
    /** The queries of maps, by number, as the server writes them. */
    private final Map<Integer, String> rows = new HashMap<>();
    /** By column: a view that uses the values of a column twice has one map of them. */
    private final Map<ValueColumn, Made> ofValues = new HashMap<>();

    /** A map that exists, by the oids of its table and its definition. */
    private record Made(long store, long definition) {}

    /** @param named the name that messages use for the view, and after which the maps are named */
    MapConversion(Handle transaction, PlainSession session, IncrementalQuery query, ViewId named) {
        this.transaction = transaction;
        this.statements = new Statements(transaction);
        this.session = session;
        this.query = query;
        this.named = named;
    }

    /**
     * Creates and fills the maps of a view that the ledger knows. Nobody reads them but rounds, and the first round compares them with
     * their definitions, so that it does not matter by which snapshot they are filled.
     *
     * @param at where the materialized view is
     * @param text its query with the hidden columns
     * @param made oid of the public view
     */
    void create(ViewId at, String text, long made) throws SQLException, PrerequisitesMissingException {
        // Later ones first, since the groups that they join are in their queries.
        for (int number = query.maps().size(); number >= 1; number--) {
            create(at, text, made, number);
        }
    }

    private void create(ViewId at, String text, long made, int number)
            throws SQLException, PrerequisitesMissingException {
        GroupMap map = query.maps().get(number - 1);
        Made same = map.value().map(ofValues::get).orElse(null);
        if (same != null) {
            put(made, number, same);
            return;
        }
        StoreNames names = StoreNames.ofMap(named, made, number);
        String definition = SqlNames.qualified(names.definition());
        String bare = map.value().isPresent()
                ? RecomputeKeys.text(map.value().get())
                : rowsOf(map.of() == 0 ? text : rows.getOrDefault(map.of(), ""), map);
        String store = SqlNames.qualified(names.store());
        Defined defined = define(at, StoreNames.of(named, made).definition(), text, number, names, bare);
        Optional<TotalsConversion> totals = defined.totals();
        statements.execute("CREATE TABLE " + store + " WITH (fillfactor = " + Attachments.FILLFACTOR
                + ") AS SELECT * FROM " + definition + " WITH NO DATA");
        long storeOid = Definitions.oidOf(transaction, store);
        for (String revoke : Defaults.revokes(transaction, names.store())) {
            statements.execute(revoke);
        }
        // Read last before the query runs: see TrustedCode.
        Optional<Obstacle> untrusted =
                TrustedCode.obstacle(transaction.getConnection(), defined.oid(), TrustedCode.Use.ROWS);
        if (untrusted.isPresent()) {
            throw new PrerequisitesMissingException(List.of(untrusted.get()));
        }
        session.execute(transaction.getConnection(), "INSERT INTO " + store + " SELECT * FROM " + definition);
        new StoreIndexes(transaction, storeOid).add(names.store(), keys(map.rows(), number));
        statements.execute("ANALYZE " + store);
        Made there = new Made(storeOid, defined.oid());
        put(made, number, there);
        map.value().ifPresent(column -> ofValues.put(column, there));
        if (totals.isPresent()) {
            totals.get().create(named, made, names.store(), query);
        }
    }

    private void put(long view, int number, Made there) {
        GroupMap map = query.maps().get(number - 1);
        IncrementalMapRows.put(
                transaction,
                view,
                number,
                there.store(),
                there.definition(),
                map.rows().recomputeKey(),
                map.key(),
                map.positions(),
                map.joined(),
                map.of(),
                map.value().isPresent());
    }

    /** @param oid of the plain view with the rows */
    private record Defined(long oid, Optional<TotalsConversion> totals) {}

    /** Creates the plain view with the rows that are grouped: with the arguments of the aggregates, if their totals can be kept. */
    private Defined define(ViewId at, ViewId definitionOfView, String text, int number, StoreNames names, String bare)
            throws SQLException, PrerequisitesMissingException {
        String definition = SqlNames.qualified(names.definition());
        List<HiddenColumn> hidden = query.maps().get(number - 1).rows().hidden();
        try {
            transaction.execute("SAVEPOINT refreshd_map");
            String bareTree = create(definition, bare);
            String canonical = Definitions.textOf(
                    transaction, session.forDefinitions(), Definitions.oidOf(transaction, definition));
            rows.put(number, canonical);
            statements.execute("DROP VIEW " + definition);
            Optional<TotalsConversion> totals = number == GroupTotals.mapOf(query)
                    ? TotalsConversion.of(
                            transaction,
                            session,
                            query,
                            definitionOfView,
                            text,
                            names.definition(),
                            canonical,
                            bareTree)
                    : Optional.empty();
            RecomputeKeys keys = DefinitionView.keys(transaction, at);
            if (totals.isPresent()) {
                String tree = create(
                        definition, DefinitionText.withHidden(totals.get().rows(), hidden));
                if (keys.difference(query, number - 1, bareTree, totals.get().tree(), tree)
                        .isPresent()) {
                    statements.execute("DROP VIEW " + definition);
                    totals = Optional.empty();
                }
            }
            Optional<String> difference = totals.isPresent()
                    ? Optional.empty()
                    : keys.difference(
                            query,
                            number - 1,
                            bareTree,
                            bareTree,
                            create(definition, DefinitionText.withHidden(canonical, hidden)));
            if (difference.isPresent()) {
                throw refused(difference.get());
            }
            if (GroupTotals.areOfOneRow(query) && number == GroupTotals.mapOf(query) && totals.isEmpty()) {
                throw refused("the totals of the one row of " + named
                        + " cannot be kept, so that each change would cost reading all rows");
            }
            transaction.execute("RELEASE SAVEPOINT refreshd_map");
            return new Defined(Definitions.oidOf(transaction, definition), totals);
        } catch (IllegalArgumentException | SQLException e) {
            throw refused("the rows that " + named + " groups cannot be selected by themselves: " + e.getMessage());
        }
    }

    /** @return the tree of the query */
    private String create(String view, String rows) throws SQLException {
        session.forDefinitions().execute(transaction.getConnection(), "CREATE VIEW " + view + " AS " + rows);
        return Definitions.treeOf(transaction, Definitions.oidOf(transaction, view));
    }

    private String rowsOf(String text, GroupMap map) throws SQLException, PrerequisitesMissingException {
        String around = map.text().view().isPresent()
                ? Definitions.textOf(
                        transaction, session.forDefinitions(), map.text().view().get())
                : text;
        try {
            return GroupedText.rowsOf(around, map.text());
        } catch (IllegalArgumentException e) {
            throw refused("the rows that " + named + " groups cannot be selected by themselves: " + e.getMessage());
        }
    }

    private static PrerequisitesMissingException refused(String what) {
        return new PrerequisitesMissingException(List.of(new Obstacle(what, Remedy.NONE)));
    }

    private List<List<Integer>> keys(IncrementalQuery rowsOfMap, int number) {
        return Stream.of(
                        Stream.of(rowsOfMap.recomputeKey()),
                        rowsOfMap.tables().stream().flatMap(table -> table.positions().stream()),
                        query.positionsOfGroups(number).stream())
                .flatMap(Function.identity())
                .distinct()
                .toList();
    }
}
