package io.refreshd.client;

/** There is no such view in the database, or not any longer. */
public final class NoSuchRoleViewException extends RuntimeException {
    private static final long serialVersionUID = 1;

    /** @param view or the table of details, quoted */
    NoSuchRoleViewException(String view) {
        super("there is no view or table " + view);
    }
}
