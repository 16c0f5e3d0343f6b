package io.refreshd.bench;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;

/** What the application does after a commit, on the writer's own connection. */
interface AfterWrite {
    AfterWrite NOTHING = (connection, roles, columns) -> {};

    /**
     * @param roles of the rows that were written
     * @param columns that were written; of a new row all
     */
    void written(Connection connection, Set<Integer> roles, Set<String> columns) throws SQLException;
}
