package io.refreshd.refresh;

import io.refreshd.database.PlainSession;
import io.refreshd.incremental.PlanLook;
import io.refreshd.model.TableId;
import java.sql.SQLException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jdbi.v3.core.Handle;

/** Reads what the planner means to do for a query. The query is not run. */
final class PlanReader {
    private static final String SCANS = """
            SELECT n ->> 'Schema', n ->> 'Relation Name', n ->> 'Alias', CAST(n ->> 'Total Cost' AS double precision),
                   coalesce(n ->> 'Filter', '')
              FROM jsonb_path_query(CAST(:plan AS jsonb), 'strict $.** ? (@."Node Type" == "Seq Scan")') AS n
            """;

    private static final String CONDITIONS = """
            SELECT DISTINCT c.condition
              FROM jsonb_path_query(CAST(:plan AS jsonb), 'strict $.** ? (@."Node Type" like_regex "Join|Loop")') AS n
             CROSS JOIN LATERAL (VALUES (n ->> 'Hash Cond'), (n ->> 'Merge Cond'), (n ->> 'Join Filter')) AS c (condition)
             WHERE c.condition IS NOT NULL
            """;

    /** The first one is that of the whole plan. In a name, the quotes would have backslashes before them. */
    private static final Pattern TOTAL_COST = Pattern.compile("\"Total Cost\": ([0-9.]+)");

    private final Handle transaction;
    private final PlainSession session;

    /** @param session the settings under which the query would run */
    PlanReader(Handle transaction, PlainSession session) {
        this.transaction = transaction;
        this.session = session;
    }

    /** The cost of the whole plan, in the planner's unit. */
    double cost(String query) throws SQLException {
        Matcher cost = TOTAL_COST.matcher(explain("EXPLAIN (FORMAT JSON) " + query));
        if (!cost.find()) {
            throw new SQLException("EXPLAIN has given no cost");
        }
        return Double.parseDouble(cost.group(1));
    }

    private String explain(String explain) throws SQLException {
        return session.query(transaction.getConnection(), explain, row -> {
            row.next();
            return row.getString(1);
        });
    }

    PlanLook look(String query) throws SQLException {
        String plan = explain("EXPLAIN (VERBOSE, FORMAT JSON) " + query);
        List<PlanLook.Scan> scans = transaction
                .createQuery(SCANS)
                .bind("plan", plan)
                .map((row, context) -> new PlanLook.Scan(
                        new TableId(row.getString(1), row.getString(2)),
                        row.getString(3),
                        row.getDouble(4),
                        row.getString(5)))
                .list();
        List<String> conditions = transaction
                .createQuery(CONDITIONS)
                .bind("plan", plan)
                .mapTo(String.class)
                .list();
        return new PlanLook(scans, conditions);
    }
}
