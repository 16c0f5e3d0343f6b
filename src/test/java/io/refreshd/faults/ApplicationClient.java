package io.refreshd.faults;

import java.sql.Connection;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import java.util.concurrent.atomic.AtomicLong;
import java.util.random.RandomGenerator;

/** One client of the application: runs transaction after transaction until it is stopped, and reconnects after an error. */
final class ApplicationClient implements Runnable {
    private final DatabaseServer server;
    private final RandomGenerator random;
    private final AtomicLong nextId;
    private final StopSignal stop;
    private final CampaignStatistics statistics;
    private final boolean bulk;

    /** @param bulk whether this client runs large transactions, rarely, and no others */
    ApplicationClient(
            DatabaseServer server,
            SplittableRandom random,
            AtomicLong nextId,
            StopSignal stop,
            CampaignStatistics statistics,
            boolean bulk) {
        this.server = server;
        this.random = random;
        this.nextId = nextId;
        this.stop = stop;
        this.statistics = statistics;
        this.bulk = bulk;
    }

    @Override
    public void run() {
        while (!stop.isSet()) {
            try (Connection connection = server.connect("application")) {
                try (Statement statement = connection.createStatement()) {
                    statement.execute("SET lock_timeout = '5s'");
                }
                while (!stop.isSet()) {
                    if (bulk && CampaignTopics.areFarBehind(connection)) {
                        stop.sleep(200);
                        continue;
                    }
                    one(connection);
                    stop.sleep(bulk ? 500 + random.nextInt(6_000) : random.nextInt(60));
                }
            } catch (SQLException e) {
                statistics.count("application errors");
                stop.sleep(100);
            }
        }
    }

    private void one(Connection connection) throws SQLException {
        connection.setAutoCommit(false);
        TransactionWriter writes = new TransactionWriter(connection, random, nextId);
        if (bulk) {
            switch (random.nextInt(4)) {
                case 0, 1 -> writes.bulk();
                case 2 -> writes.truncate();
                default -> writes.replaceMain();
            }
            commit(connection, writes.txn());
            return;
        }
        boolean tagged = random.nextInt(5) < 2;
        int wanted = 2 + random.nextInt(3);
        if (tagged) {
            writes.tags(1, wanted);
        }
        boolean slow = random.nextInt(60) == 0;
        int statements = 1 + random.nextInt(4);
        for (int i = 0; i < statements; i++) {
            writes.random();
            if (slow) {
                stop.sleep(random.nextInt(2_500));
            }
        }
        if (tagged) {
            writes.tags(wanted - 1, wanted);
        }
        int end = random.nextInt(100);
        if (end < 8) {
            connection.rollback();
            statistics.count("rolled back");
        } else if (end < 14) {
            prepare(connection, writes);
        } else {
            commit(connection, writes.txn());
        }
    }

    private void commit(Connection connection, long txn) throws SQLException {
        connection.commit();
        connection.setAutoCommit(true);
        done(connection, txn);
    }

    private void prepare(Connection connection, TransactionWriter writes) throws SQLException {
        writes.run("PREPARE TRANSACTION '" + writes.txn() + "'");
        connection.setAutoCommit(true);
        stop.sleep(random.nextInt(800));
        if (random.nextInt(4) == 0) {
            writes.run("ROLLBACK PREPARED '" + writes.txn() + "'");
            statistics.count("rolled back");
        } else {
            writes.run("COMMIT PREPARED '" + writes.txn() + "'");
            statistics.count("two-phase commits");
            done(connection, writes.txn());
        }
    }

    /** Records a position behind the commit: the position is read after the commit has returned. */
    private void done(Connection connection, long txn) throws SQLException {
        statistics.count("committed");
        try (Statement statement = connection.createStatement()) {
            statement.execute("SET synchronous_commit = off");
            statement.execute(
                    "INSERT INTO oracle.done VALUES (" + txn + ", pg_current_wal_insert_lsn()) ON CONFLICT DO NOTHING");
            statement.execute("SET synchronous_commit = on");
        }
    }

    /** Commits the prepared transactions that a crash has left without a client. */
    static void resolvePrepared(DatabaseServer server) throws SQLException {
        try (Connection connection = server.connect("application");
                Statement statement = connection.createStatement()) {
            List<String> left = new ArrayList<>();
            try (ResultSet rows = statement.executeQuery("SELECT gid FROM pg_prepared_xacts WHERE prepared"
                    // The clock of the server may have been moved, so a time in the future counts as old too.
                    + " NOT BETWEEN clock_timestamp() - interval '3s' AND clock_timestamp()")) {
                while (rows.next()) {
                    left.add(rows.getString(1));
                }
            }
            for (String gid : left) {
                statement.execute("COMMIT PREPARED '" + gid + "'");
            }
        }
    }
}
