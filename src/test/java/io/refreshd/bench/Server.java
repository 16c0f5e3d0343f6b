package io.refreshd.bench;

import io.refreshd.demo.LocalPostgres;
import io.refreshd.testing.OwnServer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The measured server: an embedded PostgreSQL, or one that was given.
 *
 * @param urls the URL for the name of a database
 * @param home the database from which others are created
 */
record Server(UnaryOperator<String> urls, String home, String user, String password, boolean given, AutoCloseable end)
        implements AutoCloseable {
    private static final Pattern URL = Pattern.compile("(jdbc:postgresql://[^/]+/)([^?]+)(\\?.*)?");

    static Server embedded() throws IOException {
        Path folder = Files.createTempDirectory(Files.createDirectories(Path.of("target", "postgres")), "bench")
                .toAbsolutePath();
        LocalPostgres server = OwnServer.start(
                folder,
                Map.of(
                        "shared_buffers", "512MB",
                        "max_wal_size", "8GB",
                        "checkpoint_timeout", "1h",
                        "autovacuum_naptime", "5s"));
        return new Server(server::url, "postgres", LocalPostgres.USER, "", false, server);
    }

    /** @throws IllegalArgumentException if the server cannot be used; the message gives the reason */
    static Server given(String url, String user, String password) throws SQLException {
        Matcher parts = URL.matcher(url);
        if (!parts.matches()) {
            throw new IllegalArgumentException("-Dbench.url=" + url
                    + " is not understood: write jdbc:postgresql://HOST:PORT/DATABASE, with the database from which"
                    + " others are made, such as postgres");
        }
        String suffix = parts.group(3) == null ? "" : parts.group(3);
        Server server = new Server(
                database -> parts.group(1) + database + suffix, parts.group(2), user, password, true, () -> {});
        if (!server.query(parts.group(2), "SHOW wal_level").equals(List.of("logical"))) {
            throw new IllegalArgumentException(
                    "the server of -Dbench.url does not decode its log: set wal_level = logical and restart it");
        }
        return server;
    }

    String url(String database) {
        return urls.apply(database);
    }

    Connection connect(String database) throws SQLException {
        return DriverManager.getConnection(url(database), user, password);
    }

    void run(String database, String... statements) throws SQLException {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement()) {
            for (String sql : statements) {
                statement.execute(sql);
            }
        }
    }

    /** The first column of each row. */
    List<String> query(String database, String sql) throws SQLException {
        try (Connection connection = connect(database);
                Statement statement = connection.createStatement();
                ResultSet rows = statement.executeQuery(sql)) {
            List<String> values = new ArrayList<>();
            while (rows.next()) {
                values.add(rows.getString(1));
            }
            return values;
        }
    }

    @Override
    public void close() throws Exception {
        end.close();
    }
}
