package io.refreshd.model;

/**
 * The SQL that finds names which the server cannot send in UTF-8. Anybody may make one in a database that is not in UTF-8, and a query that
 * returns one fails.
 *
 * <p>In {@code SQL_ASCII} the bytes of a name decide. For other encodings only the server knows which characters UTF-8 lacks, and it says so
 * by an error. So {@link #NOTE} tries the names one by one, and notes in a setting of the session those that failed.
 */
public final class UnsendableNames {
    /** Bytes in hexadecimal that are valid UTF-8. */
    private static final String UTF8_BYTES =
            "^([0-7].|c[2-9a-f][89ab].|d.[89ab].|e0[ab].[89ab].|e[1-9a-cef][89ab].[89ab].|ed[89].[89ab]."
                    + "|f0[9ab].[89ab].[89ab].|f[1-3][89ab].[89ab].[89ab].|f48.[89ab].[89ab].)*$";

    /**
     * To be executed before a query that uses {@link #sendable} of relations or schemas, unless the database is in UTF-8 or {@code
     * SQL_ASCII}. Names that are made later are not known.
     */
    public static final String NOTE = """
            DO LANGUAGE plpgsql $$
            DECLARE
              found record;
              unsent text[] := '{}';
            BEGIN
              FOR found IN
                SELECT name, bytes
                  FROM (SELECT name, pg_catalog.encode(pg_catalog.convert_to(name, pg_catalog.getdatabaseencoding()), 'hex') AS bytes
                          FROM (SELECT relname::text AS name FROM pg_catalog.pg_class WHERE oid >= 16384
                                UNION SELECT nspname::text FROM pg_catalog.pg_namespace WHERE oid >= 16384) named) encoded
                 WHERE bytes ~ '^(..)*[89a-f]'
              LOOP
                BEGIN
                  PERFORM pg_catalog.convert_to(found.name, 'UTF8');
                EXCEPTION WHEN character_not_in_repertoire OR untranslatable_character THEN
                  unsent := unsent || found.bytes;
                END;
              END LOOP;
              PERFORM pg_catalog.set_config('refreshd.unsent_names', pg_catalog.array_to_string(unsent, ','), false);
            END $$
            """;

    private UnsendableNames() {}

    /** Whether {@link #NOTE} is needed in a database of the encoding. */
    public static boolean mustBeNoted(String encoding) {
        return !encoding.equals("UTF8") && !encoding.equals("SQL_ASCII");
    }

    /**
     * The SQL condition under which the server can send a name.
     *
     * @param name an SQL expression
     */
    public static String sendable(String name) {
        String bytes =
                "pg_catalog.encode(pg_catalog.convert_to(" + name + "::text, pg_catalog.getdatabaseencoding()), 'hex')";
        return "CASE pg_catalog.getdatabaseencoding() WHEN 'UTF8' THEN true WHEN 'SQL_ASCII' THEN " + bytes + " ~ '"
                + UTF8_BYTES + "' ELSE " + bytes
                + " <> ALL (pg_catalog.string_to_array(coalesce(pg_catalog.current_setting('refreshd.unsent_names', true), ''), ','))"
                + " END";
    }
}
