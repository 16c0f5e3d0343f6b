package io.refreshd.capture;

import io.refreshd.config.DatabaseSettings;
import io.refreshd.config.Secret;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Objects;
import java.util.Properties;
import java.util.Set;
import java.util.stream.Collectors;
import org.postgresql.Driver;
import org.postgresql.PGProperty;

/**
 * Address of the database, and the role that connects.
 *
 * @param properties further connection properties of pgjdbc, for example {@code sslmode}
 */
public record Server(
        String host, int port, String database, String user, String password, Map<String, String> properties) {
    /** Properties that have a component of their own here. */
    private static final Set<String> OWN_COMPONENTS = Set.of(
            PGProperty.PG_HOST.getName(),
            PGProperty.PG_PORT.getName(),
            PGProperty.PG_DBNAME.getName(),
            PGProperty.USER.getName(),
            PGProperty.PASSWORD.getName());

    public Server {
        Objects.requireNonNull(host);
        Objects.requireNonNull(database);
        Objects.requireNonNull(user);
        Objects.requireNonNull(password);
        properties = Map.copyOf(properties);
    }

    /** Reads a JDBC URL with the driver's own parser. Of several hosts the first is taken: the configuration allows only one. */
    public static Server of(String jdbcUrl, String user, String password) {
        Properties parsed = Driver.parseURL(jdbcUrl, null);
        if (parsed == null) {
            throw new IllegalArgumentException("not a PostgreSQL JDBC URL: " + jdbcUrl);
        }
        String host = firstOf(parsed, PGProperty.PG_HOST);
        int port = Integer.parseInt(firstOf(parsed, PGProperty.PG_PORT));
        String database = Objects.requireNonNullElse(PGProperty.PG_DBNAME.getOrDefault(parsed), user);
        Map<String, String> further = new HashMap<>();
        for (String name : parsed.stringPropertyNames()) {
            if (!OWN_COMPONENTS.contains(name)) {
                further.put(name, parsed.getProperty(name));
            }
        }
        return new Server(host, port, database, user, password, further);
    }

    private static String firstOf(Properties parsed, PGProperty property) {
        String value = Objects.requireNonNull(property.getOrDefault(parsed), property.getName());
        int comma = value.indexOf(',');
        return comma < 0 ? value : value.substring(0, comma);
    }

    String url() {
        String literal = host.indexOf(':') >= 0 && !host.startsWith("[") ? "[" + host + "]" : host;
        return "jdbc:postgresql://" + literal + ":" + port + "/" + encoded(database);
    }

    /** The same as the connections of {@code database} want it. */
    DatabaseSettings settings() {
        String query = properties.entrySet().stream()
                .map(property -> encoded(property.getKey()) + "=" + encoded(property.getValue()))
                .collect(Collectors.joining("&", "?", ""));
        return new DatabaseSettings(url() + (properties.isEmpty() ? "" : query), user, new Secret(password));
    }

    private static String encoded(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    /** Without the password. */
    @Override
    public String toString() {
        return user + "@" + host + ":" + port + "/" + database;
    }
}
