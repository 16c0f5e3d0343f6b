package io.refreshd.database;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.sql.Types;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The settings that a plain session of a role would have in this database, as far as they change what a query returns. Statements that
 * others wrote run under them: a refresh, a view's definition.
 *
 * <p>The driver gives up a connection when the server reports a DateStyle that does not begin with ISO. The server reports settings only
 * when it has answered a whole request (Source: PostgreSQL 14, {@code ReportChangedGUCOptions}). So the settings, the statement and
 * refreshd's own settings travel as one request.
 *
 * <p>Invariant: outside of such a request the transaction has refreshd's own settings. An error rolls back what was set.
 */
public final class PlainSession {
    private final Map<String, String> settings;
    /** Settings that refreshd's own sessions leave as the server has them, and that have that value here too. */
    private final Set<String> untouched;

    private final Set<String> assumed;
    private final Set<String> forbidden;
    /** Whether only those settings are set that differ from refreshd's own. */
    private final boolean sparse;

    private PlainSession(
            Map<String, String> settings,
            Set<String> untouched,
            Set<String> assumed,
            Set<String> forbidden,
            boolean sparse) {
        this.settings = settings;
        this.untouched = untouched;
        this.sparse = sparse;
        this.assumed = assumed;
        this.forbidden = forbidden;
    }

    /** Reads the rows of a result. */
    @FunctionalInterface
    public interface Rows<T> {
        T read(ResultSet rows) throws SQLException;
    }

    /** The settings of the owner of a relation. @param transaction open; it stays usable */
    public static PlainSession ofOwner(Connection transaction, long relation) throws SQLException {
        return of(transaction, ContentSettings.OF_OWNER, relation);
    }

    /** The settings of the role that is connected. @param transaction open; it stays usable */
    public static PlainSession ofLogin(Connection transaction) throws SQLException {
        return of(transaction, ContentSettings.OF_LOGIN, null);
    }

    /** What the server, the database and ALTER ROLE ALL give to every role, as text. @param transaction open; it stays usable */
    public static String ofEveryRole(Connection transaction) throws SQLException {
        return new TreeMap<>(of(transaction, ContentSettings.OF_EVERY_ROLE, null).settings).toString();
    }

    /** @param relation the parameter of the query; null if it has none */
    private static PlainSession of(Connection transaction, String query, @Nullable Long relation) throws SQLException {
        Map<String, String> given = new LinkedHashMap<>();
        Map<String, String> settings = new LinkedHashMap<>();
        Set<String> untouched = new TreeSet<>();
        Set<String> assumed = new TreeSet<>();
        List<Unknown> unknown = new ArrayList<>();
        try (PreparedStatement statement = transaction.prepareStatement(query)) {
            if (relation != null) {
                statement.setLong(1, relation);
            }
            try (ResultSet row = statement.executeQuery()) {
                while (row.next()) {
                    String name = row.getString("name");
                    String byCommand = row.getString("given");
                    String server = row.getString("server");
                    if (byCommand != null) {
                        given.put(name, byCommand);
                    } else if (server != null) {
                        settings.put(name, server);
                        if (SessionSettings.ownOrNull(name) == null) {
                            untouched.add(name);
                        }
                    } else {
                        unknown.add(new Unknown(name, row.getString("assumed"), row.getString("boot")));
                    }
                }
            }
        }
        if (!unknown.isEmpty()) {
            Optional<ServerDefaults> defaults = ServerDefaults.read(transaction);
            for (Unknown one : unknown) {
                if (defaults.isEmpty()) {
                    assumed.add(one.name());
                }
                settings.put(
                        one.name(),
                        defaults.map(known -> known.valueOf(one.name()).orElse(one.boot()))
                                .orElse(one.assumed()));
            }
        }
        Set<String> forbidden = new TreeSet<>();
        settings.putAll(AcceptedSettings.of(transaction, given, forbidden));
        return new PlainSession(settings, untouched, assumed, forbidden, false);
    }

    /** A setting whose server value this session does not show. */
    private record Unknown(String name, String assumed, String boot) {}

    /** Settings whose server value could not be read, so that another value is taken for it. */
    public Set<String> assumed() {
        return Collections.unmodifiableSet(assumed);
    }

    /** Settings of the role that the connected role may not set. */
    public Set<String> forbidden() {
        return Collections.unmodifiableSet(forbidden);
    }

    /** The value of a setting; empty if there is no such setting. */
    public Optional<String> valueOf(String name) {
        return Optional.ofNullable(settings.get(name));
    }

    /** These settings with another value for one of them. */
    public PlainSession with(String name, String value) {
        Map<String, String> other = new LinkedHashMap<>(settings);
        other.put(name, value);
        Set<String> otherUntouched = new TreeSet<>(untouched);
        otherUntouched.remove(name);
        return new PlainSession(other, otherUntouched, assumed, forbidden, sparse);
    }

    /**
     * These settings with refreshd's own search path, for statements that name everything with its schema. Since PostgreSQL 18 the server
     * reports the path, and the driver forgets what it has prepared when the path changes.
     */
    public PlainSession withOwnPath() {
        return with("search_path", SessionSettings.own("search_path"));
    }

    /**
     * These settings for a transaction that has refreshd's own: a request sets those that differ, which are few. Each setting takes the
     * server's time.
     */
    public PlainSession sparse() {
        return new PlainSession(settings, untouched, assumed, forbidden, true);
    }

    /**
     * These settings, except that all names in a definition are written with their schema and all numbers with all their digits. The text
     * of a definition is read under the settings themselves, and has the same meaning there.
     */
    public PlainSession forDefinitions() {
        return with("search_path", "")
                .with("extra_float_digits", "1")
                .with("DateStyle", SessionSettings.own("DateStyle"))
                .with("standard_conforming_strings", "on");
    }

    /** Runs a statement under the settings. @param transaction open */
    public void execute(Connection transaction, String sql) throws SQLException {
        try (Statement statement = transaction.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(around(sql));
        }
    }

    /** Runs a query under the settings. @param transaction open */
    public <T> T query(Connection transaction, String sql, Rows<T> reader) throws SQLException {
        try (Statement statement = transaction.createStatement()) {
            statement.setEscapeProcessing(false);
            statement.execute(around(sql));
            return result(statement, reader);
        }
    }

    /**
     * Runs a query that comes again under the settings. After some times the driver prepares it, and the session has its plan.
     *
     * @param sql with {@code ?} for each parameter
     * @param parameters values in text form, each read by the type that the query gives it; none: the query does not come again
     */
    public <T> T query(Connection transaction, String sql, List<String> parameters, Rows<T> reader)
            throws SQLException {
        if (parameters.isEmpty()) {
            return query(transaction, sql, reader);
        }
        try (PreparedStatement statement = transaction.prepareStatement(around(sql))) {
            for (int i = 0; i < parameters.size(); i++) {
                statement.setObject(i + 1, parameters.get(i), Types.OTHER);
            }
            statement.execute();
            return result(statement, reader);
        }
    }

    private <T> T result(Statement statement, Rows<T> reader) throws SQLException {
        if (!set().isEmpty()) {
            // The first result is that of the settings.
            statement.getMoreResults();
        }
        try (ResultSet rows = statement.getResultSet()) {
            return reader.read(rows);
        }
    }

    /** One request that runs the statement under the settings and gives the transaction refreshd's own settings again. */
    public String around(String sql) {
        Map<String, String> set = set();
        if (set.isEmpty()) {
            return sql;
        }
        Map<String, @Nullable String> own = new LinkedHashMap<>();
        set.keySet().forEach(name -> own.put(name, SessionSettings.ownOrNull(name)));
        return set(set) + ";\n" + sql + "\n;" + set(own);
    }

    /** The settings that a request sets. */
    private Map<String, String> set() {
        if (!sparse) {
            return settings;
        }
        Map<String, String> other = new LinkedHashMap<>(settings);
        other.keySet().removeAll(untouched);
        // The server takes names of styles in any case.
        other.entrySet()
                .removeIf(setting -> setting.getValue().equalsIgnoreCase(SessionSettings.ownOrNull(setting.getKey())));
        return other;
    }

    /**
     * Gives the transaction the settings, for several statements, until its savepoint is rolled back. DateStyle stays as it is,
     * since the driver would end the connection.
     */
    void enter(Connection transaction) throws SQLException {
        Map<String, String> entered = new LinkedHashMap<>(settings);
        entered.put("DateStyle", SessionSettings.own("DateStyle"));
        try (Statement statement = transaction.createStatement()) {
            statement.execute(set(entered));
        }
    }

    /**
     * Sets each for the transaction; without a value to what the session began with. The result is a number: where the driver knows how long
     * a result may be, it waits for no answer before it sends the next statement of the request.
     */
    static String set(Map<String, ? extends @Nullable String> values) {
        return values.entrySet().stream()
                .map(setting -> ", pg_catalog.set_config(" + literal(setting.getKey()) + ", "
                        + literal(setting.getValue()) + ", true)")
                .collect(Collectors.joining("", "SELECT pg_catalog.num_nonnulls(1", ")"));
    }

    /** Backslashes mean nothing, or what E'' says: the literal has the same value under each standard_conforming_strings. */
    private static String literal(@Nullable String value) {
        if (value == null) {
            return "NULL";
        }
        String quoted = "'" + value.replace("'", "''").replace("\\", "\\\\") + "'";
        return value.contains("\\") ? " E" + quoted : quoted;
    }
}
