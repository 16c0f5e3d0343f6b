package io.refreshd.client;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.mapper.RowMapper;
import org.jdbi.v3.core.mapper.reflect.ConstructorMapper;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;

/** Rows of a view with their details: one query for the rows, and one for the details of them all. */
final class DetailsQuery<R extends Record, D extends Record> {
    private final Shape view;
    private final RowMapper<R> mapper;
    private final Details<D> details;
    private final Shape many;

    /** @param many the table of the details, found to fit */
    DetailsQuery(Shape view, RowMapper<R> mapper, Details<D> details, Shape many) {
        this.view = view;
        this.mapper = mapper;
        this.details = details;
        this.many = many;
    }

    /** Both queries see the same snapshot: no row without the details it had, and no details of a row that is not there. */
    List<WithDetails<R, D>> run(Handle handle, String where, Map<String, ?> values) {
        return handle.isInTransaction()
                ? both(handle, where, values)
                : handle.inTransaction(
                        TransactionIsolationLevel.REPEATABLE_READ, transaction -> both(transaction, where, values));
    }

    /** Which details belong to which row the server decides; here the text of the view's own key finds the row again. */
    private List<WithDetails<R, D>> both(Handle handle, String where, Map<String, ?> values) {
        String key = "r." + RoleViewName.quoted(details.key());
        String from = " FROM " + view.sql() + " r" + where;
        List<Keyed<R>> rows = handle.createQuery("SELECT " + Key.text(key) + view.select() + from)
                .bindMap(values)
                .map(Keyed.mapper(mapper, 1))
                .list();
        Map<List<String>, List<D>> byKey = new HashMap<>();
        // Several rows of the view may have one key, and shall not have its details several times.
        String distinct = view.key().isJust(details.key()) ? "" : "DISTINCT ";
        handle.createQuery("SELECT v.\"refreshd key\", " + many.select() + " FROM " + many.sql() + " r JOIN (SELECT "
                        + distinct + Key.text(key) + key + " AS \"refreshd value\"" + from + ") v ON r."
                        + RoleViewName.quoted(details.foreignKey()) + " = v.\"refreshd value\"")
                .bindMap(values)
                .map(Keyed.mapper(ConstructorMapper.of(details.row()), 1))
                .forEach(detail -> byKey.computeIfAbsent(detail.key(), unseen -> new ArrayList<>())
                        .add(detail.row()));
        return rows.stream()
                .map(row -> new WithDetails<>(row.row(), byKey.getOrDefault(row.key(), List.of())))
                .toList();
    }
}
