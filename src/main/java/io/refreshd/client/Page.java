package io.refreshd.client;

import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.mapper.RowMapper;
import org.jdbi.v3.core.statement.Query;

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

    /** @param after key of the row before the page; empty for the first page */
    static <R> Page<R> read(Handle handle, Shape view, RowMapper<R> mapper, Optional<List<?>> after, int size) {
        Key key = view.requireKey();
        String behind = after.map(values ->
                        " AND (" + key.sql() + ") > (" + view.requireKey(values).parameters(values) + ")")
                .orElse("");
        Query query = handle.createQuery("SELECT " + key.select() + view.select() + " FROM " + view.sql() + " r WHERE ("
                + key.sql() + ") IS NOT NULL" + behind + " ORDER BY " + key.sql() + " LIMIT :refreshd_limit");
        after.ifPresent(values -> Key.bind(query, values));
        List<KeyedRow<R>> rows = query.bind("refreshd_limit", size)
                .map(KeyedRow.mapper(mapper, key.columns().size()))
                .list();
        return new Page<>(
                rows.stream().map(KeyedRow::row).toList(),
                rows.size() < size
                        ? Optional.empty()
                        : Optional.of(rows.getLast().key()));
    }
}
