package io.refreshd.model;

/** Writes names the way PostgreSQL's own lexer reads them back, whatever characters they hold. */
public final class SqlNames {
    private SqlNames() {}

    /** Always quoted: a name that is a keyword, in mixed case or full of dots comes out right without a table of words. */
    public static String identifier(String name) {
        if (name.indexOf('\0') >= 0) {
            throw new IllegalArgumentException("a PostgreSQL name cannot hold a zero byte");
        }
        return '"' + name.replace("\"", "\"\"") + '"';
    }

    public static String qualified(TableId table) {
        return identifier(table.schema()) + "." + identifier(table.name());
    }

    public static String qualified(ViewId view) {
        return identifier(view.schema()) + "." + identifier(view.name());
    }
}
