package io.refreshd.catalog;

import io.refreshd.catalog.ContentDependencies.DatabaseObject;
import io.refreshd.catalog.ContentDependencies.Kind;
import io.refreshd.catalog.ContentDependencies.Part;
import io.refreshd.catalog.ContentDependencies.Subject;
import java.sql.Array;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;

/**
 * Runs the queries of {@link ContentSql} and {@link ObjectClosureSql}. Their number does not depend on the number of views.
 *
 * <p>Thread: the one that owns the connection.
 */
final class ContentQueries {
    private final Connection connection;

    ContentQueries(Connection connection) {
        this.connection = connection;
    }

    /** @param relations oids of all views and of all relations that they read */
    ContentDependencies read(Collection<Long> relations) throws SQLException {
        Map<Long, Map<Integer, Part>> parts = parts(relations);
        TreeSet<ObjectRef> start = new TreeSet<>();
        parts.values().forEach(numbered -> numbered.values().forEach(part -> start.addAll(part.references())));
        return new ContentDependencies(parts, objects(start), facts(relations));
    }

    private Map<Long, Map<Integer, Part>> parts(Collection<Long> relations) throws SQLException {
        Map<Long, Map<Integer, Part>> parts = new HashMap<>();
        try (PreparedStatement statement = KeptPlan.prepared(connection, ContentSql.PARTS)) {
            statement.setArray(1, oids(relations));
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    parts.computeIfAbsent(row.getLong(1), relation -> new HashMap<>())
                            .put(row.getInt(2), new Part(row.getString(3), references(row, 4)));
                }
            }
        }
        return parts;
    }

    private Map<ObjectRef, DatabaseObject> objects(Collection<ObjectRef> start) throws SQLException {
        Map<ObjectRef, DatabaseObject> objects = new HashMap<>();
        if (start.isEmpty()) {
            return objects;
        }
        try (PreparedStatement statement = KeptPlan.prepared(connection, ObjectClosureSql.OBJECTS)) {
            statement.setArray(
                    1,
                    connection.createArrayOf(
                            "text", start.stream().map(ObjectRef::toString).toArray()));
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    objects.put(
                            ObjectRef.parse(row.getString(1)),
                            new DatabaseObject(
                                    text(row, 2),
                                    text(row, 3),
                                    references(row, 4),
                                    ObjectsInFlux.read(text(row, 6), row.getString(5))));
                }
            }
        }
        return objects;
    }

    private Map<Subject, String> facts(Collection<Long> relations) throws SQLException {
        Map<Subject, String> facts = new HashMap<>();
        try (PreparedStatement statement = KeptPlan.prepared(connection, ContentSql.FACTS)) {
            for (int parameter = 1; parameter <= 3; parameter++) {
                statement.setArray(parameter, oids(relations));
            }
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    facts.put(
                            new Subject(Kind.valueOf(row.getString(1)), row.getLong(2), row.getLong(3)),
                            row.getString(4));
                }
            }
        }
        return facts;
    }

    private Array oids(Collection<Long> relations) throws SQLException {
        return connection.createArrayOf("int8", relations.toArray(new Long[0]));
    }

    /** A state that is null belongs to an object that was dropped while the catalog was read, or that has none of its own. */
    private static String text(ResultSet row, int column) throws SQLException {
        String text = row.getString(column);
        return text == null ? "" : text;
    }

    private static List<ObjectRef> references(ResultSet row, int column) throws SQLException {
        Array array = row.getArray(column);
        return array == null
                ? List.of()
                : Arrays.stream((String[]) array.getArray())
                        .map(ObjectRef::parse)
                        .sorted()
                        .toList();
    }
}
