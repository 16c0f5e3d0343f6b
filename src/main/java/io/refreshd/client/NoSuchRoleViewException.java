package io.refreshd.client;

/** Thrown if a view or a table of details does not exist, or no longer exists. */
public final class NoSuchRoleViewException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** @param view name of the view or the table, quoted for SQL */
    NoSuchRoleViewException(String view) {
        super("there is no view or table " + view);
    }
}
