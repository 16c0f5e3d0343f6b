package io.refreshd.client;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.mapper.RowMapper;
import org.jdbi.v3.core.mapper.reflect.ConstructorMapper;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;

/** Reads rows of a view with their details: one query for the rows, and one for the details of all of them. */
final class DetailsQuery<R extends Record, D extends Record> {
    private final Shape view;
    private final RowMapper<R> mapper;
    private final Details<D> details;
    private final Shape many;

    /** @param many the table of the details, matched to the record of the details */
    DetailsQuery(Shape view, RowMapper<R> mapper, Details<D> details, Shape many) {
        this.view = view;
        this.mapper = mapper;
        this.details = details;
        this.many = many;
    }

    /**
     * Runs both queries on one snapshot, so that rows and details belong together. Within a transaction of the caller the
     * snapshots are those of its isolation level.
     */
    List<WithDetails<R, D>> run(Handle handle, String where, Map<String, ?> values) {
        return handle.isInTransaction()
                ? both(handle, where, values)
                : handle.inTransaction(
                        TransactionIsolationLevel.REPEATABLE_READ, transaction -> both(transaction, where, values));
    }

    /**
     * Lets the server join details to rows, since only the server knows the equality of the key's type. The details query also
     * returns the key of the view's row as text, by which the details are assigned to the rows here.
     */
    private List<WithDetails<R, D>> both(Handle handle, String where, Map<String, ?> values) {
        String key = "r." + RoleViewName.quoted(details.key());
        String from = " FROM " + view.sql() + " r" + where;
        List<KeyedRow<R>> rows = handle.createQuery("SELECT " + Key.text(key) + view.select() + from)
                .bindMap(values)
                .map(KeyedRow.mapper(mapper, 1))
                .list();
        Map<List<String>, List<D>> byKey = new HashMap<>();
        // Several rows of the view may have the same key. Without DISTINCT the join would return its details once for
        // each row.
        String distinct = view.key().consistsOf(details.key()) ? "" : "DISTINCT ";
        handle.createQuery("SELECT v.\"refreshd key\", " + many.select() + " FROM " + many.sql() + " r JOIN (SELECT "
                        + distinct + Key.text(key) + key + " AS \"refreshd value\"" + from + ") v ON r."
                        + RoleViewName.quoted(details.foreignKey()) + " = v.\"refreshd value\"")
                .bindMap(values)
                .map(KeyedRow.mapper(ConstructorMapper.of(details.row()), 1))
                .forEach(detail -> byKey.computeIfAbsent(detail.key(), unseen -> new ArrayList<>())
                        .add(detail.row()));
        return rows.stream()
                .map(row -> new WithDetails<>(row.row(), byKey.getOrDefault(row.key(), List.of())))
                .toList();
    }
}
