package io.refreshd.client;

import java.util.List;
import java.util.Optional;

/**
 * A page of rows in the order of their key.
 *
 * @param next key of the last row, for {@link RoleView#pageAfter}; as text, so that it may be handed to a client and come back.
 *     Empty if this page is not full, which means that it is the last one
 */
public record Page<R>(List<R> rows, Optional<List<String>> next) {
    public Page {
        rows = List.copyOf(rows);
        next = next.map(List::copyOf);
    }
}
