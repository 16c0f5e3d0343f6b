package io.refreshd.faults;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/**
 * Checks the claims of the daemon by SQL alone.
 *
 * <p>In one snapshot the oracle reads the watermarks in {@code refreshd.freshness}, the content of the views, and the
 * correct content. Each difference must come from a transaction that may have committed behind the watermark of the view. No
 * view may ever hold a part of a transaction.
 */
final class Oracle implements AutoCloseable {
    private final Connection connection;
    private final CampaignStatistics statistics;

    Oracle(DatabaseServer server, CampaignStatistics statistics) throws SQLException {
        this.connection = server.connect("oracle");
        this.statistics = statistics;
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET lock_timeout = '20s'");
            statement.execute("SET jit = off");
        }
    }

    /** Checks all views once. */
    void check() throws SQLException, Violation {
        sweep();
        connection.setAutoCommit(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        try (Statement statement = connection.createStatement()) {
            // Before the snapshot, since a TRUNCATE that commits after it would be visible all the same.
            statement.execute("LOCK TABLE main, items, lefts, rights, accounts, tags, events IN ACCESS SHARE MODE");
            if (!one(statement, "SELECT to_regclass('refreshd.freshness') IS NOT NULL")
                    .equals("t")) {
                return;
            }
            for (CheckedView view : CheckedView.ALL) {
                check(statement, view);
            }
            statistics.count("looks of the oracle");
        } finally {
            connection.rollback();
            connection.setAutoCommit(true);
        }
    }

    /** Records the transactions whose client died between commit and record. What is visible now has committed before now. */
    private void sweep() throws SQLException {
        connection.setAutoCommit(true);
        connection.setTransactionIsolation(Connection.TRANSACTION_READ_COMMITTED);
        try (Statement statement = connection.createStatement()) {
            statement.execute("INSERT INTO oracle.done"
                    + " SELECT DISTINCT j.txn, pg_current_wal_insert_lsn() FROM oracle.journal j"
                    + " WHERE NOT EXISTS (SELECT FROM oracle.done d WHERE d.txn = j.txn) ON CONFLICT DO NOTHING");
        }
    }

    private void check(Statement statement, CheckedView view) throws SQLException, Violation {
        if (!view.partialTransactions().isEmpty()) {
            String partialTransactions = one(statement, view.partialTransactions());
            if (!partialTransactions.equals("0")) {
                throw new Violation(view.name() + " holds half of a transaction: " + partialTransactions + " rows of "
                        + view.partialTransactions() + evidence(statement, view, ""));
            }
        }
        String watermark = one(
                statement,
                "SELECT watermark FROM refreshd.freshness WHERE view_schema = 'public' AND view_name = '" + view.name()
                        + "'");
        if (watermark.isEmpty()) {
            statistics.count("claims of nothing");
            return;
        }
        statistics.count("claims checked");
        String tables = view.tables().stream().map(t -> "'" + t + "'").collect(Collectors.joining(", "));
        String single = view.bucketed() ? "p.lo % " + CheckedView.BUCKETS : "p.lo";
        String range = view.bucketed() ? "p.hi > p.lo" : "p.hi > p.lo AND d.k BETWEEN p.lo AND p.hi";
        String unexplained = one(
                statement,
                "WITH p AS MATERIALIZED (SELECT j.lo, j.hi FROM oracle.journal j LEFT JOIN oracle.done o USING (txn)"
                        + " WHERE j.tab IN (" + tables + ") AND (o.upper IS NULL OR o.upper > '" + watermark + "')),"
                        + " d AS MATERIALIZED (" + differences(view) + ")"
                        + " SELECT string_agg(k::text, ', ') FROM (SELECT DISTINCT k FROM d"
                        + " WHERE k NOT IN (SELECT " + single + " FROM p WHERE p.lo = p.hi)"
                        + " AND NOT EXISTS (SELECT FROM p WHERE " + range + ") ORDER BY k LIMIT 10) x");
        if (!unexplained.isEmpty()) {
            throw new Violation(view.name() + " claims " + watermark + " and lacks what committed before, at k = "
                    + unexplained + evidence(statement, view, unexplained));
        }
    }

    private static String differences(CheckedView view) {
        String truth = "SELECT " + view.columns() + " FROM (" + view.truth() + ") t";
        String held = "SELECT " + view.ownColumns() + " FROM " + view.name();
        return "(" + truth + " EXCEPT ALL " + held + ") UNION ALL (" + held + " EXCEPT ALL " + truth + ")";
    }

    /** The views that differ or are not fresh, with reasons; empty if all is well. */
    List<String> unfinished(String position) throws SQLException {
        connection.setAutoCommit(false);
        connection.setTransactionIsolation(Connection.TRANSACTION_REPEATABLE_READ);
        List<String> problems = new ArrayList<>();
        try (Statement statement = connection.createStatement()) {
            for (CheckedView view : CheckedView.ALL) {
                String differ = one(statement, "SELECT count(*) FROM (" + differences(view) + ") x");
                if (!differ.equals("0")) {
                    problems.add(view.name() + " differs in " + differ + " rows");
                }
                String word = one(
                        statement,
                        "SELECT state || CASE WHEN watermark >= '" + position + "' THEN '' ELSE ', behind' END || "
                                + "coalesce(': ' || reason, '') FROM refreshd.freshness WHERE view_name = '"
                                + view.name() + "'");
                if (!word.equals("fresh")) {
                    problems.add(view.name() + " is " + word);
                }
            }
        } finally {
            connection.rollback();
        }
        return problems;
    }

    /** The state of the daemon, the slot and the journal, for the report of a violation. */
    private static String evidence(Statement statement, CheckedView view, String keys) throws SQLException {
        StringBuilder text = new StringBuilder();
        List<String> queries = new ArrayList<>(List.of(
                "SELECT clock_timestamp(), pg_current_snapshot(), pg_current_wal_insert_lsn()",
                "SELECT * FROM refreshd.stream",
                "SELECT view_name, marked, covered, dirty_since, watermark, snapshot, refreshed_at, failures, suspended_what"
                        + " FROM refreshd.view_state",
                "SELECT * FROM refreshd.refresh_history WHERE view_name = '" + view.name()
                        + "' ORDER BY id DESC LIMIT 8",
                "SELECT slot_name, active, restart_lsn, confirmed_flush_lsn FROM pg_replication_slots",
                "SELECT * FROM refreshd.enrolled_table"));
        if (!keys.isEmpty()) {
            String tables = view.tables().stream().map(t -> "'" + t + "'").collect(Collectors.joining(", "));
            String hit = view.bucketed()
                    ? "(j.hi > j.lo OR j.lo % 64 IN (" + keys + "))"
                    : "EXISTS (SELECT FROM unnest(ARRAY[" + keys + "]) x WHERE x BETWEEN j.lo AND j.hi)";
            queries.add(
                    "SELECT j.*, o.upper, j.xmin FROM oracle.journal j LEFT JOIN oracle.done o USING (txn) WHERE j.tab IN ("
                            + tables + ") AND " + hit + " ORDER BY o.upper DESC NULLS FIRST LIMIT 20");
            queries.add("SELECT * FROM (" + differences(view) + ") x WHERE k IN (" + keys + ") LIMIT 20");
        }
        for (String sql : queries) {
            text.append("\n  ").append(sql);
            try (ResultSet rows = statement.executeQuery(sql)) {
                while (rows.next()) {
                    text.append("\n    ");
                    for (int i = 1; i <= rows.getMetaData().getColumnCount(); i++) {
                        text.append(rows.getMetaData().getColumnLabel(i))
                                .append('=')
                                .append(rows.getString(i))
                                .append("  ");
                    }
                }
            }
        }
        return text.toString();
    }

    /** The first column of the first row as text; empty for none and for null. */
    String one(String sql) throws SQLException {
        connection.setAutoCommit(true);
        try (Statement statement = connection.createStatement()) {
            return one(statement, sql);
        }
    }

    private static String one(Statement statement, String sql) throws SQLException {
        try (ResultSet row = statement.executeQuery(sql)) {
            if (!row.next()) {
                return "";
            }
            String value = row.getString(1);
            return value == null ? "" : value;
        }
    }

    @Override
    public void close() throws SQLException {
        connection.close();
    }
}
