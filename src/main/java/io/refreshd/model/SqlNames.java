package io.refreshd.model;

/** Writes names as quoted SQL identifiers, and texts as constants. */
public final class SqlNames {
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

    public static String qualified(TableId table) {
        return identifier(table.schema()) + "." + identifier(table.name());
    }

    public static String qualified(ViewId view) {
        return identifier(view.schema()) + "." + identifier(view.name());
    }
}
