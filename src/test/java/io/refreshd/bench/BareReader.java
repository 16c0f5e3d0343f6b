package io.refreshd.bench;

import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.SQLException;
import java.util.Properties;
import java.util.concurrent.TimeUnit;
import org.postgresql.PGConnection;
import org.postgresql.PGProperty;
import org.postgresql.replication.PGReplicationStream;

/** The cheapest reader of a slot: the replication stream of pgjdbc with the options that refreshd uses, and a counter. */
final class BareReader {
    /** The environment variable with the password, which must not be visible in a command line. */
    static final String PASSWORD = "BENCH_PASSWORD";

    private BareReader() {}

    /**
     * Reads and acknowledges until it is killed. Arguments: URL, user, slot, publication; the password is in {@link
     * #PASSWORD}.
     */
    public static void main(String... arguments) throws SQLException {
        String password = System.getenv().getOrDefault(PASSWORD, "");
        try (Connection connection = connect(arguments[0], arguments[1], password)) {
            PGReplicationStream stream = stream(connection, arguments[2], arguments[3]);
            while (true) {
                stream.read();
                // The driver sends these positions with its next status, every second.
                stream.setFlushedLSN(stream.getLastReceiveLSN());
                stream.setAppliedLSN(stream.getLastReceiveLSN());
            }
        }
    }

    /**
     * Reads up to the end of the transaction that contains the last of this number of updates.
     *
     * @return updates per second
     */
    static double drain(BenchDatabase database, String slot, String publication, long updates) throws SQLException {
        long read = 0;
        try (Connection connection = connect(
                database.url(), database.server().user(), database.server().password())) {
            long begin = System.nanoTime();
            PGReplicationStream stream = stream(connection, slot, publication);
            while (true) {
                ByteBuffer message = stream.read();
                byte type = message.get();
                if (type == 'U') {
                    read++;
                } else if (type == 'C' && read >= updates) {
                    return read / ((System.nanoTime() - begin) / 1e9);
                }
            }
        }
    }

    private static Connection connect(String url, String user, String password) throws SQLException {
        Properties properties = new Properties();
        PGProperty.USER.set(properties, user);
        PGProperty.PASSWORD.set(properties, password);
        PGProperty.REPLICATION.set(properties, "database");
        PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "15");
        PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
        return DriverManager.getConnection(url, properties);
    }

    private static PGReplicationStream stream(Connection connection, String slot, String publication)
            throws SQLException {
        return connection
                .unwrap(PGConnection.class)
                .getReplicationAPI()
                .replicationStream()
                .logical()
                .withSlotName(slot)
                .withStatusInterval(1, TimeUnit.SECONDS)
                .withSlotOption("proto_version", 1)
                .withSlotOption("publication_names", publication)
                .withSlotOption("messages", true)
                .start();
    }
}
