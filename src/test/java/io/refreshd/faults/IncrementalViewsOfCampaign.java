package io.refreshd.faults;

import io.refreshd.database.JdbiFactory;
import io.refreshd.incremental.Conversion;
import io.refreshd.model.PrerequisitesMissingException;
import io.refreshd.model.ViewId;
import java.sql.Connection;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;

/** The views of a campaign that are made incremental once the ledger is there: of a table, of a join, of a partitioned table. */
final class IncrementalViewsOfCampaign {
    private static final List<String> VIEWS = List.of("role_c", "joined", "balances", "all_events");
    private static final int ATTEMPTS = 20;

    private IncrementalViewsOfCampaign() {}

    /** Converts them as the daemon's role, beside the writers. */
    static void convert(DatabaseServer server, String user) throws Exception {
        for (String view : VIEWS) {
            for (int attempt = 1; ; attempt++) {
                try {
                    convert(server, user, view);
                    break;
                } catch (SQLException e) {
                    if (attempt == ATTEMPTS) {
                        throw e;
                    }
                    TimeUnit.MILLISECONDS.sleep(500);
                }
            }
        }
    }

    private static void convert(DatabaseServer server, String user, String view)
            throws SQLException, PrerequisitesMissingException {
        try (Connection connection = server.connect("campaign");
                Statement statement = connection.createStatement()) {
            statement.execute("SET SESSION AUTHORIZATION " + user);
            try (Handle handle = JdbiFactory.on(connection)) {
                Conversion.forward(handle, new ViewId("public", view));
            }
        }
    }

    /** A statement that locks the view's rows as strongly as a statement can. A plain REFRESH takes ACCESS EXCLUSIVE too. */
    static String lock(Statement statement, String view) throws SQLException {
        try (var row = statement.executeQuery("SELECT i.store_oid::regclass FROM refreshd.incremental_view i"
                + " WHERE i.view_oid = '" + view + "'::regclass")) {
            return row.next()
                    ? "LOCK TABLE " + row.getString(1) + " IN ACCESS EXCLUSIVE MODE"
                    : "REFRESH MATERIALIZED VIEW " + view;
        }
    }
}
