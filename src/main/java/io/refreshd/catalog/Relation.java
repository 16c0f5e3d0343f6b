package io.refreshd.catalog;

import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Objects;

/**
 * A table, view, materialized view or sequence: a row of {@code pg_class} with its columns.
 *
 * @param columns the columns that are not dropped, by number
 */
public record Relation(long oid, String schema, String name, RelationKind kind, Traits traits, List<Column> columns) {
    public Relation {
        Objects.requireNonNull(schema);
        Objects.requireNonNull(name);
        Objects.requireNonNull(kind);
        Objects.requireNonNull(traits);
        columns = List.copyOf(columns);
    }

    /**
     * Further columns of {@code pg_class}, and the privileges on the relation.
     *
     * @param persistence {@code relpersistence}: p(ermanent), u(nlogged), t(emporary)
     * @param populated false for a materialized view that holds no data yet
     * @param replicaIdentity {@code relreplident}: d(efault), n(othing), f(ull), i(ndex); or {@code g} for an identity that holds a
     *     generated column, on a server that refuses UPDATE and DELETE of such a table once it is published
     * @param owner oid of the owning role
     * @param access the privileges of the role that reads the catalog
     */
    public record Traits(
            char persistence,
            boolean populated,
            char replicaIdentity,
            long owner,
            RowSecurity rowSecurity,
            Access access) {
        public static final Traits USUAL =
                new Traits('p', true, 'd', 10, RowSecurity.OFF, new Access(true, true, false));
    }

    /**
     * The privileges on a relation of the role that reads the catalog.
     *
     * @param usage whether the role has USAGE on the schema, without which the relation cannot be named
     * @param select whether the role may SELECT from the relation
     * @param securityInvoker whether the relation is a plain view that reads with the privileges of the calling role, not of its
     *     owner
     */
    public record Access(boolean usage, boolean select, boolean securityInvoker) {}

    /**
     * A column: a row of {@code pg_attribute}.
     *
     * @param type oid of the type
     * @param modifier {@code atttypmod}, such as the length of a varchar
     * @param generated whether the column is computed from other columns of the row; the log does not hold such columns
     * @param keyType the type, as SQL, that a value's text form is cast to in a lookup; empty if the cast may not give back the
     *     same value
     */
    public record Column(int number, String name, long type, int modifier, boolean generated, String keyType) {
        public Column(int number, String name, long type, int modifier, boolean generated) {
            this(number, name, type, modifier, generated, "");
        }
    }

    TableId tableId() {
        return new TableId(schema, name);
    }

    ViewId viewId() {
        return new ViewId(schema, name);
    }

    /**
     * Whether policies of this table may decide which rows a query sees that runs as the owner of {@code reader}. An owner who
     * bypasses row-level security is not recognised, so that the answer may be true without need.
     */
    boolean policiesApplyTo(Relation reader) {
        return switch (traits.rowSecurity()) {
            case OFF -> false;
            case ON -> traits.owner() != reader.traits.owner();
            case FORCED -> true;
        };
    }

    String sql() {
        return SqlNames.qualified(tableId());
    }

    boolean temporary() {
        return traits.persistence() == 't';
    }

    /** Whether logical decoding reports changes of the relation's rows, given a publication. */
    boolean isDecodable() {
        return kind == RelationKind.TABLE && traits.persistence() == 'p' && !Catalog.builtIn(oid);
    }
}
