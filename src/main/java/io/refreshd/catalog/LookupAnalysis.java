package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** Decides for a view and each of its tables whether changed rows can be looked up in it. In doubt: no. */
final class ProbeAnalysis {
    private final CatalogIndex catalogIndex;

    ProbeAnalysis(CatalogIndex catalogIndex) {
        this.catalogIndex = catalogIndex;
    }

    /** What is asked about one table after the other. */
    interface ByTable {
        Probing of(Relation table);
    }

    ByTable of(Relation view, Sources sources, List<Obstacle> untrackedSources) {
        Optional<String> no = whyNot(sources, untrackedSources);
        if (no.isPresent()) {
            return table -> Probing.not(no.get(), "");
        }
        try {
            QueryShape shape = QueryShape.of(view, catalogIndex);
            Optional<Probing> forbidden =
                    ReadAccess.obstacle(view, catalogIndex).map(Probing::forbidden);
            return table -> {
                Probing probing = probing(view, shape, table);
                return probing.key().isEmpty() ? probing : forbidden.orElse(probing);
            };
        } catch (QueryShape.Unfit unfit) {
            String why = String.valueOf(unfit.getMessage());
            return table -> Probing.not(why, "");
        }
    }

    private Optional<String> whyNot(Sources sources, List<Obstacle> untrackedSources) {
        if (!untrackedSources.isEmpty()) {
            return Optional.of(untrackedSources.getFirst().what());
        }
        for (Relation relation : sources.relations()) {
            if (relation.traits().rowSecurity() != RowSecurity.OFF) {
                return Optional.of("row-level security of " + relation.sql() + " may show the owner other rows");
            }
        }
        for (Rule rule : sources.rules()) {
            for (long oid : rule.functions()) {
                Function function = catalogIndex.function(oid);
                // A refresh runs as the view's owner, a probe would not: it must not run what an owner wrote.
                if (function == null || !function.builtIn() || NonDeterminism.ticks(function)) {
                    return Optional.of("calls " + (function == null ? "a function" : function.sql())
                            + ", which is not built in and immutable");
                }
            }
        }
        return Optional.empty();
    }

    private Probing probing(Relation view, QueryShape shape, Relation table) {
        QueryShape.Use use = shape.uses.get(table.oid());
        if (use == null || use.times != 1) {
            return Probing.not("reads " + table.sql() + " more than once or not by its own name", "");
        }
        if (use.hidden) {
            return Probing.not(
                    "a condition above an outer join may hide that a row of " + table.sql() + " found its match", "");
        }
        Optional<Probing> no = notShown(shape, table);
        for (long other : use.preserved) {
            no = no.or(() -> notTold(shape, table, catalogIndex.relation(other)));
        }
        return no.orElseGet(() -> byKey(view, shape, table));
    }

    /** Which row of the other one found or lost its match can be told only by that row's key. */
    private Optional<Probing> notTold(QueryShape shape, Relation table, @Nullable Relation other) {
        QueryShape.Use use = other == null ? null : shape.uses.get(other.oid());
        if (other == null || use == null || use.times != 1) {
            return Optional.of(Probing.not(
                    "an outer join keeps rows without a match in " + table.sql()
                            + ", and the view cannot show which, since it reads "
                            + (other == null ? "their table" : other.sql()) + " more than once",
                    ""));
        }
        return notShown(shape, other);
    }

    private Optional<Probing> notShown(QueryShape shape, Relation table) {
        Optional<Index> key = key(table);
        if (key.isEmpty()) {
            return Optional.of(Probing.not(
                    "table " + table.sql() + " has no primary key or replica identity index",
                    "ALTER TABLE " + table.sql() + " ADD PRIMARY KEY (the columns that identify a row)"));
        }
        List<String> missing = key.get().columns().stream()
                .filter(number -> position(shape, table, number) == 0)
                .map(number -> table.columns().stream()
                        .filter(column -> column.number() == number)
                        .map(Relation.Column::name)
                        .findFirst()
                        .orElse("an expression"))
                .toList();
        return missing.isEmpty()
                ? Optional.empty()
                : Optional.of(Probing.not(
                        "the view does not show the key of " + table.sql() + " (" + String.join(", ", missing)
                                + (missing.size() == 1 ? " is" : " are") + " missing)",
                        "add " + String.join(", ", missing) + " of " + table.sql()
                                + " to the columns of the view, unaltered"));
    }

    private static int position(QueryShape shape, Relation table, int column) {
        return shape.outputs.indexOf(new QueryShape.Origin(table.oid(), column)) + 1;
    }

    private Probing byKey(Relation view, QueryShape shape, Relation table) {
        List<String> columns = new ArrayList<>();
        List<Integer> positions = new ArrayList<>();
        List<String> types = new ArrayList<>();
        for (int number : key(table).orElseThrow().columns()) {
            Relation.Column column = table.columns().stream()
                    .filter(c -> c.number() == number)
                    .findFirst()
                    .orElseThrow();
            if (column.keyType().isEmpty()) {
                return Probing.not(
                        "the type of the key column " + column.name() + " of " + table.sql()
                                + " is not one whose text form is safe to look up",
                        "");
            }
            columns.add(column.name());
            positions.add(position(shape, table, number));
            types.add(column.keyType());
        }
        return Probing.by(new ProbeKey(columns, positions, types, indexed(view, positions)));
    }

    /** Whether the first columns of an index are these, in whatever order. Columns of a materialized view have no gaps. */
    private boolean indexed(Relation view, List<Integer> positions) {
        return catalogIndex.indexesOf(view).stream()
                .filter(index -> index.is(Index.Trait.VALID)
                        && index.is(Index.Trait.BTREE)
                        && !index.is(Index.Trait.PARTIAL)
                        && index.columns().size() >= positions.size())
                .anyMatch(index ->
                        Set.copyOf(index.columns().subList(0, positions.size())).equals(Set.copyOf(positions)));
    }

    private Optional<Index> key(Relation table) {
        Index.Trait role = catalogIndex.identityOf(table) == ReplicaIdentity.INDEX
                ? Index.Trait.REPLICA_IDENTITY
                : Index.Trait.PRIMARY;
        return catalogIndex.indexesOf(table).stream()
                .filter(index -> index.is(role) && index.is(Index.Trait.VALID))
                .findFirst();
    }
}
