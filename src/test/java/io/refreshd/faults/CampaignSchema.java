package io.refreshd.faults;

import java.sql.SQLException;
import java.util.ArrayList;
import java.util.List;

/** Tables and views of a campaign, and a journal in which each transaction records the keys that it changes. */
final class CampaignSchema {
    static final int ROWS = 3_000;
    static final int PAIRS = 500;
    static final int ACCOUNTS = 400;

    private CampaignSchema() {}

    static void create(DatabaseServer server, int items, CampaignEnvironment environment) throws SQLException {
        List<String> statements = new ArrayList<>();
        if (environment.unprivileged()) {
            statements.addAll(List.of(
                    "CREATE ROLE app",
                    "CREATE ROLE refreshd LOGIN REPLICATION IN ROLE app",
                    "GRANT CREATE ON DATABASE postgres TO app, refreshd",
                    "GRANT CREATE ON SCHEMA public TO app"));
        }
        statements.addAll(HostileNeighbour.role(environment.unprivileged()));
        if (environment.unprivileged()) {
            statements.add("SET ROLE app");
        }
        statements.addAll(List.of(
                "CREATE TABLE main (id bigint PRIMARY KEY, role text NOT NULL, v bigint NOT NULL, note text, txn bigint)",
                "INSERT INTO main SELECT i, chr(97 + (i % 3)::int), i, '', 0 FROM generate_series(1, " + ROWS + ") i",
                "CREATE TABLE items (id bigint PRIMARY KEY, amount bigint NOT NULL, note text) WITH (fillfactor = 50)",
                "INSERT INTO items SELECT i, 0, '' FROM generate_series(1, " + items + ") i",
                "ALTER TABLE items REPLICA IDENTITY FULL",
                "CREATE TABLE lefts (id bigint PRIMARY KEY, ver bigint NOT NULL, note text)",
                "CREATE TABLE rights (id bigint PRIMARY KEY, ver bigint NOT NULL)",
                "INSERT INTO lefts SELECT i, 0 FROM generate_series(1, " + PAIRS + ") i",
                "INSERT INTO rights SELECT i, 0 FROM generate_series(1, " + PAIRS + ") i",
                "CREATE TABLE accounts (id bigint PRIMARY KEY, balance bigint NOT NULL)",
                "INSERT INTO accounts SELECT i, 0 FROM generate_series(1, " + ACCOUNTS + ") i",
                "CREATE TABLE tags (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, txn bigint, wanted int)",
                "CREATE TABLE events (id bigint, day int, v bigint, PRIMARY KEY (id, day)) PARTITION BY RANGE (day)",
                "CREATE TABLE events_1 PARTITION OF events FOR VALUES FROM (0) TO (50)",
                "CREATE TABLE events_2 PARTITION OF events FOR VALUES FROM (50) TO (100)",
                "CREATE SCHEMA oracle",
                "CREATE SEQUENCE oracle.txn",
                // One row for each range of changed keys; lo = hi for a single key. A rolled back transaction leaves
                // no row.
                "CREATE TABLE oracle.journal (txn bigint, tab text, lo bigint, hi bigint)",
                "CREATE INDEX ON oracle.journal (txn)",
                // upper: a position at or behind the commit of the transaction. Written after the commit.
                "CREATE TABLE oracle.done (txn bigint PRIMARY KEY, upper pg_lsn NOT NULL)",
                "CREATE INDEX ON oracle.done (upper)"));
        if (environment.fullIdentity()) {
            statements.add("ALTER TABLE main REPLICA IDENTITY FULL");
        }
        for (CheckedView view : CheckedView.ALL) {
            if (view.name().equals("two_roles")) {
                statements.add("CREATE VIEW role_a_and_b AS SELECT id, 'a' AS role, v, txn FROM role_a"
                        + " UNION ALL SELECT id, 'b', v, txn FROM role_b");
            }
            statements.add("CREATE MATERIALIZED VIEW " + view.name() + " AS " + view.definition());
            // A key that moved from one role to the other is in both views while only one of them has been refreshed.
            String unique = view.name().equals("two_roles") ? "k, role" : view.key();
            statements.add("CREATE UNIQUE INDEX ON " + view.name() + " (" + unique + ")");
        }
        server.execute(statements.toArray(String[]::new));
        HostileNeighbour.settle(server);
    }
}
