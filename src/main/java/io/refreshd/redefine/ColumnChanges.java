package io.refreshd.redefine;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/** How the columns of a view differ from those of the one that takes its place. Pure but for its reader. */
public final class ColumnChanges {
    /** @param type with its collation, if that is not the type's own */
    record Column(String name, String type) {}

    /**
     * A use of a column by something that stands on the view, or belongs to it.
     *
     * @param view whether a view uses it, which needs the column's type too
     */
    record Use(String column, String by, boolean view) {}

    private final List<Column> before;
    private final List<Column> after;

    ColumnChanges(List<Column> before, List<Column> after) {
        this.before = before;
        this.after = after;
    }

    /** A view that is not compared. */
    static ColumnChanges none() {
        return new ColumnChanges(List.of(), List.of());
    }

    static List<Column> read(Handle handle, long oid) {
        return handle.createQuery("""
                        SELECT a.attname::text AS name, pg_catalog.format_type(a.atttypid, a.atttypmod)
                               || CASE WHEN a.attcollation <> t.typcollation
                                       THEN pg_catalog.format(' COLLATE %I.%I', n.nspname, l.collname) ELSE '' END AS type
                          FROM pg_catalog.pg_attribute a
                          JOIN pg_catalog.pg_type t ON t.oid = a.atttypid
                          LEFT JOIN pg_catalog.pg_collation l ON l.oid = a.attcollation
                          LEFT JOIN pg_catalog.pg_namespace n ON n.oid = l.collnamespace
                         WHERE a.attrelid = (:oid)::oid AND a.attnum > 0 AND NOT a.attisdropped
                         ORDER BY a.attnum
                        """)
                .bind("oid", oid)
                .map((row, context) -> new Column(row.getString("name"), row.getString("type")))
                .list();
    }

    /** Whether both have the same columns in the same order. */
    boolean isEmpty() {
        return before.equals(after);
    }

    /** The differences for people, each in a few words. */
    public List<String> words() {
        Map<String, Column> old = byName(before);
        Map<String, Column> fresh = byName(after);
        List<String> words = new ArrayList<>();
        for (Column column : after) {
            Optional<Column> was = Optional.ofNullable(old.get(column.name()));
            if (was.isEmpty()) {
                words.add(column.name() + " " + column.type() + " is new");
            } else if (!was.get().equals(column)) {
                words.add(column.name() + " becomes " + column.type() + ", was "
                        + was.get().type());
            }
        }
        before.stream()
                .filter(column -> !fresh.containsKey(column.name()))
                .forEach(column -> words.add(column.name() + " goes, with its comment and grants"));
        if (words.isEmpty() && !isEmpty()) {
            words.add("the same in another order");
        }
        return words;
    }

    /** Uses of columns that go, and by views also of those that get another type. */
    List<Obstacle> obstacles(ViewId view, List<Use> uses) {
        Map<String, Column> old = byName(before);
        Map<String, Column> fresh = byName(after);
        List<Obstacle> found = new ArrayList<>();
        for (Use use : uses) {
            Optional<Column> was = Optional.ofNullable(old.get(use.column()));
            Optional<Column> now = Optional.ofNullable(fresh.get(use.column()));
            if (was.isPresent() && now.isEmpty()) {
                found.add(new Obstacle(
                        use.by() + " uses column " + use.column() + " of " + view
                                + ", which the new query does not have",
                        Remedy.text("keep the column in the query, or first "
                                + (use.view() ? "give " + use.by() + " a query without it" : "drop " + use.by()))));
            } else if (was.isPresent() && use.view() && !now.equals(was)) {
                found.add(new Obstacle(
                        use.by() + " uses column " + use.column() + " of " + view + ", which becomes "
                                + now.map(Column::type).orElse("") + " and was "
                                + was.get().type(),
                        Remedy.text("cast the column in the query to "
                                + was.get().type() + ", or first give " + use.by() + " a query without it")));
            }
        }
        return found;
    }

    private static Map<String, Column> byName(List<Column> columns) {
        return columns.stream().collect(Collectors.toMap(Column::name, Function.identity(), (one, other) -> one));
    }

    /**
     * What uses single columns of the relations.
     *
     * @param oids of the view and of what holds its rows
     */
    static List<Use> uses(Handle handle, List<Long> oids) {
        return handle.createQuery("""
                        SELECT DISTINCT a.attname::text AS name, coalesce(v.relkind IN ('v', 'm'), false) AS view,
                               CASE WHEN v.relkind = 'v' THEN pg_catalog.format('view %s.%s', s.nspname, v.relname)
                                    WHEN v.relkind = 'm' THEN pg_catalog.format('materialized view %s.%s', s.nspname, v.relname)
                                    ELSE pg_catalog.pg_describe_object(d.classid, d.objid, 0) END AS used_by
                          FROM pg_catalog.pg_depend d
                          JOIN pg_catalog.pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                          LEFT JOIN pg_catalog.pg_rewrite w ON d.classid = 'pg_catalog.pg_rewrite'::regclass AND w.oid = d.objid
                          LEFT JOIN pg_catalog.pg_class v ON v.oid = w.ev_class
                          LEFT JOIN pg_catalog.pg_namespace s ON s.oid = v.relnamespace
                         WHERE d.refclassid = 'pg_catalog.pg_class'::regclass AND d.refobjsubid > 0
                           AND d.refobjid = ANY (CAST(:oids AS int8[])::oid[])
                           AND NOT coalesce(w.ev_class = ANY (CAST(:oids AS int8[])::oid[]), false)
                         ORDER BY used_by, name
                        """)
                .bind("oids", oids.toArray(Long[]::new))
                .map((row, context) -> new Use(row.getString("name"), row.getString("used_by"), row.getBoolean("view")))
                .list();
    }
}
