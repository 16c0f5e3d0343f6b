package io.refreshd.testing;

import io.refreshd.database.JdbiFactory;
import io.refreshd.demo.LocalPostgres;
import java.io.IOException;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.UnaryOperator;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jspecify.annotations.Nullable;

/**
 * A database for one test, on a PostgreSQL 18 that all tests of this JVM share.
 *
 * <p>{@link #close()} drops its replication slots and the database.
 */
public final class TestDatabase implements AutoCloseable {
    private static final AtomicInteger COUNTER = new AtomicInteger();
    private static @Nullable LocalPostgres shared;

    private final String name;
    private final UnaryOperator<String> urls;
    private final IdleConnections idle;

    private TestDatabase(String name, UnaryOperator<String> urls) {
        this.name = name;
        this.urls = urls;
        this.idle = new IdleConnections(urls.apply(name), LocalPostgres.USER, "");
    }

    public static TestDatabase create() throws SQLException, IOException {
        return create(server()::url);
    }

    /** @param urls of another server than the shared one: gives the URL of a database by its name */
    public static TestDatabase create(UnaryOperator<String> urls) throws SQLException, IOException {
        TestDatabase database = new TestDatabase("test_" + COUNTER.incrementAndGet(), urls);
        try (Connection admin = database.connect("postgres");
                Statement statement = admin.createStatement()) {
            // By its files: half the work of writing each of their pages to the log.
            statement.execute("CREATE DATABASE " + database.name + " STRATEGY file_copy");
        }
        return database;
    }

    public static synchronized LocalPostgres server() throws IOException {
        if (shared == null) {
            Path folder = ServerFolder.create("server");
            LocalPostgres started = OwnServer.start(folder, Map.of("max_prepared_transactions", "5"));
            Runtime.getRuntime().addShutdownHook(new Thread(() -> {
                try {
                    started.close();
                } catch (IOException e) {
                    throw new java.io.UncheckedIOException(e);
                }
            }));
            shared = started;
        }
        return shared;
    }

    public String name() {
        return name;
    }

    /** A slot name for this database: all databases of a server share one namespace of slots. */
    public String slot() {
        return "slot_" + name;
    }

    public String url() throws IOException {
        return urls.apply(name);
    }

    public Connection connect() throws SQLException, IOException {
        return connect(name);
    }

    public Jdbi jdbi() throws IOException {
        String url = url();
        return JdbiFactory.over(() -> DriverManager.getConnection(url, LocalPostgres.USER, ""));
    }

    public Handle open() throws SQLException, IOException {
        return JdbiFactory.on(connect());
    }

    public Handle open(String user) throws SQLException, IOException {
        return JdbiFactory.on(DriverManager.getConnection(url(), user, ""));
    }

    private Connection connect(String database) throws SQLException, IOException {
        return DriverManager.getConnection(urls.apply(database), LocalPostgres.USER, "");
    }

    /** Runs statements, each in a transaction of its own. */
    public void execute(String... statements) throws SQLException, IOException {
        idle.with(statement -> {
            for (String sql : statements) {
                statement.execute(sql);
            }
            return statements;
        });
    }

    /** The first column of each row, as text. */
    public List<@Nullable String> query(String sql) throws SQLException, IOException {
        return idle.with(statement -> {
            try (ResultSet rows = statement.executeQuery(sql)) {
                List<@Nullable String> result = new ArrayList<>();
                while (rows.next()) {
                    result.add(rows.getString(1));
                }
                return result;
            }
        });
    }

    @Override
    public void close() throws SQLException, IOException {
        idle.close();
        try (Connection admin = connect("postgres");
                Statement statement = admin.createStatement()) {
            statement.execute("SELECT pg_terminate_backend(active_pid, " + TestTimeout.LIMIT.toMillis()
                    + ") FROM pg_replication_slots WHERE database = '" + name + "' AND active_pid IS NOT NULL");
            statement.execute("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
        } catch (SQLException stillDecoding) {
            dropSlotsAndDatabase();
        }
    }

    private void dropSlotsAndDatabase() throws SQLException, IOException {
        try (Connection own = connect();
                Statement statement = own.createStatement()) {
            statement.execute("SELECT pg_drop_replication_slot(slot_name) FROM pg_replication_slots WHERE database = '"
                    + name + "'");
        }
        try (Connection admin = connect("postgres");
                Statement statement = admin.createStatement()) {
            statement.execute("DROP DATABASE IF EXISTS " + name + " WITH (FORCE)");
        }
    }
}
