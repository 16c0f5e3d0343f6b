package io.refreshd.database;

import java.sql.Connection;
import javax.sql.DataSource;
import org.jdbi.v3.core.ConnectionFactory;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.config.JdbiConfig;
import org.jdbi.v3.core.statement.ColonPrefixSqlParser;
import org.jdbi.v3.core.statement.SqlParser;
import org.jdbi.v3.core.statement.SqlStatements;
import org.jspecify.annotations.Nullable;

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

    /**
     * @param catalog sessions of the same database for queries of the catalog: {@link #ofCatalog}
     * @param whole sessions for queries that read the whole of it: {@link #ofWholeCatalog}
     */
    static Jdbi over(DataSource connections, Jdbi catalog, Jdbi whole) {
        Jdbi jdbi = over(connections);
        jdbi.getConfig(CatalogSessions.class).jdbi = catalog;
        jdbi.getConfig(CatalogSessions.class).whole = whole;
        return jdbi;
    }

    /**
     * The sessions for queries of the catalog; the given ones if there are no others. A session's first such query costs the server ten
     * times as much as a later one: it reads the catalog's own description and makes the plan. So these queries share few sessions.
     */
    public static Jdbi ofCatalog(Jdbi jdbi) {
        Jdbi catalog = jdbi.getConfig(CatalogSessions.class).jdbi;
        return catalog == null ? jdbi : catalog;
    }

    /** The sessions for queries that read the whole catalog, which is done seldom; the given ones if there are no others. */
    public static Jdbi ofWholeCatalog(Jdbi jdbi) {
        Jdbi whole = jdbi.getConfig(CatalogSessions.class).whole;
        return whole == null ? jdbi : whole;
    }

    /** Public because JDBI makes it. */
    public static final class CatalogSessions implements JdbiConfig<CatalogSessions> {
        private @Nullable Jdbi jdbi;
        private @Nullable Jdbi whole;

        @Override
        public CatalogSessions createCopy() {
            CatalogSessions copy = new CatalogSessions();
            copy.jdbi = jdbi;
            copy.whole = whole;
            return copy;
        }
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
        jdbi.setTransactionHandler(new ErrorKeepingTransactions(jdbi.getTransactionHandler()));
        return jdbi;
    }
}
