package io.refreshd.bench;

import java.sql.Connection;
import java.sql.SQLException;
import java.util.Set;

/** The work of the application after a commit, on the connection of the writer. */
interface AfterWrite {
    AfterWrite NOTHING = (connection, roles, columns) -> {};

    /**
     * @param roles the roles of the written rows
     * @param columns the written columns; all columns of a new row
     */
    void written(Connection connection, Set<Integer> roles, Set<String> columns) throws SQLException;
}
