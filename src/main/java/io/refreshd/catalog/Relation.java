package io.refreshd.catalog;

import io.refreshd.model.SqlNames;
import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.List;
import java.util.Objects;

/**
 * A row of {@code pg_class} with its columns.
 *
 * @param columns those that are not dropped, in their order
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
     * The rest of the row that matters here.
     *
     * @param persistence p(ermanent), u(nlogged), t(emporary)
     * @param populated false for a materialized view that holds nothing yet
     * @param replicaIdentity d(efault), n(othing), f(ull), i(ndex), or g: one of them that holds a generated column, where the
     *     server refuses changes of such a table once it is published
     * @param owner oid of the role
     * @param access of the role that reads the catalog
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
     * What the role that reads the catalog may do.
     *
     * @param usage of its schema: without it the name means nothing
     * @param asInvoker a plain view reads with the privileges of whoever asks, not of its owner
     */
    public record Access(boolean usage, boolean select, boolean asInvoker) {}

    /**
     * A row of {@code pg_attribute}.
     *
     * @param type oid of the type
     * @param generated computed from other columns of the row; the log never carries it
     * @param keyType what its values in text form are to be cast to for a look-up; empty if that may lose something
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
     * Whether its policies may decide what a query sees that runs as the owner of {@code reader}. Roles that bypass them
     * are not asked for: in doubt, they do.
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

    /** Whether logical decoding can tell of its rows at all. */
    boolean logged() {
        return kind == RelationKind.TABLE && traits.persistence() == 'p' && !Catalog.builtIn(oid);
    }
}
