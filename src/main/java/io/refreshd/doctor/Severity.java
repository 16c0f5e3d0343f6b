package io.refreshd.doctor;

/** How bad a finding is; worst first. */
public enum Severity {
    /** {@code run} cannot work, or not for this view. */
    ERROR,
    /** It works, but not as well or as safely as one may expect. */
    WARNING,
    /** Good to know. */
    INFO
}
