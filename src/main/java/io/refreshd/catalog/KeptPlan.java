package io.refreshd.catalog;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.List;
import java.util.regex.Pattern;
import org.postgresql.PGStatement;

/**
 * A query that a session plans once. For queries of the catalog that are run often, and take longer to plan than to run.
 *
 * <p>The server keeps the plan at once where {@code plan_cache_mode} says so, as in sessions for the catalog. Otherwise it makes five plans
 * for the values at hand first (Source: PostgreSQL, {@code choose_custom_plan}). The driver by itself prepares a statement at its fifth
 * execution; here it does at the first, unless it must prepare nothing, as behind a pooler.
 *
 * <p>Where the query holds {@code $1}, it gets the first value as text, in a sub-query of its own: the planner does not look at the value,
 * and the plan suits all of them.
 */
final class KeptPlan {
    /** Reads the rows of the query. */
    interface Rows<T> {
        T read(ResultSet rows) throws SQLException;
    }

    private static final Pattern PARAMETER = Pattern.compile("\\$([0-9])");

    private final String request;
    /** For each place of a value in the text, its number from 0. */
    private final List<Integer> places;

    private final int parameters;

    private KeptPlan(String query, int parameters) {
        this.request = PARAMETER.matcher(query).replaceAll("(SELECT ?::text)");
        this.places = PARAMETER
                .matcher(query)
                .results()
                .map(place -> Integer.parseInt(place.group(1)) - 1)
                .toList();
        this.parameters = parameters;
    }

    static KeptPlan of(String query) {
        return new KeptPlan(query, 0);
    }

    /** @param parameters how many values the query has */
    static KeptPlan of(String query, int parameters) {
        return new KeptPlan(query, parameters);
    }

    /** The text of an array, as a value. */
    static String array(Connection connection, String type, Object[] elements) throws SQLException {
        return connection.createArrayOf(type, elements).toString();
    }

    /** A statement that the server prepares at its first execution, and so plans once in a session for the catalog. */
    static PreparedStatement prepared(Connection connection, String query) throws SQLException {
        PreparedStatement statement = connection.prepareStatement(query);
        PGStatement driver = statement.unwrap(PGStatement.class);
        if (driver.getPrepareThreshold() > 0) {
            driver.setPrepareThreshold(1);
        }
        return statement;
    }

    <T> T query(Connection connection, Rows<T> reader, String... values) throws SQLException {
        if (values.length != parameters) {
            throw new IllegalArgumentException(values.length + " values for " + parameters + " parameters");
        }
        try (PreparedStatement statement = prepared(connection, request)) {
            for (int i = 0; i < places.size(); i++) {
                statement.setString(i + 1, values[places.get(i)]);
            }
            statement.execute();
            try (ResultSet rows = statement.getResultSet()) {
                return reader.read(rows);
            }
        }
    }
}
