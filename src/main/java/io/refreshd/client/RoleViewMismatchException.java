package io.refreshd.client;

import java.util.List;

/** Thrown if a relation does not fit the record that its rows are to be read into. The message names every mismatch. */
public final class RoleViewMismatchException extends RuntimeException {
    private static final long serialVersionUID = 1;

    private final transient List<String> mismatches;

    RoleViewMismatchException(String relation, Class<?> row, List<String> mismatches) {
        super(relation + " does not fit " + row.getSimpleName() + ": " + String.join("; ", mismatches));
        this.mismatches = List.copyOf(mismatches);
    }

    /** One sentence for each mismatch. */
    public List<String> mismatches() {
        return mismatches;
    }
}
