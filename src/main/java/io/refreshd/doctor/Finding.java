package io.refreshd.doctor;

import io.refreshd.catalog.RepairPlan;
import io.refreshd.model.Remedy;
import java.util.Comparator;
import java.util.List;
import java.util.Objects;

/**
 * A result of a check that somebody should know of.
 *
 * @param code the kind of finding; scripts rely on it, so it never changes
 * @param about the view, table or setting
 * @param what what was found
 * @param why why it matters
 * @param remedy what resolves it; empty if nothing does
 * @param cause what is found in the same words about others with the same cause; findings of one cause are shown as one
 * @param statements the statements for the script of {@code check --sql}; empty if there are none, or if the remedy leaves a choice
 */
public record Finding(
        Severity severity,
        String code,
        String about,
        String what,
        String why,
        Remedy remedy,
        String cause,
        List<RepairPlan.Statement> statements) {
    /** By severity, the worst first; then by name, so that two runs print alike. */
    public static final Comparator<Finding> ORDER = Comparator.comparing(Finding::severity)
            .thenComparing(Finding::about)
            .thenComparing(Finding::code)
            .thenComparing(Finding::what);

    public Finding {
        Objects.requireNonNull(severity);
        Objects.requireNonNull(code);
        Objects.requireNonNull(about);
        Objects.requireNonNull(what);
        Objects.requireNonNull(why);
        Objects.requireNonNull(remedy);
        Objects.requireNonNull(cause);
        statements = List.copyOf(statements);
    }

    /** A finding whose cause concerns nothing else. */
    public Finding(Severity severity, String code, String about, String what, String why, Remedy remedy) {
        this(severity, code, about, what, why, remedy, what, List.of());
    }

    /** The remedy as SQL: the statements of the script, otherwise those of the remedy. */
    List<RepairPlan.Statement> sql() {
        return statements.isEmpty() ? first(remedy.sql()) : statements;
    }

    Finding because(String sharedCause) {
        return new Finding(severity, code, about, what, why, remedy, sharedCause, statements);
    }

    Finding with(List<RepairPlan.Statement> sql) {
        return new Finding(severity, code, about, what, why, remedy, cause, sql);
    }

    /** Adds statements that run before those of the views, in any order. */
    Finding withFirst(List<String> sql) {
        return with(first(sql));
    }

    private static List<RepairPlan.Statement> first(List<String> sql) {
        return sql.stream()
                .map(statement -> new RepairPlan.Statement(-1, statement))
                .toList();
    }
}
