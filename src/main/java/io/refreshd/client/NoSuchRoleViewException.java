package io.refreshd.client;

/** There is no such view in the database, or not any longer. */
public final class NoSuchRoleViewException extends RuntimeException {
    private static final long serialVersionUID = 1;

    NoSuchRoleViewException(String view) {
        super("there is no view " + view);
    }
}
