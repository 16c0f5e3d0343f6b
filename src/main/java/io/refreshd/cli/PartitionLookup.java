package io.refreshd.cli;

import io.refreshd.catalog.TrustedCode;
import io.refreshd.model.Obstacle;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.Remedy;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Finds the partition that holds a row of a partitioned table. The log and the graph name only partitions. */
final class PartitionLookup {
    private PartitionLookup() {}

    /**
     * The result of a lookup.
     *
     * @param parents how many partitioned tables have the name
     * @param keyColumns the columns of the table's key, if exactly one table has the name
     * @param leaf oid of the partition; empty if there is no such row
     */
    record Found(int parents, List<String> keyColumns, Optional<Long> leaf) {}

    static Found find(Connection connection, String name, List<String> key) throws Exception {
        List<Long> oids = new ArrayList<>();
        String sqlName = "";
        try (PreparedStatement statement = connection.prepareStatement("""
                SELECT c.oid::int8, format('%I.%I', n.nspname, c.relname)
                  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                 WHERE c.relkind = 'p'
                   AND ? IN (c.relname, n.nspname || '.' || c.relname, format('"%s"."%s"', n.nspname, c.relname))
                """)) {
            statement.setString(1, name);
            try (ResultSet rows = statement.executeQuery()) {
                while (rows.next()) {
                    oids.add(rows.getLong(1));
                    sqlName = rows.getString(2);
                }
            }
        }
        if (oids.size() != 1) {
            return new Found(oids.size(), List.of(), Optional.empty());
        }
        ExplainedRow.Key columns = ExplainedRow.key(connection, oids.getFirst());
        if (columns.names().size() != key.size()) {
            return new Found(1, columns.names(), Optional.empty());
        }
        Optional<Obstacle> untrusted = TrustedCode.obstacle(connection, oids.getFirst(), TrustedCode.Use.ROWS);
        if (untrusted.isPresent()) {
            throw new PrerequisitesMissingException(List.of(new Obstacle(
                    "refreshd does not look for the row's partition: "
                            + untrusted.get().what(),
                    Remedy.text("name the partition in place of " + name))));
        }
        return new Found(1, columns.names(), leaf(connection, sqlName, columns, key));
    }

    private static Optional<Long> leaf(Connection connection, String table, ExplainedRow.Key columns, List<String> key)
            throws Exception {
        try (PreparedStatement statement =
                connection.prepareStatement("SELECT tableoid::int8 FROM " + table + " WHERE " + columns.condition())) {
            for (int i = 0; i < key.size(); i++) {
                statement.setString(i + 1, key.get(i));
            }
            try (ResultSet row = statement.executeQuery()) {
                return row.next() ? Optional.of(row.getLong(1)) : Optional.empty();
            }
        } catch (SQLException failure) {
            throw ExplainedRow.withRemedy(failure, table);
        }
    }
}
