package io.refreshd.catalog;

import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** Builds catalogs for tests. Everything is in the schema {@code public}; oids follow the order of creation. */
public final class CatalogBuilder {
    private final List<Relation> relations = new ArrayList<>();
    private final List<Rule> rules = new ArrayList<>();
    private final List<Catalog.Inheritance> inheritances = new ArrayList<>();
    private final List<Index> indexes = new ArrayList<>();
    private final List<Function> functions = new ArrayList<>();
    private final Map<String, Relation> byName = new HashMap<>();
    private long nextOid = Catalog.FIRST_USER_OID;

    public static TableId table(String name) {
        return new TableId("public", name);
    }

    public static ViewId view(String name) {
        return new ViewId("public", name);
    }

    public Catalog build() {
        return new Catalog("refreshd", relations, rules, inheritances, indexes, functions);
    }

    /** Adds a table with a primary key on its first column. */
    public CatalogBuilder table(String name, String... columns) {
        return withoutKey(name, columns).index(name, 1, Index.Trait.PRIMARY);
    }

    CatalogBuilder withoutKey(String name, String... columns) {
        return relation(name, RelationKind.TABLE, Relation.Traits.USUAL, columns);
    }

    CatalogBuilder relation(String name, RelationKind kind, Relation.Traits traits, String... columns) {
        List<Relation.Column> made = new ArrayList<>();
        for (String column : columns) {
            made.add(new Relation.Column(made.size() + 1, column, 23, -1, column.startsWith("generated")));
        }
        Relation relation = new Relation(nextOid++, "public", name, kind, traits, made);
        relations.add(relation);
        byName.put(name, relation);
        return this;
    }

    CatalogBuilder index(String table, int column, Index.Trait... more) {
        Set<Index.Trait> traits = new TreeSet<>(Arrays.asList(more));
        traits.addAll(Set.of(Index.Trait.UNIQUE, Index.Trait.VALID, Index.Trait.IMMEDIATE, Index.Trait.BTREE));
        return rawIndex(table, column, traits);
    }

    CatalogBuilder rawIndex(String table, int column, Set<Index.Trait> traits) {
        indexes.add(new Index(nextOid++, relation(table).oid(), table + "_index", List.of(column), traits));
        return this;
    }

    CatalogBuilder child(String parent, String child) {
        inheritances.add(
                new Catalog.Inheritance(relation(parent).oid(), relation(child).oid(), "1"));
        return this;
    }

    public CatalogBuilder view(String name, Rule.Read... reads) {
        return relation(name, RelationKind.VIEW, Relation.Traits.USUAL, "id").rule(name, Set.of(), Set.of(), reads);
    }

    /** Adds a materialized view with a unique index that REFRESH CONCURRENTLY can use. */
    public CatalogBuilder materialized(String name, Rule.Read... reads) {
        return relation(name, RelationKind.MATERIALIZED_VIEW, Relation.Traits.USUAL, "id")
                .rule(name, Set.of(), Set.of(), reads)
                .index(name, 1);
    }

    CatalogBuilder rule(String view, Set<Rule.Trait> traits, Set<Long> calls, Rule.Read... reads) {
        rules.add(new Rule(relation(view).oid(), "hash of " + view, traits, List.of(reads), new TreeSet<>(calls)));
        return this;
    }

    CatalogBuilder function(long oid, String name, char volatility) {
        functions.add(new Function(
                oid, oid < Catalog.FIRST_USER_OID ? "pg_catalog" : "public", name, "", volatility, "h", false));
        return this;
    }

    public Rule.Read reads(String relation, Integer... columns) {
        return new Rule.Read(relation(relation).oid(), List.of(columns));
    }

    private Relation relation(String name) {
        Relation relation = byName.get(name);
        if (relation == null) {
            throw new IllegalArgumentException("not in the catalog yet: " + name);
        }
        return relation;
    }
}
