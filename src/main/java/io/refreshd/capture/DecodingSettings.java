package io.refreshd.capture;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The server's settings that decide whether it decodes its log for pgoutput.
 *
 * <p><em>Source:</em> PostgreSQL's documentation of {@code wal_level}, of {@code effective_wal_level} (19: with {@code replica}, the first
 * logical slot raises the level), and of {@code output_plugin_libraries} (15 to 18 since their releases of August 2026, and 19).
 */
final class DecodingSettings {
    private static final String PLUGIN = "pgoutput";

    /** One entry of the list: with double quotes if it holds blanks or commas. */
    private static final Pattern ENTRY = Pattern.compile("\"((?:[^\"]|\"\")*)\"|[^,\\s]+");

    private DecodingSettings() {}

    /**
     * @param walLevelRises whether a logical slot raises the level
     * @param plugins the setting {@code output_plugin_libraries}; null on a server that has none
     */
    static List<Obstacle> obstacles(String walLevel, boolean walLevelRises, @Nullable String plugins) {
        List<Obstacle> obstacles = new ArrayList<>();
        if (!walLevel.equals("logical") && !(walLevelRises && walLevel.equals("replica"))) {
            obstacles.add(new Obstacle(
                    "the server writes too little to its log for decoding (wal_level is " + walLevel + ")",
                    Remedy.sql("ALTER SYSTEM SET wal_level = 'logical'").and("and restart the server")));
        }
        if (plugins != null && !entries(plugins).contains(PLUGIN)) {
            obstacles.add(new Obstacle(
                    "the server does not allow the output plugin pgoutput (output_plugin_libraries is '" + plugins
                            + "')",
                    Remedy.sql("ALTER SYSTEM SET output_plugin_libraries = "
                                    + (plugins.isBlank() ? "" : plugins.strip() + ", ") + PLUGIN)
                            .and("and reload the configuration: SELECT pg_reload_conf()")));
        }
        return obstacles;
    }

    private static List<String> entries(String plugins) {
        return ENTRY.matcher(plugins).results().map(DecodingSettings::name).toList();
    }

    private static String name(MatchResult entry) {
        String quoted = entry.group(1);
        return quoted == null ? entry.group() : quoted.replace("\"\"", "\"");
    }
}
