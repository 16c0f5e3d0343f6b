package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Decides for a view and each of its tables whether changed rows can be looked up in it. In doubt: no. */
final class ProbeAnalysis {
    private final Facts facts;

    ProbeAnalysis(Facts facts) {
        this.facts = facts;
    }

    /** What is asked about one table after the other. */
    interface ByTable {
        Probing of(Relation table);
    }

    ByTable of(Relation view, Sources sources, List<Obstacle> blindSpots) {
        Optional<String> no = whyNot(sources, blindSpots);
        if (no.isPresent()) {
            return table -> Probing.not(no.get(), "");
        }
        try {
            QueryShape shape = QueryShape.of(view, facts);
            return table -> probing(shape, table);
        } catch (QueryShape.Unfit unfit) {
            String why = String.valueOf(unfit.getMessage());
            return table -> Probing.not(why, "");
        }
    }

    private Optional<String> whyNot(Sources sources, List<Obstacle> blindSpots) {
        if (!blindSpots.isEmpty()) {
            return Optional.of(blindSpots.getFirst().what());
        }
        for (Relation relation : sources.relations()) {
            if (relation.traits().rowSecurity() != RowSecurity.OFF) {
                return Optional.of("row-level security of " + relation.sql() + " may show the owner other rows");
            }
        }
        for (Rule rule : sources.rules()) {
            for (long oid : rule.functions()) {
                Function function = facts.function(oid);
                // A refresh runs as the view's owner, a probe would not: it must not run what an owner wrote.
                if (function == null || !function.builtIn() || Clockwork.ticks(function)) {
                    return Optional.of("calls " + (function == null ? "a function" : function.sql())
                            + ", which is not built in and immutable");
                }
            }
        }
        return Optional.empty();
    }

    private Probing probing(QueryShape shape, Relation table) {
        QueryShape.Use use = shape.uses.get(table.oid());
        if (use == null || use.times != 1) {
            return Probing.not("reads " + table.sql() + " more than once or not by its own name", "");
        }
        if (use.hidden) {
            return Probing.not(
                    "a condition above an outer join may hide that a row of " + table.sql() + " found its match", "");
        }
        Optional<Index> key = key(table);
        if (key.isEmpty()) {
            return Probing.not(
                    "table " + table.sql() + " has no primary key or replica identity index",
                    "ALTER TABLE " + table.sql() + " ADD PRIMARY KEY (the columns that identify a row)");
        }
        List<String> columns = new ArrayList<>();
        List<Integer> positions = new ArrayList<>();
        List<String> types = new ArrayList<>();
        for (int number : key.get().columns()) {
            Optional<Relation.Column> column =
                    table.columns().stream().filter(c -> c.number() == number).findFirst();
            int position = shape.outputs.indexOf(new QueryShape.Origin(table.oid(), number)) + 1;
            if (column.isEmpty() || position == 0) {
                String missing = column.map(Relation.Column::name).orElse("an expression");
                return Probing.not(
                        "the view does not show the key of " + table.sql() + " (" + missing + " is missing)",
                        "add " + missing + " of " + table.sql() + " to the columns of the view, unaltered");
            }
            if (column.get().keyType().isEmpty()) {
                return Probing.not(
                        "the type of the key column " + column.get().name() + " of " + table.sql()
                                + " is not one whose text form is safe to look up",
                        "");
            }
            columns.add(column.get().name());
            positions.add(position);
            types.add(column.get().keyType());
        }
        return Probing.by(new ProbeKey(columns, positions, types));
    }

    private Optional<Index> key(Relation table) {
        Index.Trait role =
                facts.identityOf(table) == ReplicaIdentity.INDEX ? Index.Trait.REPLICA_IDENTITY : Index.Trait.PRIMARY;
        return facts.indexesOf(table).stream()
                .filter(index -> index.is(role) && index.is(Index.Trait.VALID))
                .findFirst();
    }
}
