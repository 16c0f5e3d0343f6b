package io.refreshd.doctor;

/** The severity of a finding. Declared worst first, which is the order of the findings. */
public enum Severity {
    /** {@code run} does not start, or does not keep this view fresh. */
    ERROR,
    /** {@code run} works, but more slowly or less safely than it could. */
    WARNING,
    /** Worth knowing; nothing is wrong. */
    INFO
}
