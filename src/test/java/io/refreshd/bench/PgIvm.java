package io.refreshd.bench;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.SQLException;
import java.sql.Statement;

/** The extension keeps tables of the same names as the views, in the writer's own transaction. */
final class PgIvm implements Contender {
    static final String EXTENSION = "pg_ivm";

    private final Stage stage;

    private PgIvm(Stage stage) {
        this.stage = stage;
    }

    /** What the extension refuses stays out, and the report says why. */
    static Contender start(Stage stage) throws SQLException {
        // Sessions that do not load it at once could miss changes.
        stage.execute(
                "ALTER DATABASE " + stage.database() + " SET session_preload_libraries = 'pg_ivm'",
                "CREATE EXTENSION pg_ivm");
        stage.views().reversed().forEach(view -> drop(stage, view));
        try (Connection connection = stage.connect();
                PreparedStatement create = connection.prepareStatement("SELECT pgivm.create_immv(?, ?)")) {
            for (Layout.View view : stage.views()) {
                create.setString(1, view.name());
                create.setString(2, view.definition());
                try {
                    create.execute();
                    index(connection, view);
                } catch (SQLException refused) {
                    stage.leaveOut(
                            view, "pg_ivm does not maintain %s: %s".formatted(view.name(), refused.getMessage()));
                }
            }
        }
        stage.execute("VACUUM ANALYZE");
        return new PgIvm(stage);
    }

    private static void drop(Stage stage, Layout.View view) {
        try {
            stage.execute("DROP MATERIALIZED VIEW " + view.name());
        } catch (SQLException e) {
            throw new IllegalStateException("cannot make room for pg_ivm", e);
        }
    }

    /** It makes an index where it finds the key itself; the others get the one that the views have. */
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
        // Always fresh.
    }

    @Override
    public double cpuSeconds() {
        return 0;
    }

    @Override
    public void close() throws SQLException {
        stage.execute("ALTER DATABASE " + stage.database() + " RESET session_preload_libraries");
    }
}
