package io.refreshd.model;

/** Writes names as quoted SQL identifiers, and texts as constants. */
public final class SqlNames {
    /** Bytes in hexadecimal that are valid UTF-8. */
    private static final String UTF8_BYTES =
            "^([0-7].|c[2-9a-f][89ab].|d.[89ab].|e0[ab].[89ab].|e[1-9a-cef][89ab].[89ab].|ed[89].[89ab]."
                    + "|f0[9ab].[89ab].[89ab].|f[1-3][89ab].[89ab].[89ab].|f48.[89ab].[89ab].)*$";

    private SqlNames() {}

    /** Quotes a name in any case, so that keywords, upper case and special characters need no list. */
    public static String identifier(String name) {
        if (name.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a PostgreSQL name cannot hold a zero byte");
        }
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    /** A string constant, to be read with {@code standard_conforming_strings}. */
    public static String literal(String text) {
        if (text.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a PostgreSQL text cannot hold a zero byte");
        }
        return "'" + text.replace("'", "''") + "'";
    }

    /**
     * The SQL condition under which the server can send a name. In a database in SQL_ASCII anybody may make names of any bytes, and a query
     * over them fails where one is not UTF-8.
     *
     * @param name an SQL expression
     */
    public static String sendable(String name) {
        return "(pg_catalog.getdatabaseencoding() <> 'SQL_ASCII' OR pg_catalog.encode(pg_catalog.convert_to(" + name
                + "::text, 'SQL_ASCII'), 'hex') ~ '" + UTF8_BYTES + "')";
    }

    public static String qualified(TableId table) {
        return identifier(table.schema()) + "." + identifier(table.name());
    }

    public static String qualified(ViewId view) {
        return identifier(view.schema()) + "." + identifier(view.name());
    }
}
