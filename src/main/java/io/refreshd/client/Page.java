package io.refreshd.client;

import java.util.List;
import java.util.Optional;

/**
 * A page of rows in the order of their key.
 *
 * @param next where the page after this one starts, for {@link RoleView#pageAfter}, as text that may be handed out and come
 *     back; empty if this one was not full
 */
public record Page<R>(List<R> rows, Optional<List<String>> next) {
    public Page {
        rows = List.copyOf(rows);
        next = next.map(List::copyOf);
    }
}
