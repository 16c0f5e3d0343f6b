package io.refreshd.faults;

import java.util.List;

/**
 * A materialized view of a campaign and a query for its correct content, which reads no other materialized view.
 *
 * @param truth the query for the correct content, from base tables; its first column is called k
 * @param columns the columns to compare, k first
 * @param tables the tables whose journal rows can explain a difference
 * @param bucketed whether k is a base key modulo {@link #BUCKETS}, so that many keys contribute to one row
 * @param partialTransactions a query that counts rows which prove that the view holds a part of a transaction; may be empty
 */
record CheckedView(
        String name,
        String columns,
        String definition,
        String truth,
        List<String> tables,
        boolean bucketed,
        String partialTransactions) {
    static final int BUCKETS = 64;

    /** In dependency order. */
    static final List<CheckedView> ALL = List.of(
            role("a"),
            role("b"),
            role("c"),
            new CheckedView(
                    "role_totals",
                    "k, n, v",
                    "SELECT id % 64 AS k, count(*) AS n, sum(v) AS v FROM role_a GROUP BY 1",
                    "SELECT id % 64 AS k, count(*) AS n, sum(v) AS v FROM main WHERE role = 'a' GROUP BY 1",
                    List.of("main"),
                    true,
                    ""),
            new CheckedView(
                    "two_roles",
                    "k, role, v, txn",
                    "SELECT id AS k, role, v, txn FROM role_a_and_b",
                    "SELECT id AS k, role, v, txn FROM main WHERE role IN ('a', 'b')",
                    List.of("main"),
                    false,
                    ""),
            new CheckedView(
                    "two_roles_count",
                    "k, n",
                    "SELECT k % 64 AS k, count(*) AS n FROM two_roles GROUP BY 1",
                    "SELECT id % 64 AS k, count(*) AS n FROM main WHERE role IN ('a', 'b') GROUP BY 1",
                    List.of("main"),
                    true,
                    ""),
            new CheckedView(
                    "item_sums",
                    "k, n, amount",
                    "SELECT id % 64 AS k, count(*) AS n, sum(amount) AS amount FROM items GROUP BY 1",
                    "SELECT id % 64 AS k, count(*) AS n, sum(amount) AS amount FROM items GROUP BY 1",
                    List.of("items"),
                    true,
                    // Every statement on items adds the same amount to all rows, and the set of rows never changes.
                    "SELECT count(*) FROM (SELECT count(DISTINCT amount::numeric / n) AS d FROM item_sums) x WHERE d > 1"),
            new CheckedView(
                    "joined",
                    "k, lver, rver",
                    "SELECT l.id AS k, l.ver AS lver, r.ver AS rver FROM lefts l JOIN rights r USING (id)",
                    "SELECT l.id AS k, l.ver AS lver, r.ver AS rver FROM lefts l JOIN rights r USING (id)",
                    List.of("pairs"),
                    false,
                    "SELECT count(*) FROM joined WHERE lver <> rver"),
            new CheckedView(
                    "balances",
                    "k, balance",
                    "SELECT id AS k, balance FROM accounts",
                    "SELECT id AS k, balance FROM accounts",
                    List.of("accounts"),
                    false,
                    "SELECT count(*) FROM (SELECT sum(balance) AS s FROM balances) x WHERE s <> 0"),
            new CheckedView(
                    "tags_by_txn",
                    "k, n, wanted",
                    "SELECT txn AS k, count(*) AS n, max(wanted) AS wanted FROM tags GROUP BY txn",
                    "SELECT txn AS k, count(*) AS n, max(wanted) AS wanted FROM tags GROUP BY txn",
                    List.of("tags"),
                    false,
                    "SELECT count(*) FROM tags_by_txn WHERE n <> wanted"),
            new CheckedView(
                    "all_events",
                    "k, day, v",
                    "SELECT id AS k, day, v FROM events",
                    "SELECT id AS k, day, v FROM events",
                    List.of("events"),
                    false,
                    ""));

    private static CheckedView role(String role) {
        String query = "SELECT id AS k, v, txn FROM main WHERE role = '" + role + "'";
        return new CheckedView(
                "role_" + role, "k, v, txn", query.replace("AS k", ""), query, List.of("main"), false, "");
    }

    /** The columns by their names in the view. */
    String ownColumns() {
        return name.startsWith("role_") && name.length() == 6 ? columns.replaceFirst("k", "id AS k") : columns;
    }

    String key() {
        return name.startsWith("role_") && name.length() == 6 ? "id" : "k";
    }
}
