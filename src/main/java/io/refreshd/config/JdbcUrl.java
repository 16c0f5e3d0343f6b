package io.refreshd.config;

import java.util.Objects;
import java.util.Properties;
import java.util.regex.Pattern;
import org.postgresql.Driver;

/** Parser for the JDBC URL of the database; it also says where a URL leads to, and removes secrets from a URL that is shown in a message. */
final class JdbcUrl {
    private static final String PREFIX = "jdbc:postgresql:";
    private static final Pattern SECRET_PARAMETER =
            Pattern.compile("([?&;]\\s*[a-z]*(?:password|passwd|secret|token)\\s*=)[^&;]*", Pattern.CASE_INSENSITIVE);
    private static final Pattern CREDENTIALS = Pattern.compile("//.*@");
    private static final Pattern SEVERAL_HOSTS = Pattern.compile("//[^/?]*,");

    private JdbcUrl() {}

    static String parse(String text) throws InvalidValueException {
        if (!text.startsWith(PREFIX) || text.length() == PREFIX.length()) {
            throw new InvalidValueException(
                    "not a JDBC URL of PostgreSQL", "write jdbc:postgresql://host:port/database");
        }
        if (!redact(text).equals(text)) {
            throw new InvalidValueException(
                    "holds a secret", "write it under database.password or database.password-file");
        }
        if (SEVERAL_HOSTS.matcher(text).find()) {
            throw new InvalidValueException(
                    "names several hosts, but the WAL is read from one",
                    "write the one address that leads to the primary even after a failover");
        }
        return text;
    }

    /** Where a URL leads to. */
    record Place(String host, String port, String database) {}

    /** As the driver reads it, with its defaults. Another name of the same host is another place. */
    static Place place(DatabaseSettings settings) {
        Properties found = Objects.requireNonNullElseGet(Driver.parseURL(settings.url(), null), Properties::new);
        return new Place(
                found.getProperty("PGHOST", "localhost"),
                found.getProperty("PGPORT", "5432"),
                found.getProperty("PGDBNAME", settings.user()));
    }

    /** Replaces credentials and secret parameters with stars. */
    static String redact(String text) {
        return SECRET_PARAMETER
                .matcher(CREDENTIALS.matcher(text).replaceAll("//***@"))
                .replaceAll("$1***");
    }
}
