package io.refreshd.database;

import java.util.List;
import java.util.stream.Collectors;

/**
 * The server settings that change what a query returns, and the SQL that finds their values for a session of a role. Pure.
 *
 * <p>Precedence: what {@code ALTER ROLE … IN DATABASE … SET} says, then {@code ALTER ROLE … SET}, {@code ALTER DATABASE … SET},
 * {@code ALTER ROLE ALL SET}, then the server (Source: PostgreSQL documentation, "pg_db_role_setting").
 */
public final class ContentSettings {
    /** Names as in {@code pg_settings}. Settings of extensions and applications have a dot in their name, and all count. */
    public static final List<String> NAMES = List.of(
            "search_path",
            "TimeZone",
            "timezone_abbreviations",
            "DateStyle",
            "IntervalStyle",
            "extra_float_digits",
            "bytea_output",
            "lc_monetary",
            "lc_numeric",
            "lc_time",
            "default_text_search_config",
            "xmlbinary",
            "xmloption",
            "array_nulls",
            "transform_null_equals",
            "standard_conforming_strings",
            "gin_fuzzy_search_limit",
            // They decide where a role view is stored.
            "default_tablespace",
            "default_table_access_method");

    /** The rows of {@code pg_db_role_setting} in this database, one for each setting. */
    private static final String ENTRIES = """
            SELECT s.setrole, s.setdatabase, n.name, n.value
              FROM pg_catalog.pg_db_role_setting s
             CROSS JOIN LATERAL pg_catalog.unnest(s.setconfig) AS c (entry)
             CROSS JOIN LATERAL (SELECT pg_catalog.split_part(c.entry, '=', 1),
                                        pg_catalog.substr(c.entry, pg_catalog.strpos(c.entry, '=') + 1)) AS n (name, value)
             WHERE s.setdatabase IN (0, (SELECT oid FROM pg_catalog.pg_database WHERE datname = pg_catalog.current_database()))
            """;

    /**
     * For each setting: its name, the value that commands gave it for the role, the value of this session without such a command, and
     * the value to assume if the server's own is not to be had.
     *
     * <p>A setting's reset value is the server's own, with two exceptions where the third column is null. The driver says TimeZone and
     * DateStyle in each startup packet, and a command for refreshd's own role hides the server's value too. Of TimeZone log_timezone
     * is assumed: initdb writes the same value to both.
     */
    private static final String RESOLVE = """
            WITH entry AS MATERIALIZED (%1$s), given AS MATERIALIZED (
              SELECT DISTINCT ON (pg_catalog.lower(e.name)) e.name, e.value
                FROM entry e
               WHERE e.setrole IN (0, %2$s)
               ORDER BY pg_catalog.lower(e.name), e.setrole = 0, e.setdatabase = 0
            ), hidden AS MATERIALIZED (
              SELECT DISTINCT ON (pg_catalog.lower(e.name)) pg_catalog.lower(e.name) AS name
                FROM entry e JOIN pg_catalog.pg_roles r ON r.oid = e.setrole WHERE r.rolname = session_user
            )
            SELECT s.name, g.value AS given,
                   CASE WHEN h.name IS NULL AND s.name NOT IN ('TimeZone', 'DateStyle') THEN s.reset_val END AS server,
                   CASE WHEN s.name = 'TimeZone' THEN pg_catalog.current_setting('log_timezone')
                        WHEN s.name = 'DateStyle' AND h.name IS NULL THEN s.reset_val
                        ELSE b.boot END AS assumed,
                   b.boot
              FROM pg_catalog.pg_settings s
             CROSS JOIN LATERAL (SELECT coalesce(s.boot_val, CASE s.name WHEN 'timezone_abbreviations' THEN 'Default'
                                                             ELSE '' END)) AS b (boot)
              LEFT JOIN given g ON pg_catalog.lower(g.name) = pg_catalog.lower(s.name)
              LEFT JOIN hidden h ON h.name = pg_catalog.lower(s.name)
             WHERE s.name IN (%3$s)
            UNION ALL
            SELECT coalesce(g.name, h.name), g.value, NULL, '', ''
              FROM given g FULL JOIN hidden h ON h.name = pg_catalog.lower(g.name)
             WHERE pg_catalog.strpos(coalesce(g.name, h.name), '.') > 0
            """;

    /** Whether the role may read the server's configuration files, and the options that the server was started with. */
    static final String MAY_READ = """
            SELECT pg_catalog.has_function_privilege('pg_catalog.pg_show_all_file_settings()', 'EXECUTE') AS files,
                   pg_catalog.has_function_privilege('pg_catalog.pg_read_file(text)', 'EXECUTE') AS options
            """;

    /** The settings in the server's configuration files, by name; the last one of a name counts. */
    static final String FILES = """
            SELECT f.name, f.setting FROM pg_catalog.pg_show_all_file_settings()
                     AS f (sourcefile, sourceline, seqno, name, setting, applied, error)
             WHERE f.applied ORDER BY f.seqno
            """;

    /** The options that the server was started with. */
    static final String OPTIONS = "SELECT pg_catalog.pg_read_file('postmaster.opts')";

    /** For the owner of a relation, whose oid is the parameter. As a constant text it is planned once in each session. */
    static final String OF_OWNER =
            resolve("(SELECT c.relowner FROM pg_catalog.pg_class c WHERE c.oid = CAST(? AS int8)::oid)");

    /** For the role that is connected. */
    static final String OF_LOGIN = resolve("(SELECT r.oid FROM pg_catalog.pg_roles r WHERE r.rolname = session_user)");

    /** For a role that has no settings of its own. */
    static final String OF_EVERY_ROLE = resolve("0::pg_catalog.oid");

    private ContentSettings() {}

    /** @param role an SQL expression for the oid of the role */
    private static String resolve(String role) {
        return RESOLVE.formatted(
                ENTRIES, role, NAMES.stream().map(name -> "'" + name + "'").collect(Collectors.joining(", ")));
    }
}
