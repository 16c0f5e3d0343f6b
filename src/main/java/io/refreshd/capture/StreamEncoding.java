package io.refreshd.capture;

import io.refreshd.model.Interest;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.Optional;
import java.util.function.Function;
import org.postgresql.PGConnection;

/**
 * The encoding of the names and values in a stream: UTF-8, or that of the database.
 *
 * <p>The server fails at a row, a name or a prefix that it cannot convert to UTF-8, each time anew. Anybody may write one where the
 * database is not in UTF-8. So nothing is converted there: values are compared as bytes, and names are decoded one by one.
 */
final class StreamEncoding {
    static final StreamEncoding UTF8 = new StreamEncoding(true, name -> Optional.empty());

    private final boolean utf8;
    private final Function<byte[], Optional<String>> names;

    private StreamEncoding(boolean utf8, Function<byte[], Optional<String>> names) {
        this.utf8 = utf8;
        this.names = names;
    }

    /** @param names decodes a name in the database's encoding; empty: the server cannot send the name in UTF-8 */
    static StreamEncoding ofDatabase(Function<byte[], Optional<String>> names) {
        return new StreamEncoding(false, names);
    }

    /**
     * Sets the encoding of a connection that is about to stream. The publication's name is sent in it as well, so one that is not ASCII
     * keeps UTF-8.
     */
    static StreamEncoding begin(Connection replication, String publication, Function<byte[], Optional<String>> names)
            throws SQLException {
        String database = replication.unwrap(PGConnection.class).getParameterStatus("server_encoding");
        if ("UTF8".equals(database) || !isAscii(publication.getBytes(StandardCharsets.UTF_8))) {
            return UTF8;
        }
        try (Statement statement = replication.createStatement()) {
            // To the server: do not convert.
            statement.execute("SET client_encoding = 'SQL_ASCII'");
        }
        return ofDatabase(names);
    }

    /** What of an interest can be served: values in another encoding than that of the catalog cannot be compared with it. */
    Interest limited(Interest interest) {
        return utf8 ? interest : interest.withoutValues();
    }

    /** @param instead stands for a name that the server cannot send; longer than any name of PostgreSQL, so that no table has it */
    String name(byte[] bytes, String instead) {
        return utf8 || isAscii(bytes)
                ? new String(bytes, StandardCharsets.UTF_8)
                : names.apply(bytes).orElse(instead);
    }

    private static boolean isAscii(byte[] bytes) {
        for (byte one : bytes) {
            if (one < 0) {
                return false;
            }
        }
        return true;
    }
}
