package io.refreshd.bench;

import io.refreshd.demo.LocalPostgres;
import java.nio.ByteBuffer;
import java.sql.Connection;
import java.sql.DriverManager;
import java.util.Properties;
import org.postgresql.PGConnection;
import org.postgresql.PGProperty;
import org.postgresql.replication.PGReplicationStream;

/** The least that can read a slot: pgjdbc's stream of pgoutput, and a counter. */
final class BareReader {
    private BareReader() {}

    /** Reads up to the end of the first transaction that updates rows. @return updates per second */
    static double drain(String url, String slot, String publication) throws Exception {
        Properties properties = new Properties();
        PGProperty.USER.set(properties, LocalPostgres.USER);
        PGProperty.PASSWORD.set(properties, "");
        PGProperty.REPLICATION.set(properties, "database");
        PGProperty.ASSUME_MIN_SERVER_VERSION.set(properties, "15");
        PGProperty.PREFER_QUERY_MODE.set(properties, "simple");
        long changes = 0;
        try (Connection connection = DriverManager.getConnection(url, properties)) {
            long begin = System.nanoTime();
            PGReplicationStream stream = connection
                    .unwrap(PGConnection.class)
                    .getReplicationAPI()
                    .replicationStream()
                    .logical()
                    .withSlotName(slot)
                    .withSlotOption("proto_version", 1)
                    .withSlotOption("publication_names", publication)
                    .withSlotOption("messages", true)
                    .start();
            while (true) {
                ByteBuffer message = stream.read();
                byte type = message.get();
                if (type == 'U') {
                    changes++;
                } else if (type == 'C' && changes > 1) {
                    return changes / ((System.nanoTime() - begin) / 1e9);
                }
            }
        }
    }
}
