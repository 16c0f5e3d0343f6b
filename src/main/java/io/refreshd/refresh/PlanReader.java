package io.refreshd.refresh;

import io.refreshd.database.PlainSession;
import io.refreshd.incremental.PlanLook;
import io.refreshd.model.TableId;
import java.sql.SQLException;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** Reads what the planner means to do for a query. The query is not run. */
final class PlanReader {
    private static final String COST =
            "SELECT CAST(CAST(:plan AS jsonb) #>> '{0,Plan,Total Cost}' AS double precision)";

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

    private final Handle transaction;
    private final PlainSession session;

    /** @param session the settings under which the query would run */
    PlanReader(Handle transaction, PlainSession session) {
        this.transaction = transaction;
        this.session = session;
    }

    PlanLook look(String query) throws SQLException {
        String plan = session.query(transaction.getConnection(), "EXPLAIN (VERBOSE, FORMAT JSON) " + query, row -> {
            row.next();
            return row.getString(1);
        });
        double cost = transaction
                .createQuery(COST)
                .bind("plan", plan)
                .mapTo(Double.class)
                .one();
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
        return new PlanLook(cost, scans, conditions);
    }
}
