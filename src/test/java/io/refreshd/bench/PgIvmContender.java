package io.refreshd.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;

/** The extension pg_ivm, which maintains tables with the names of the views in the transaction of the writer. */
final class PgIvmContender implements Contender {
    static final String EXTENSION = "pg_ivm";

    private final BenchDatabase database;

    private PgIvmContender(BenchDatabase database) {
        this.database = database;
    }

    /** A view that the extension refuses is left out, and the report gives the reason. */
    static Contender start(BenchDatabase database) throws SQLException {
        database.execute(preload(database), "CREATE EXTENSION pg_ivm");
        database.views().reversed().forEach(view -> drop(database, view));
        try (Connection connection = database.connect();
                PreparedStatement create = connection.prepareStatement("SELECT pgivm.create_immv(?, ?)")) {
            for (Layout.View view : database.views()) {
                create.setString(1, view.name());
                create.setString(2, view.definition());
                try {
                    create.execute();
                    index(connection, view);
                } catch (SQLException refused) {
                    database.leaveOut(
                            view, "pg_ivm does not maintain %s: %s".formatted(view.name(), refused.getMessage()));
                }
            }
        }
        database.execute("VACUUM ANALYZE");
        return new PgIvmContender(database);
    }

    /** A session that loads the extension late could miss changes. */
    static String preload(BenchDatabase database) {
        return "ALTER DATABASE " + database.name() + " SET session_preload_libraries = 'pg_ivm'";
    }

    private static void drop(BenchDatabase database, Layout.View view) {
        try {
            database.execute("DROP MATERIALIZED VIEW " + view.name());
        } catch (SQLException e) {
            throw new IllegalStateException("cannot make room for pg_ivm", e);
        }
    }

    /** The extension creates an index where it finds the key itself. Other tables get the index of the view. */
    private static void index(Connection connection, Layout.View view) throws SQLException {
        try (Statement statement = connection.createStatement();
                var indexes = statement.executeQuery(
                        "SELECT 1 FROM pg_index WHERE indisunique AND indrelid = '" + view.name() + "'::regclass")) {
            if (indexes.next()) {
                return;
            }
        }
        try (Statement statement = connection.createStatement()) {
            statement.execute("CREATE UNIQUE INDEX ON " + view.name() + " (" + view.key() + ")");
        }
    }

    @Override
    public void begin() {
        // The tables are always fresh.
    }

    @Override
    public double cpuSeconds() {
        return 0;
    }

    @Override
    public void close() throws SQLException {
        database.execute("ALTER DATABASE " + database.name() + " RESET session_preload_libraries");
    }
}
