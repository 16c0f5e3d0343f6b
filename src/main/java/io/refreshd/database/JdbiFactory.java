package io.refreshd.database;

import java.sql.Connection;
import javax.sql.DataSource;
import org.jdbi.v3.core.ConnectionFactory;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.statement.ColonPrefixSqlParser;
import org.jdbi.v3.core.statement.SqlParser;
import org.jdbi.v3.core.statement.SqlStatements;

/**
 * Jdbi whose statements are parsed once in this process, and not once for each connection that is opened past the pool: finding
 * the parameters of a long statement can take longer than the server takes to answer it.
 */
public final class JdbiFactory {
    private static final SqlParser PARSER = new ColonPrefixSqlParser();

    private JdbiFactory() {}

    public static Jdbi over(DataSource connections) {
        return parsedOnce(Jdbi.create(connections));
    }

    public static Jdbi over(ConnectionFactory connections) {
        return parsedOnce(Jdbi.create(connections));
    }

    /** The connection is left open. */
    public static Jdbi over(Connection connection) {
        return parsedOnce(Jdbi.create(connection));
    }

    /** The connection is closed with the handle. */
    public static Handle on(Connection connection) {
        return over(() -> connection).open();
    }

    private static Jdbi parsedOnce(Jdbi jdbi) {
        jdbi.getConfig(SqlStatements.class).setSqlParser(PARSER);
        return jdbi;
    }
}
