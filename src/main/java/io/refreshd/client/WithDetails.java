package io.refreshd.client;

import java.util.List;

/** A row and what belongs to it. */
public record WithDetails<R, D>(R row, List<D> details) {
    public WithDetails {
        details = List.copyOf(details);
    }
}
