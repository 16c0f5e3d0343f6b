package io.refreshd.bench;

import java.sql.Connection;
import java.sql.SQLException;

/** What the application does after a commit, on the writer's own connection. */
interface AfterWrite {
    AfterWrite NOTHING = (connection, role, concernsViews) -> {};

    /** @param concernsViews whether some view reads what was written */
    void written(Connection connection, int role, boolean concernsViews) throws SQLException;
}
