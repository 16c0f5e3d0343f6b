package io.refreshd.doctor;

import java.util.Comparator;
import java.util.Objects;

/**
 * A result of a check that somebody should know of.
 *
 * @param code the kind of finding; scripts rely on it, so it never changes
 * @param about the view, table or setting
 * @param what what was found
 * @param why why it matters
 * @param remedy the statement or step that resolves it; empty if there is none
 */
public record Finding(Severity severity, String code, String about, String what, String why, String remedy) {
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
    }
}
