package io.refreshd.doctor;

import io.refreshd.catalog.BaseTable;
import io.refreshd.catalog.CatalogReader;
import io.refreshd.catalog.ViewGraph;
import io.refreshd.config.Configuration;
import io.refreshd.model.TableId;
import io.refreshd.roles.RoleTables;
import java.sql.SQLException;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * The tables whose changes the publication has to contain. They are the tables that views read, including role views that do not
 * exist yet, and the tables that the roles are read from: a new role means a new view.
 *
 * @param tables all of them, by name
 * @param ofRoles the names of those that roles are read from
 */
public record RequiredTables(Map<TableId, BaseTable> tables, Set<TableId> ofRoles) {
    public static RequiredTables of(Handle handle, Configuration configuration, ViewGraph graph) throws SQLException {
        return of(handle, RoleTables.of(handle.getConnection(), configuration.roleViews()), graph);
    }

    /** @param declared the tables of the templates */
    public static RequiredTables of(Handle handle, RoleTables declared, ViewGraph graph) throws SQLException {
        Map<TableId, BaseTable> tables = new TreeMap<>(graph.tables());
        for (Set<TableId> names : List.of(declared.ofViews(), declared.ofRoles())) {
            CatalogReader.tables(handle.getConnection(), names).forEach(table -> tables.putIfAbsent(table.id(), table));
        }
        Set<TableId> ofRoles = new HashSet<>(declared.ofRoles());
        ofRoles.retainAll(tables.keySet());
        return new RequiredTables(tables, ofRoles);
    }

    /**
     * The tables that can be published without harm. PostgreSQL refuses an UPDATE or DELETE of a published table that has no
     * replica identity, so publishing such a table would make the application's own statements fail.
     */
    public Set<TableId> publishable() {
        return tables.values().stream()
                .filter(table -> table.notPublishable().isEmpty())
                .map(BaseTable::id)
                .collect(Collectors.toSet());
    }
}
