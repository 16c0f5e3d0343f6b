package io.refreshd.incremental;

import io.refreshd.catalog.GroupTotals;
import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.IncrementalQuery.GroupMap;
import io.refreshd.database.PlainSession;
import io.refreshd.exchange.Attachments;
import io.refreshd.exchange.Defaults;
import io.refreshd.exchange.Definitions;
import io.refreshd.exchange.Statements;
import io.refreshd.incremental.TotalColumn.Kind;
import io.refreshd.ledger.IncrementalMapRows;
import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.jdbi.v3.core.Handle;

/**
 * Gives the map of a view the arguments of its aggregates as further columns, and creates the table with the totals of each group.
 *
 * <p>Failure: a view of which that is not understood has no totals. Its groups are recomputed from all their rows.
 */
final class TotalsConversion {
    /** Beyond it a wider map costs more than it saves. */
    private static final int MOST_ARGUMENTS = 50;

    private final Handle transaction;
    private final PlainSession session;
    private final AggregateText text;
    private final List<AggregateText.Call> calls;
    private List<GroupTotals.Aggregate> aggregates = List.of();
    /** SQL over the rows that are grouped. */
    private final Set<String> arguments = new LinkedHashSet<>();

    private final List<GroupTotals.Columns> places = new ArrayList<>();
    private String rows = "";
    private String tree = "";

    private TotalsConversion(Handle transaction, PlainSession session, String text) {
        this.transaction = transaction;
        this.session = session;
        this.text = new AggregateText(text);
        this.calls = this.text.calls();
    }

    /**
     * Plans the totals of the map of a view; see {@link GroupTotals#mapOf}.
     *
     * @param definition of the view, with hidden keys of groups
     * @param text its query
     * @param scratch a name for plain views that are dropped again
     * @param bare the query of the map, and its tree
     * @return empty if the groups are recomputed from all their rows
     */
    static Optional<TotalsConversion> of(
            Handle transaction,
            PlainSession session,
            IncrementalQuery query,
            ViewId definition,
            String text,
            ViewId scratch,
            String bare,
            String bareTree) {
        String tree = Definitions.treeOf(transaction, Definitions.oidOf(transaction, SqlNames.qualified(definition)));
        List<Integer> key =
                query.maps().get(GroupTotals.mapOf(query) - 1).text().columns();
        if (!GroupTotals.suffice(tree, key, enums(transaction, definition, key))) {
            return Optional.empty();
        }
        transaction.execute("SAVEPOINT refreshd_totals");
        try {
            TotalsConversion totals = new TotalsConversion(transaction, session, text);
            boolean proven = totals.plan(scratch, bare, bareTree);
            transaction.execute("RELEASE SAVEPOINT refreshd_totals");
            return proven ? Optional.of(totals) : Optional.empty();
        } catch (RuntimeException | SQLException notUnderstood) {
            transaction.execute("ROLLBACK TO SAVEPOINT refreshd_totals; RELEASE SAVEPOINT refreshd_totals");
            return Optional.empty();
        }
    }

    private static Set<Long> enums(Handle transaction, ViewId view, List<Integer> columns) {
        return transaction
                .createQuery(
                        "SELECT t.oid::int8 FROM pg_catalog.pg_attribute a"
                                + " JOIN pg_catalog.pg_type t ON t.oid = a.atttypid"
                                + " WHERE a.attrelid = pg_catalog.to_regclass(:view) AND a.attnum = ANY (:columns) AND t.typtype = 'e'")
                .bind("view", SqlNames.qualified(view))
                .bindArray("columns", Integer.class, columns)
                .mapTo(Long.class)
                .set();
    }

    private boolean plan(ViewId scratch, String bare, String bareTree) throws SQLException {
        String examined = bareTree;
        if (!calls.isEmpty()) {
            examined = create(scratch, text.ofCalls(calls));
            drop(scratch);
        }
        Optional<List<GroupTotals.Aggregate>> found =
                calls.isEmpty() ? Optional.of(List.of()) : GroupTotals.of(examined);
        if (found.isEmpty()) {
            return false;
        }
        aggregates = found.get();
        for (int i = 0; i < calls.size(); i++) {
            boolean counts = aggregates.get(i).kind() == GroupTotals.Kind.COUNT;
            places.add(new GroupTotals.Columns(
                    calls.get(i)
                            .argument()
                            .map(argument -> place(counts ? "((" + argument + ") IS NOT NULL)" : argument))
                            .orElse(0),
                    calls.get(i).filter().map(this::place).orElse(0)));
        }
        List<String> named = new ArrayList<>();
        arguments.forEach(argument -> named.add(argument + " AS refreshd_argument_" + (named.size() + 1)));
        tree = create(scratch, new AggregateText(bare).withColumns(named));
        rows = Definitions.textOf(
                transaction, session.forDefinitions(), Definitions.oidOf(transaction, SqlNames.qualified(scratch)));
        drop(scratch);
        return arguments.size() <= MOST_ARGUMENTS && GroupTotals.prove(bareTree, tree, examined, places);
    }

    private int place(String argument) {
        arguments.add(argument);
        return List.copyOf(arguments).indexOf(argument) + 1;
    }

    private String create(ViewId scratch, String query) throws SQLException {
        session.forDefinitions()
                .execute(transaction.getConnection(), "CREATE VIEW " + SqlNames.qualified(scratch) + " AS " + query);
        return Definitions.treeOf(transaction, Definitions.oidOf(transaction, SqlNames.qualified(scratch)));
    }

    private void drop(ViewId scratch) throws SQLException {
        new Statements(transaction).execute("DROP VIEW " + SqlNames.qualified(scratch));
    }

    /** The query of the map with the arguments behind the key, as the server writes it. */
    String rows() {
        return rows;
    }

    /** Its tree. */
    String tree() {
        return tree;
    }

    /**
     * Creates and fills the table. The map is there and filled.
     *
     * @param view where the view will be
     * @param made oid of the public view
     * @param map name of the map's table
     * @param query how the view is kept
     */
    void create(ViewId view, long made, ViewId map, IncrementalQuery query) throws SQLException {
        int of = GroupTotals.mapOf(query);
        int behind = query.maps().size() + 1;
        GroupMap wide = query.maps().get(of - 1);
        Statements statements = new Statements(transaction);
        List<String> types = transaction
                .createQuery("SELECT pg_catalog.format_type(a.atttypid, -1) FROM pg_catalog.pg_attribute a"
                        + " WHERE a.attrelid = pg_catalog.to_regclass(:map) AND a.attnum > 0 ORDER BY a.attnum")
                .bind("map", SqlNames.qualified(map))
                .mapTo(String.class)
                .list();
        int before = types.size() - arguments.size();
        boolean oneRow = GroupTotals.areOfOneRow(query);
        Set<TotalColumn> columns = new LinkedHashSet<>(List.of(TotalColumn.ROWS));
        if (oneRow) {
            columns.add(TotalColumn.STAYS);
        }
        Map<String, String> values = new HashMap<>();
        for (int i = 0; i < calls.size(); i++) {
            GroupTotals.Columns place = places.get(i);
            values.put(
                    calls.get(i).text(),
                    value(
                            aggregates.get(i).kind(),
                            place.argument() == 0 ? 0 : before + place.argument(),
                            place.filter() == 0 ? 0 : before + place.filter(),
                            types,
                            columns));
        }
        StoreNames names = StoreNames.ofMap(view, made, behind);
        String store = SqlNames.qualified(names.store());
        String definition = SqlNames.qualified(names.definition());
        statements.execute("CREATE VIEW " + definition + " AS "
                + TotalsSql.definition(SqlNames.qualified(map), types.size(), wide.key(), List.copyOf(columns)));
        statements.execute("CREATE TABLE " + store + " WITH (fillfactor = " + Attachments.FILLFACTOR
                + ") AS SELECT * FROM " + definition);
        for (String revoke : Defaults.revokes(transaction, names.store())) {
            statements.execute(revoke);
        }
        long storeOid = Definitions.oidOf(transaction, store);
        List<Integer> key = IntStream.rangeClosed(1, wide.key().size()).boxed().toList();
        new StoreIndexes(transaction, storeOid).add(names.store(), List.of(key));
        if (columns.stream().anyMatch(TotalColumn::isExtremum)) {
            // The group is computed again from the map when its minimum or maximum goes.
            new StoreIndexes(transaction, Definitions.oidOf(transaction, SqlNames.qualified(map)))
                    .add(map, List.of(wide.key()));
        }
        statements.execute("ANALYZE " + store);
        Map<Integer, String> keys = new HashMap<>();
        key.forEach(number -> keys.put(wide.positions().get(number - 1), "s.k" + number));
        IncrementalMapRows.putTotals(
                transaction,
                made,
                behind,
                of,
                storeOid,
                Definitions.oidOf(transaction, definition),
                key,
                text.columns(keys, call -> Objects.requireNonNull(values.get(call))),
                text.having(call -> Objects.requireNonNull(values.get(call))));
    }

    /** The value of an aggregate by the totals. @param columns those that it needs are added */
    private static String value(
            GroupTotals.Kind kind, int argument, int filter, List<String> types, Set<TotalColumn> columns) {
        TotalColumn column = new TotalColumn(
                switch (kind) {
                    case COUNT -> Kind.COUNT;
                    case SUM, AVG -> Kind.SUM;
                    case MIN -> Kind.MIN;
                    case MAX -> Kind.MAX;
                },
                argument,
                filter);
        columns.add(column);
        if (column.kind() == Kind.SUM) {
            columns.add(column.with(Kind.FILLED));
            if (types.get(argument - 1).equals("numeric")) {
                columns.add(column.with(Kind.SCALES));
            }
        }
        String total = "s." + column.name();
        // The server divides the same two numbers.
        return kind == GroupTotals.Kind.AVG
                ? "(" + total + "::pg_catalog.numeric / s."
                        + column.with(Kind.FILLED).name() + "::pg_catalog.numeric)"
                : total;
    }
}
