package io.refreshd.catalog;

import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;

/**
 * The versions of the relations that views read. A version is a hash of all that DDL on the relation can change, and of what its owner may
 * do; two that are equal mean that nobody has altered any of this between the two readings, not even to and fro.
 *
 * <p>Functions, operators, types and text search objects are left out: the views that depend on them are marked when these change
 * ({@link Lineage}), and are in flux while they do.
 *
 * @param common the version of what concerns all relations: superusers, and settings of the database
 * @param relations by oid
 */
public record RelationVersions(String common, Map<Long, String> relations) {
    /** The versions of no relation. */
    public static final RelationVersions NONE = new RelationVersions("", Map.of());

    static RelationVersions read(Connection connection, Fingerprint fingerprint) throws SQLException {
        return read(connection, fingerprint.relations());
    }

    static RelationVersions read(Connection connection, Collection<Long> relations) throws SQLException {
        return read(connection, relations.stream().map(String::valueOf).collect(Collectors.joining(",")));
    }

    private static RelationVersions read(Connection connection, String oids) throws SQLException {
        return RelationVersionSql.READ.query(
                connection,
                row -> {
                    Map<Long, String> versions = new HashMap<>();
                    while (row.next()) {
                        versions.put(row.getLong(1), row.getString(2));
                    }
                    String common =
                            Objects.requireNonNull(versions.remove(0L), "the versions have a row for all relations");
                    return new RelationVersions(common, Map.copyOf(versions));
                },
                oids);
    }

    /** One version for each view: of itself, and of all that it reads. */
    public Map<ViewId, ViewVersion> ofViews(Catalog catalog, ViewGraph graph) {
        CatalogIndex index = new CatalogIndex(catalog);
        Map<ViewId, ViewVersion> versions = new HashMap<>();
        for (MaterializedView view : graph.views().values()) {
            Set<Long> read = new HashSet<>();
            read.add(view.oid());
            RelationClosure.of(view, index).forEach(relation -> read.add(relation.oid()));
            versions.put(view.id(), of(read));
        }
        return Map.copyOf(versions);
    }

    /** One version of several relations. */
    ViewVersion of(Set<Long> oids) {
        Map<Long, String> read = new TreeMap<>();
        oids.forEach(oid -> read.put(oid, relations.getOrDefault(oid, "")));
        return new ViewVersion(oids, read.containsValue("") ? "" : Hash.sha256(common + read));
    }
}
