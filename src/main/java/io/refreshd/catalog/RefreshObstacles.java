package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.SqlNames;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** Finds what stands in the way of refreshing a view, by the rules that the server itself applies. */
final class RefreshObstacles {
    private final CatalogIndex catalogIndex;

    RefreshObstacles(CatalogIndex catalogIndex) {
        this.catalogIndex = catalogIndex;
    }

    /** The obstacle to a refresh by any method: the server does not read a materialized view that is not populated. */
    Optional<Obstacle> toAnyRefresh(ViewSources sources) {
        return sources.materializedViews().stream()
                .filter(other -> !other.traits().populated())
                .findFirst()
                .map(other -> new Obstacle(
                        "reads the materialized view " + other.sql() + ", which is not populated",
                        Remedy.sql("REFRESH MATERIALIZED VIEW " + other.sql())));
    }

    /** The obstacle to REFRESH … CONCURRENTLY: no unique index that the server would use, or no data yet. */
    Optional<Obstacle> toConcurrentRefresh(Relation view, ViewSources sources) {
        List<String> what = new ArrayList<>();
        Remedy remedy = Remedy.NONE;
        List<Index> unique = catalogIndex.indexesOf(view).stream()
                .filter(index -> index.is(Index.Trait.UNIQUE))
                .toList();
        if (unique.stream().noneMatch(RefreshObstacles::usable)) {
            what.add("has no unique index that REFRESH … CONCURRENTLY could use" + defects(unique));
            remedy = indexStatement(view, unique, sources)
                    .map(Remedy::sql)
                    .orElse(Remedy.text("create a unique index on columns of " + view.sql()
                            + " that identify a row, adding them to its query if it does not show them; or set method:"
                            + " plain for the view, which needs no index"));
        }
        if (!view.traits().populated()) {
            what.add("is not populated");
            remedy = remedy.then(Remedy.sql("REFRESH MATERIALIZED VIEW " + view.sql()));
        }
        return what.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        new Obstacle("materialized view " + view.sql() + " " + String.join(", and ", what), remedy));
    }

    /** The statement that makes an index for REFRESH … CONCURRENTLY; empty if there is one, or if no key of the view is known. */
    Optional<String> missingIndex(Relation view, ViewSources sources) {
        List<Index> unique = catalogIndex.indexesOf(view).stream()
                .filter(index -> index.is(Index.Trait.UNIQUE))
                .toList();
        return unique.stream().anyMatch(RefreshObstacles::usable)
                ? Optional.empty()
                : indexStatement(view, unique, sources);
    }

    private static boolean usable(Index index) {
        return defectOf(index).isEmpty();
    }

    private static Optional<String> defectOf(Index index) {
        if (index.is(Index.Trait.PARTIAL)) {
            return Optional.of("has a WHERE clause");
        }
        if (index.hasExpression()) {
            return Optional.of("is on an expression");
        }
        if (!index.is(Index.Trait.BTREE)) {
            return Optional.of("is not a btree");
        }
        if (!index.is(Index.Trait.IMMEDIATE)) {
            return Optional.of("is deferrable");
        }
        return index.is(Index.Trait.VALID) ? Optional.empty() : Optional.of("is invalid: building it failed");
    }

    private static String defects(List<Index> unique) {
        return unique.isEmpty()
                ? ""
                : unique.stream()
                        .map(index -> SqlNames.identifier(index.name()) + " "
                                + defectOf(index).orElse("is fine"))
                        .collect(Collectors.joining(", ", " (", ")"));
    }

    private Optional<String> indexStatement(Relation view, List<Index> unique, ViewSources sources) {
        for (Index index : unique) {
            boolean onlyInvalid =
                    !index.is(Index.Trait.VALID) && !index.is(Index.Trait.PARTIAL) && !index.hasExpression();
            if (onlyInvalid) {
                return Optional.of("REINDEX INDEX " + SqlNames.identifier(view.schema()) + "."
                        + SqlNames.identifier(index.name()));
            }
        }
        return key(view, sources)
                .map(key -> key.stream().map(SqlNames::identifier).collect(Collectors.joining(", ")))
                .map(columns -> "CREATE UNIQUE INDEX ON " + view.sql() + " (" + columns + ")");
    }

    private Optional<List<String>> key(Relation view, ViewSources sources) {
        LikelyKey.Answer answer = new LikelyKey(catalogIndex).of(view);
        if (!answer.known()) {
            return likelyKey(view, sources);
        }
        List<String> names = answer.columns().stream()
                .flatMap(number -> view.columns().stream().filter(column -> column.number() == number))
                .map(Relation.Column::name)
                .toList();
        return names.isEmpty() ? Optional.empty() : Optional.of(names);
    }

    /**
     * Guesses the columns of the unique index to suggest: the primary key of the one table whose key columns are all in the view
     * under their own names. If a join makes the guess wrong, CREATE UNIQUE INDEX fails and changes nothing.
     */
    private Optional<List<String>> likelyKey(Relation view, ViewSources sources) {
        Set<String> shown = view.columns().stream().map(Relation.Column::name).collect(Collectors.toSet());
        List<Relation> read = sources.relations();
        Set<Relation> children = read.stream()
                .flatMap(table -> catalogIndex.childrenOf(table).stream())
                .collect(Collectors.toSet());
        List<List<String>> keys = read.stream()
                .filter(table -> !children.contains(table))
                .filter(table -> table.kind() != RelationKind.TABLE
                        || catalogIndex.childrenOf(table).isEmpty())
                .map(this::primaryKey)
                .flatMap(Optional::stream)
                .filter(shown::containsAll)
                .toList();
        return keys.size() == 1 ? Optional.of(keys.getFirst()) : Optional.empty();
    }

    private Optional<List<String>> primaryKey(Relation table) {
        return catalogIndex.indexesOf(table).stream()
                .filter(index -> index.is(Index.Trait.PRIMARY))
                .findFirst()
                .map(index -> index.columns().stream()
                        .flatMap(number -> table.columns().stream().filter(column -> column.number() == number))
                        .map(Relation.Column::name)
                        .toList());
    }
}
