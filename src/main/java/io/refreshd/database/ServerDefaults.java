package io.refreshd.database;

import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The server's own settings, from its configuration files and the options that it was started with. A session shows them only as far as
 * nothing hides them, and the driver hides TimeZone and DateStyle.
 */
final class ServerDefaults {
    /** An option as {@code postmaster.opts} quotes it: {@code "-c" "name=value"}, {@code "-cname=value"} or {@code "--name=value"}. */
    private static final Pattern OPTION = Pattern.compile("\"(?:-c\" \"|-c|--)([A-Za-z_.-]+)=([^\"]*)\"");

    private final Map<String, String> values = new HashMap<>();

    private ServerDefaults() {}

    /** Reads them; empty if the role may not. Superusers may, and who was granted {@code pg_show_all_file_settings()}. */
    static Optional<ServerDefaults> read(Connection connection) throws SQLException {
        boolean files;
        boolean options;
        try (PreparedStatement statement = connection.prepareStatement(ContentSettings.MAY_READ);
                ResultSet may = statement.executeQuery()) {
            may.next();
            files = may.getBoolean("files");
            options = may.getBoolean("options");
        }
        if (!files) {
            return Optional.empty();
        }
        ServerDefaults defaults = new ServerDefaults();
        try (PreparedStatement statement = connection.prepareStatement(ContentSettings.FILES);
                ResultSet row = statement.executeQuery()) {
            while (row.next()) {
                defaults.put(row.getString("name"), row.getString("setting"));
            }
        }
        if (options) {
            try (PreparedStatement statement = connection.prepareStatement(ContentSettings.OPTIONS);
                    ResultSet row = statement.executeQuery()) {
                row.next();
                Matcher option = OPTION.matcher(row.getString(1));
                while (option.find()) {
                    defaults.put(option.group(1).replace('-', '_'), option.group(2));
                }
            }
        }
        return Optional.of(defaults);
    }

    private void put(String name, String value) {
        values.put(name.toLowerCase(Locale.ROOT), value);
    }

    /** Empty if the server was started with what is built in. */
    Optional<String> valueOf(String name) {
        return Optional.ofNullable(values.get(name.toLowerCase(Locale.ROOT)));
    }
}
