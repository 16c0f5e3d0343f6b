package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Runs the queries of {@link CatalogSql} and turns their rows into records. The number of queries does not depend on the number
 * of views.
 *
 * <p>Thread: the one that owns the connection.
 */
final class CatalogQueries {
    /** Rows that the driver holds beside what is made of them. It fetches in parts only within a transaction. */
    private static final int ROWS_AT_ONCE = 100;

    private final Connection connection;

    CatalogQueries(Connection connection) {
        this.connection = connection;
    }

    /** @param unsent oids of views, and of parts of incremental views, that are not to be read: {@link UnsentNames} */
    Catalog read(Predicate<ViewId> included, Set<Long> unsent) throws SQLException {
        IncrementalRows ledger = IncrementalRows.read(connection).hiding(unsent);
        LeftOutViews views = LeftOutViews.of(connection, included, unsent);
        List<Long> reached = reached(views.included(), ledger);
        List<Long> examined = views.without(reached);
        Map<Long, List<Rule.Read>> reads = reads(reached);
        Set<Long> systemCatalogs = new TreeSet<>();
        Map<Long, SortedSet<Long>> calls = new HashMap<>();
        addCallsAndSystemReads(examined, reads, systemCatalogs, calls);

        Set<Long> named = new TreeSet<>(reached);
        named.addAll(systemCatalogs);
        Set<Long> functions = new TreeSet<>();
        calls.values().forEach(functions::addAll);
        List<Relation> all = relations(named, columns(reached));
        List<Rule> rules = new ArrayList<>(rules(examined, reads, calls));
        rules.addAll(views.rules(reached, reads));
        IncrementalViews incremental = IncrementalViews.of(ledger, all, rules);
        Map<Long, Obstacle> untrusted = untrusted(views.included(), rules, incremental);
        return new Catalog(
                role(),
                incremental.relations(all),
                incremental.rules(rules),
                query(
                        CatalogSql.INHERITANCES,
                        reached,
                        row -> new Catalog.Inheritance(row.getLong(1), row.getLong(2), row.getString(3))),
                incremental.indexes(query(CatalogSql.INDEXES, reached, CatalogQueries::index)),
                query(CatalogSql.FUNCTIONS, functions, CatalogQueries::function),
                untrusted,
                incremental.content(new ContentQueries(connection).read(reached)),
                incremental.views(
                        obstacles(incremental, untrusted),
                        DefinitionVersion.of(connection, incremental.versionRoots())));
    }

    /** Of an incremental view the definition runs, and the view itself is read. */
    private Map<Long, Obstacle> untrusted(Collection<Long> materialized, List<Rule> rules, IncrementalViews incremental)
            throws SQLException {
        Map<Long, Long> definitions = incremental.definitions();
        Set<Long> run = new TreeSet<>(materialized);
        run.addAll(definitions.keySet());
        run.addAll(definitions.values());
        Map<Long, Obstacle> untrusted = new HashMap<>(LookupTrust.of(connection, run, rules, LookupTrust.LONGEST));
        definitions.forEach((view, definition) ->
                Optional.ofNullable(untrusted.remove(definition)).ifPresent(code -> untrusted.putIfAbsent(view, code)));
        return untrusted;
    }

    private Map<Long, Obstacle> obstacles(IncrementalViews incremental, Map<Long, Obstacle> untrusted)
            throws SQLException {
        Map<Long, Obstacle> obstacles = new HashMap<>(OwnerAccess.obstacles(connection, incremental.definitions()));
        untrusted.forEach(obstacles::putIfAbsent);
        return obstacles;
    }

    List<BaseTable> tables(Collection<TableId> names) throws SQLException {
        if (names.isEmpty()) {
            return List.of();
        }
        List<Long> oids = new ArrayList<>();
        try (PreparedStatement statement = KeptPlan.prepared(connection, CatalogSql.OIDS_OF)) {
            statement.setArray(1, texts(names.stream().map(TableId::schema)));
            statement.setArray(2, texts(names.stream().map(TableId::name)));
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    oids.add(rows.getLong(1));
                }
            }
        }
        List<Relation> relations = relations(oids, columns(oids));
        Publishability publishability = new Publishability(new CatalogIndex(new Catalog(
                role(),
                relations,
                List.of(),
                List.of(),
                query(CatalogSql.INDEXES, oids, CatalogQueries::index),
                List.of())));
        return relations.stream()
                .filter(Relation::isDecodable)
                .map(publishability::baseTable)
                .toList();
    }

    private Array texts(Stream<String> texts) throws SQLException {
        return connection.createArrayOf("text", texts.toArray());
    }

    private String role() throws SQLException {
        try (PreparedStatement statement = KeptPlan.prepared(connection, "SELECT current_user::text");
                ResultSet row = statement.executeQuery()) {
            row.next();
            return row.getString(1);
        }
    }

    private List<Long> reached(List<Long> materialized, IncrementalRows ledger) throws SQLException {
        try (PreparedStatement statement = KeptPlan.prepared(connection, ReachedSql.REACHED_OIDS)) {
            statement.setArray(1, connection.createArrayOf("int8", materialized.toArray()));
            statement.setArray(
                    2, connection.createArrayOf("int8", ledger.hidden().toArray()));
            statement.setArray(3, connection.createArrayOf("int8", ledger.oids().toArray()));
            try (ResultSet rows = statement.executeQuery()) {
                List<Long> oids = new ArrayList<>();
                while (rows.next()) {
                    oids.add(rows.getLong(1));
                }
                return oids;
            }
        }
    }

    private List<Relation> relations(Collection<Long> oids, Map<Long, List<Relation.Column>> columns)
            throws SQLException {
        return query(CatalogSql.RELATIONS, oids, row -> {
            long oid = row.getLong(1);
            return new Relation(
                    oid,
                    row.getString(2),
                    row.getString(3),
                    RelationKind.of(row.getString(4).charAt(0)),
                    new Relation.Traits(
                            row.getString(5).charAt(0),
                            row.getBoolean(6),
                            row.getString(7).charAt(0),
                            row.getLong(8),
                            rowSecurity(row.getBoolean(9), row.getBoolean(10)),
                            new Relation.Access(row.getBoolean(11), row.getBoolean(12), row.getBoolean(13))),
                    columns.getOrDefault(oid, List.of()));
        });
    }

    private Map<Long, List<Relation.Column>> columns(Collection<Long> oids) throws SQLException {
        Map<Long, List<Relation.Column>> columns = new HashMap<>();
        query(
                CatalogSql.COLUMNS,
                oids,
                row -> columns.computeIfAbsent(row.getLong(1), oid -> new ArrayList<>())
                        .add(new Relation.Column(
                                row.getInt(2),
                                row.getString(3),
                                row.getLong(4),
                                row.getInt(5),
                                row.getBoolean(6),
                                row.getString(7))));
        return columns;
    }

    private Map<Long, List<Rule.Read>> reads(Collection<Long> oids) throws SQLException {
        Map<Long, List<Rule.Read>> reads = new HashMap<>();
        query(
                CatalogSql.READS,
                oids,
                row -> reads.computeIfAbsent(row.getLong(1), oid -> new ArrayList<>())
                        .add(new Rule.Read(row.getLong(2), integers(row, 3))));
        return reads;
    }

    /** Adds what {@code pg_depend} leaves out. A system catalog is added as a whole relation: its columns are of no use here. */
    private void addCallsAndSystemReads(
            Collection<Long> oids,
            Map<Long, List<Rule.Read>> reads,
            Set<Long> systemCatalogs,
            Map<Long, SortedSet<Long>> calls)
            throws SQLException {
        query(CatalogSql.CALLS_AND_SYSTEM_READS, oids, row -> {
            long reader = row.getLong(1);
            long used = row.getLong(2);
            if (row.getBoolean(3)) {
                return calls.computeIfAbsent(reader, oid -> new TreeSet<>()).add(used);
            }
            systemCatalogs.add(used);
            return reads.computeIfAbsent(reader, oid -> new ArrayList<>()).add(new Rule.Read(used, List.of(0)));
        });
    }

    private List<Rule> rules(Collection<Long> oids, Map<Long, List<Rule.Read>> reads, Map<Long, SortedSet<Long>> calls)
            throws SQLException {
        return query(CatalogSql.rules(TestedVersions.obstacle(connection).isEmpty()), oids, row -> {
            long relation = row.getLong(1);
            Set<Rule.Trait> traits = EnumSet.noneOf(Rule.Trait.class);
            addIf(row.getBoolean(3), Rule.Trait.WHOLE_ROW, traits);
            addIf(row.getBoolean(4), Rule.Trait.CLOCK, traits);
            addIf(row.getBoolean(5), Rule.Trait.SAMPLE, traits);
            addIf(row.getBoolean(7), Rule.Trait.UNEXAMINED, traits);
            addIf(row.getBoolean(8), Rule.Trait.SESSION, traits);
            addIf(row.getBoolean(9), Rule.Trait.OBJECT_TYPES, traits);
            addIf(row.getBoolean(10), Rule.Trait.OBJECT_NAMES, traits);
            addIf(row.getBoolean(11), Rule.Trait.SYSTEM_COLUMNS, traits);
            return new Rule(
                    relation,
                    row.getString(2),
                    traits,
                    reads.getOrDefault(relation, List.of()),
                    calls.getOrDefault(relation, new TreeSet<>()),
                    row.getString(6));
        });
    }

    private static RowSecurity rowSecurity(boolean enabled, boolean forced) {
        if (!enabled) {
            return RowSecurity.OFF;
        }
        return forced ? RowSecurity.FORCED : RowSecurity.ON;
    }

    private static Index index(ResultSet row) throws SQLException {
        Set<Index.Trait> traits = EnumSet.noneOf(Index.Trait.class);
        addIf(row.getBoolean(5), Index.Trait.UNIQUE, traits);
        addIf(row.getBoolean(6), Index.Trait.VALID, traits);
        addIf(row.getBoolean(7), Index.Trait.IMMEDIATE, traits);
        addIf(row.getBoolean(8), Index.Trait.PRIMARY, traits);
        addIf(row.getBoolean(9), Index.Trait.REPLICA_IDENTITY, traits);
        addIf(row.getBoolean(10), Index.Trait.PARTIAL, traits);
        addIf(row.getBoolean(11), Index.Trait.BTREE, traits);
        return new Index(row.getLong(1), row.getLong(2), row.getString(3), integers(row, 4), traits);
    }

    private static Function function(ResultSet row) throws SQLException {
        return new Function(
                row.getLong(1),
                row.getString(2),
                row.getString(3),
                row.getString(4),
                row.getString(5).charAt(0),
                row.getString(6),
                row.getBoolean(7));
    }

    private static <T> void addIf(boolean condition, T trait, Set<T> traits) {
        if (condition) {
            traits.add(trait);
        }
    }

    private static List<Integer> integers(ResultSet row, int column) throws SQLException {
        Array array = row.getArray(column);
        return array == null ? Collections.emptyList() : Arrays.asList((Integer[]) array.getArray());
    }

    private <T> List<T> query(String sql, Collection<Long> oids, RowReader<T> reader) throws SQLException {
        try (PreparedStatement statement = KeptPlan.prepared(connection, sql)) {
            statement.setFetchSize(ROWS_AT_ONCE);
            statement.setArray(1, connection.createArrayOf("int8", oids.toArray(new Long[0])));
            try (ResultSet rows = statement.executeQuery()) {
                List<T> result = new ArrayList<>();
                while (rows.next()) {
                    result.add(reader.read(rows));
                }
                return result;
            }
        }
    }

    private interface RowReader<T> {
        T read(ResultSet row) throws SQLException;
    }
}
