package io.refreshd.catalog;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.postgresql.PGStatement;

/**
 * A query that a session plans once. For queries of the catalog that are run often, and take longer to plan than to run.
 *
 * <p>The server keeps the plan of a statement without parameters at once. Otherwise it makes five plans for the values at hand first
 * (Source: PostgreSQL, {@code choose_custom_plan}). So the values travel as settings of the transaction, in the same request. The driver
 * by itself prepares a statement at its fifth execution; here it does at the first, unless it must prepare nothing, as behind a pooler.
 *
 * <p>Where the query holds {@code $1}, it gets the first value as text, in a sub-query of its own: the planner does not look at the value,
 * and the plan suits all of them.
 */
final class KeptPlan {
    /** Reads the rows of the query. */
    interface Rows<T> {
        T read(ResultSet rows) throws SQLException;
    }

    private final String request;
    private final int parameters;

    private KeptPlan(String request, int parameters) {
        this.request = request;
        this.parameters = parameters;
    }

    static KeptPlan of(String query) {
        return new KeptPlan(query, 0);
    }

    /** @param parameters how many values the query has */
    static KeptPlan of(String query, int parameters) {
        String values = IntStream.rangeClosed(1, parameters)
                .mapToObj(number -> "pg_catalog.set_config('" + name(number) + "', ?, true)")
                .collect(Collectors.joining(", ", "SELECT ", ";\n"));
        String text = query;
        for (int number = 1; number <= parameters; number++) {
            text = text.replace("$" + number, "(SELECT pg_catalog.current_setting('" + name(number) + "'))");
        }
        return new KeptPlan(values + text, parameters);
    }

    private static String name(int number) {
        return "refreshd.parameter_" + number;
    }

    /** The text of an array, as a value. */
    static String array(Connection connection, String type, Object[] elements) throws SQLException {
        return connection.createArrayOf(type, elements).toString();
    }

    <T> T query(Connection connection, Rows<T> reader, String... values) throws SQLException {
        if (values.length != parameters) {
            throw new IllegalArgumentException(values.length + " values for " + parameters + " parameters");
        }
        try (PreparedStatement statement = connection.prepareStatement(request)) {
            PGStatement driver = statement.unwrap(PGStatement.class);
            if (driver.getPrepareThreshold() > 0) {
                driver.setPrepareThreshold(1);
            }
            for (int number = 1; number <= parameters; number++) {
                statement.setString(number, values[number - 1]);
            }
            statement.execute();
            if (parameters > 0) {
                // The first result is that of the settings.
                statement.getMoreResults();
            }
            try (ResultSet rows = statement.getResultSet()) {
                return reader.read(rows);
            }
        }
    }
}
