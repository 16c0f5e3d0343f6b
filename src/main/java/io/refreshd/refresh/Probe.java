package io.refreshd.refresh;

import io.refreshd.model.KeyProbe;
import io.refreshd.model.RefreshTask;
import io.refreshd.model.SqlNames;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Savepoint;
import java.sql.Statement;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.jdbi.v3.core.Handle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Compares the rows of a view that stem from changed rows with what its definition says of them now. Both sides are sorted
 * and compared by their bytes, as the server stores them: so NULL, duplicates and types that know no equality are handled,
 * and 1.0 differs from 1.00.
 */
final class Probe {
    private static final Logger log = LoggerFactory.getLogger(Probe.class);

    private Probe() {}

    /**
     * Whether view and definition agree; in doubt, and when the probe fails, they do not. Whatever it sets is undone: the
     * definition is read with an empty search path, so that it comes fully qualified, and a REFRESH may need the usual one.
     */
    static boolean agrees(Handle transaction, RefreshTask task) {
        Connection connection = transaction.getConnection();
        try {
            Savepoint savepoint = connection.setSavepoint();
            boolean agrees = false;
            try {
                agrees = compare(connection, task);
            } catch (SQLException notProbed) {
                // For want of a privilege, say. The refresh itself says whatever there is to be said.
                log.atDebug()
                        .addKeyValue("view", task.view())
                        .setCause(notProbed)
                        .log("Could not be probed");
            }
            connection.rollback(savepoint);
            return agrees;
        } catch (SQLException lost) {
            log.atDebug().addKeyValue("view", task.view()).setCause(lost).log("Could not be probed");
            return false;
        }
    }

    private static boolean compare(Connection connection, RefreshTask task) throws SQLException {
        String definition;
        int width;
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET LOCAL search_path = pg_catalog, pg_temp");
        }
        try (PreparedStatement statement = connection.prepareStatement("""
                SELECT pg_catalog.pg_get_viewdef(?::bigint::oid), pg_catalog.max(attnum)::int, pg_catalog.count(*)::int
                  FROM pg_catalog.pg_attribute WHERE attrelid = ?::bigint::oid AND attnum > 0 AND NOT attisdropped
                """)) {
            statement.setLong(1, task.oid());
            statement.setLong(2, task.oid());
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                definition = row.getString(1).strip();
                width = row.getInt(2);
                if (width != row.getInt(3)) {
                    return false;
                }
            }
        }
        if (definition.endsWith(";")) {
            definition = definition.substring(0, definition.length() - 1);
        }
        for (KeyProbe probe : task.probes()) {
            if (differs(connection, task, definition, width, probe)) {
                return false;
            }
        }
        return true;
    }

    private static boolean differs(
            Connection connection, RefreshTask task, String definition, int width, KeyProbe probe) throws SQLException {
        String columns = IntStream.rangeClosed(1, width).mapToObj(i -> "c" + i).collect(Collectors.joining(", "));
        String keys = IntStream.range(0, probe.types().size())
                .mapToObj(i -> "?::text[]::" + probe.types().get(i) + "[]")
                .collect(Collectors.joining(", "));
        String condition = condition(probe);
        // Of one column: = ANY, which the planner turns into index look-ups on either side.
        String matching = probe.positions().size() == 1
                ? "WHERE x.c" + probe.positions().getFirst() + " = ANY (" + keys + ")"
                : "WHERE EXISTS (SELECT FROM ROWS FROM (" + unnested(probe) + ") AS k(" + names(probe) + ") WHERE "
                        + condition + ")";
        String sql = """
                SELECT EXISTS (
                  SELECT FROM (SELECT r, row_number() OVER (ORDER BY r USING OPERATOR(pg_catalog.*<)) AS n
                                 FROM (SELECT ROW(%1$s) AS r FROM (%2$s) AS x(%1$s) %4$s) AS d) AS a
                  FULL JOIN (SELECT r, row_number() OVER (ORDER BY r USING OPERATOR(pg_catalog.*<)) AS n
                               FROM (SELECT ROW(%1$s) AS r FROM %3$s AS x(%1$s) %4$s) AS v) AS b ON a.n = b.n
                  WHERE a.n IS NULL OR b.n IS NULL OR NOT a.r OPERATOR(pg_catalog.*=) b.r)
                """.formatted(columns, definition, SqlNames.qualified(task.view()), matching);
        try (PreparedStatement statement = connection.prepareStatement(sql)) {
            int parameter = 1;
            for (int side = 0; side < 2; side++) {
                for (int i = 0; i < probe.positions().size(); i++) {
                    int column = i;
                    List<String> values =
                            probe.keys().stream().map(key -> key.get(column)).toList();
                    statement.setArray(parameter++, connection.createArrayOf("text", values.toArray()));
                }
            }
            try (ResultSet row = statement.executeQuery()) {
                row.next();
                return row.getBoolean(1);
            }
        }
    }

    private static String unnested(KeyProbe probe) {
        return probe.types().stream()
                .map(type -> "unnest(?::text[]::" + type + "[])")
                .collect(Collectors.joining(", "));
    }

    private static String names(KeyProbe probe) {
        return IntStream.range(0, probe.types().size()).mapToObj(i -> "k" + i).collect(Collectors.joining(", "));
    }

    private static String condition(KeyProbe probe) {
        return IntStream.range(0, probe.positions().size())
                .mapToObj(i -> "x.c" + probe.positions().get(i) + " = k.k" + i)
                .collect(Collectors.joining(" AND "));
    }
}
