package io.refreshd.client;

import java.util.List;

/** What is in the database does not fit the record that it is to be read into. The message names all that does not. */
public final class UnfitRoleViewException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient List<String> misfits;

    UnfitRoleViewException(String relation, Class<?> row, List<String> misfits) {
        super(relation + " does not fit " + row.getSimpleName() + ": " + String.join("; ", misfits));
        this.misfits = List.copyOf(misfits);
    }

    /** One sentence for each thing that does not fit. */
    public List<String> misfits() {
        return misfits;
    }
}
