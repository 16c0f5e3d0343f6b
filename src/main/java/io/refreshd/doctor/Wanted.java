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
 * The tables that have to be in the log: what views read, also role views that are yet to be made, and where roles come from,
 * since a change of the roles is a change of which views there are.
 *
 * @param tables by name
 * @param ofRoles those of them where roles come from
 */
public record Wanted(Map<TableId, BaseTable> tables, Set<TableId> ofRoles) {
    public static Wanted of(Handle handle, Configuration configuration, ViewGraph graph) throws SQLException {
        RoleTables behind = RoleTables.of(handle.getConnection(), configuration.roleViews());
        Map<TableId, BaseTable> tables = new TreeMap<>(graph.tables());
        for (Set<TableId> names : List.of(behind.ofViews(), behind.ofRoles())) {
            CatalogReader.tables(handle.getConnection(), names).forEach(table -> tables.putIfAbsent(table.id(), table));
        }
        Set<TableId> ofRoles = new HashSet<>(behind.ofRoles());
        ofRoles.retainAll(tables.keySet());
        return new Wanted(tables, ofRoles);
    }

    /** Those that can be published without making a statement of the application fail. */
    public Set<TableId> publishable() {
        return tables.values().stream()
                .filter(table -> table.notPublishable().isEmpty())
                .map(BaseTable::id)
                .collect(Collectors.toSet());
    }
}
