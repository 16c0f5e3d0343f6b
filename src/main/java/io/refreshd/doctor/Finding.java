package io.refreshd.doctor;

import java.util.Comparator;
import java.util.Objects;

/**
 * One thing that was found.
 *
 * @param code names the kind of finding; fixed, so that a script can tell one from another
 * @param about the view, table or setting
 * @param what what is so
 * @param why why it matters
 * @param remedy the statement, or the step, that mends it; empty if there is none
 */
public record Finding(Severity severity, String code, String about, String what, String why, String remedy) {
    /** The worst first. */
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
