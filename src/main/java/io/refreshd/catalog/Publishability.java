package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import java.util.List;
import java.util.Optional;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Decides which tables may be added to a publication without making the application's own UPDATE and DELETE fail, and names the
 * remedy for the others.
 */
final class Publishability {
    /** The schema of the ledger. */
    private static final String LEDGER = "refreshd";

    private final CatalogIndex catalogIndex;

    Publishability(CatalogIndex catalogIndex) {
        this.catalogIndex = catalogIndex;
    }

    BaseTable baseTable(Relation table) {
        SortedSet<String> columns = new TreeSet<>();
        table.columns().forEach(column -> columns.add(column.name()));
        return new BaseTable(
                table.tableId(),
                table.oid(),
                columns,
                catalogIndex.identityOf(table),
                mayBeFull(table),
                obstacle(table));
    }

    /** Why the table must not be published; empty if it may be, or if logical decoding does not report its changes anyway. */
    Optional<Obstacle> obstacle(Relation table) {
        if (table.schema().equals(LEDGER)) {
            return Optional.of(new Obstacle(
                    "table " + table.sql()
                            + " is part of refreshd's ledger, which each refresh writes: if it were published, a view that"
                            + " reads it would be refreshed without end",
                    Remedy.text("set max-staleness for the view: it is then refreshed at least that often")));
        }
        if (!table.isDecodable() || !catalogIndex.identityOf(table).failsWhenPublished()) {
            return Optional.empty();
        }
        return Optional.of(new Obstacle(
                "table " + table.sql() + " has " + lacks(table)
                        + ": if it were published, the application's own UPDATE and DELETE of it would fail",
                remedy(table)));
    }

    private String lacks(Relation table) {
        return switch (catalogIndex.identityOf(table)) {
            case GENERATED -> "a generated column in its replica identity, which is not published";
            case DEFAULT_WITHOUT_KEY ->
                deferrableKey(table).isPresent()
                        ? "a primary key that is DEFERRABLE, which cannot be its replica identity"
                        : "no primary key that could be its replica identity";
            case NOTHING, DEFAULT, INDEX, FULL -> "no replica identity";
        };
    }

    /** The names of the columns of a primary key that is checked at the end of a transaction; empty if there is none. */
    private Optional<List<String>> deferrableKey(Relation table) {
        return catalogIndex.identityOf(table) != ReplicaIdentity.DEFAULT_WITHOUT_KEY
                ? Optional.empty()
                : catalogIndex.indexesOf(table).stream()
                        .filter(index -> index.is(Index.Trait.PRIMARY) && !index.is(Index.Trait.IMMEDIATE))
                        .findFirst()
                        .map(index -> index.columns().stream()
                                .flatMap(number -> table.columns().stream().filter(column -> column.number() == number))
                                .map(Relation.Column::name)
                                .toList());
    }

    /** The cheapest statements that the server accepts, and in words what else there is. */
    private Remedy remedy(Relation table) {
        String alter = "ALTER TABLE " + table.sql();
        Remedy index = Remedy.text("or name a unique index on NOT NULL columns"
                + (mayBeFull(table) ? "" : ", none of them generated,") + " by REPLICA IDENTITY USING INDEX");
        Remedy full = mayBeFull(table)
                ? Remedy.sql(alter + " REPLICA IDENTITY FULL").and("which writes whole old rows to the log")
                : Remedy.NONE;
        Optional<List<String>> deferrable = deferrableKey(table);
        if (deferrable.isPresent()) {
            // The server takes no deferrable index for a replica identity.
            String name = SqlNames.identifier(table.name() + "_replica_identity");
            String columns = String.join(
                    ", ", deferrable.get().stream().map(SqlNames::identifier).toList());
            return Remedy.sql(
                            "CREATE UNIQUE INDEX " + name + " ON " + table.sql() + " (" + columns + ")",
                            alter + " REPLICA IDENTITY USING INDEX " + name)
                    .then(index);
        } else if (catalogIndex.identityOf(table) != ReplicaIdentity.GENERATED) {
            return full.and((mayBeFull(table) ? "better: " : "give it ")
                            + "a primary key on the columns that identify a row")
                    .then(index);
        } else if (hasKeyWithoutGeneratedColumns(table)) {
            return Remedy.sql(alter + " REPLICA IDENTITY DEFAULT").then(index);
        }
        return full.then(index);
    }

    /**
     * A generated column is not published. With REPLICA IDENTITY FULL it would have to be, and PostgreSQL 18 and later refuse UPDATE
     * and DELETE of such a table.
     */
    private static boolean mayBeFull(Relation table) {
        return table.columns().stream().noneMatch(Relation.Column::generated);
    }

    private boolean hasKeyWithoutGeneratedColumns(Relation table) {
        return catalogIndex.indexesOf(table).stream()
                .filter(index -> index.is(Index.Trait.PRIMARY))
                .anyMatch(index -> table.columns().stream()
                        .filter(column -> index.columns().contains(column.number()))
                        .noneMatch(Relation.Column::generated));
    }
}
