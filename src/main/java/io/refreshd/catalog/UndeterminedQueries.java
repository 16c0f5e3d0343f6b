package io.refreshd.catalog;

import io.refreshd.model.Undetermined;
import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/**
 * Finds the parts of view definitions whose result is not determined, such as {@code row_number()} over rows without an order.
 *
 * <p>Thread: one only.
 */
public final class UndeterminedQueries {
    private static final String AGGREGATES_AND_WINDOW_FUNCTIONS = """
            SELECT p.oid::int8, p.proname::text, p.prokind::text,
                   coalesce((p.proargtypes::oid[])[0] IN ('float4'::regtype, 'float8'::regtype), false)
              FROM pg_catalog.pg_proc p WHERE p.prokind IN ('a', 'w')
            """;

    private final Catalog catalog;
    private final CatalogIndex catalogIndex;
    private final OrderSensitivity functions;

    private UndeterminedQueries(Catalog catalog, OrderSensitivity functions) {
        this.catalog = catalog;
        this.catalogIndex = new CatalogIndex(catalog);
        this.functions = functions;
    }

    public static UndeterminedQueries in(Connection connection, Catalog catalog) throws SQLException {
        List<OrderSensitivity.Called> functions = new ArrayList<>();
        try (PreparedStatement statement = connection.prepareStatement(AGGREGATES_AND_WINDOW_FUNCTIONS);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                functions.add(new OrderSensitivity.Called(
                        row.getLong(1), row.getString(2), row.getString(3).charAt(0), row.getBoolean(4)));
            }
        }
        return new UndeterminedQueries(catalog, new OrderSensitivity(functions));
    }

    /** What the definition of one view leaves open. Reads the catalog of that view. */
    public static Undetermined of(Connection connection, ViewId view) throws SQLException {
        return in(connection, CatalogReader.read(connection, view::equals)).of(view);
    }

    /** Nothing if there is no such view, or the form of its query is not known. */
    public Undetermined of(ViewId view) {
        Optional<Relation> relation = relation(view);
        Optional<Determinism.Open> open =
                relation.flatMap(catalogIndex::query).map(query -> Determinism.of(query, catalogIndex, functions));
        if (open.isEmpty() || open.get().any().isEmpty()) {
            return Undetermined.NOTHING;
        }
        Set<String> columns = new TreeSet<>();
        for (Relation.Column column : relation.get().columns()) {
            if (open.get().columns().containsKey(column.number())) {
                columns.add(column.name());
            }
        }
        Set<String> reasons = new LinkedHashSet<>();
        Optional.ofNullable(open.get().rows()).ifPresent(reasons::add);
        reasons.addAll(open.get().columns().values());
        return new Undetermined(
                open.get().rows() != null, columns, "its query leaves open " + String.join("; ", reasons));
    }

    /** Whether text of a column becomes a date or time, so that a value such as 'today' would mean the time of the refresh. */
    public boolean castsTextOfColumns(ViewId view) {
        return relation(view).stream()
                .flatMap(relation -> ViewSources.of(relation, catalogIndex).rules().stream())
                .anyMatch(rule -> ClockCasts.of(rule, catalogIndex) == ClockCasts.Finding.COLUMN);
    }

    private Optional<Relation> relation(ViewId view) {
        return catalog.relations().stream()
                .filter(relation -> relation.kind() == RelationKind.MATERIALIZED_VIEW
                        && relation.viewId().equals(view))
                .findFirst();
    }
}
