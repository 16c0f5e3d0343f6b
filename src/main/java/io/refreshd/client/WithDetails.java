package io.refreshd.client;

import java.util.List;

/** A row of a role view with its details. */
public record WithDetails<R, D>(R row, List<D> details) {
    public WithDetails {
        details = List.copyOf(details);
    }
}
