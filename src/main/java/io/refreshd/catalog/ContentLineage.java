package io.refreshd.catalog;

import io.refreshd.catalog.ContentDependencies.Kind;
import io.refreshd.catalog.ContentDependencies.Part;
import java.util.Set;
import java.util.SortedSet;
import java.util.TreeSet;

/**
 * Describes what a view's content depends on besides rows and the form of relations: types, functions and other objects that its
 * queries and columns refer to, the roles that it reads as, and which rows and columns these roles may read.
 *
 * <p>Invariant: whatever changes the text may change the content, or whether the definition can be run at all. What leaves both as they
 * are may change the text too.
 */
final class ContentLineage {
    /** Built-in functions that use the session's text search configuration, which they find by name. */
    private static final Set<String> TEXT_SEARCH = Set.of(
            "to_tsvector",
            "json_to_tsvector",
            "jsonb_to_tsvector",
            "to_tsquery",
            "plainto_tsquery",
            "phraseto_tsquery",
            "websearch_to_tsquery",
            "ts_headline",
            "get_current_ts_config");

    /** Oids of regconfig and regdictionary: a column of such a type may name any configuration or dictionary. */
    private static final Set<Long> TEXT_SEARCH_TYPES = Set.of(3734L, 3769L);

    private final CatalogIndex catalogIndex;
    private final ContentIndex content;

    ContentLineage(CatalogIndex catalogIndex, ContentIndex content) {
        this.catalogIndex = catalogIndex;
        this.content = content;
    }

    void append(Relation view, ViewSources sources, StringBuilder text) {
        SortedSet<Long> roles = roles(view, sources);
        text.append("owner ")
                .append(view.traits().owner())
                .append(' ')
                .append(content.fact(Kind.ROLE, view.traits().owner(), 0))
                .append('\n');
        for (Rule rule : sources.rules()) {
            append(content.part(rule.relation(), 0), true, text);
            for (Rule.Read read : rule.reads()) {
                appendRights(rolesOf(rule, view, roles), read.relation(), text);
            }
            if (rule.functions().stream().anyMatch(this::choosesTextSearch)) {
                text.append(content.fact(Kind.TEXT_SEARCH, 0, 0)).append('\n');
            }
        }
        for (Relation relation : sources.relations()) {
            appendColumns(relation, sources.columnsOf(relation), text);
        }
        for (Relation other : sources.materializedViews()) {
            appendColumns(other, ReadColumns.ALL, text);
        }
    }

    /** All roles that the view's queries may read as. */
    private SortedSet<Long> roles(Relation view, ViewSources sources) {
        SortedSet<Long> roles = new TreeSet<>();
        roles.add(view.traits().owner());
        for (Rule rule : sources.rules()) {
            Relation reader = catalogIndex.relation(rule.relation());
            if (reader != null && reader.kind() == RelationKind.VIEW) {
                roles.add(reader.traits().owner());
            }
        }
        return roles;
    }

    /** A plain view reads as its owner. With security_invoker, and for what policies read, the role is that of some reader. */
    private SortedSet<Long> rolesOf(Rule rule, Relation view, SortedSet<Long> roles) {
        Relation reader = catalogIndex.relation(rule.relation());
        if (reader == null || reader.traits().access().securityInvoker()) {
            return roles;
        }
        return switch (reader.kind()) {
            case MATERIALIZED_VIEW -> new TreeSet<>(Set.of(view.traits().owner()));
            case VIEW -> new TreeSet<>(Set.of(reader.traits().owner()));
            default -> roles;
        };
    }

    private boolean choosesTextSearch(long oid) {
        Function function = catalogIndex.function(oid);
        return function != null && function.builtIn() && TEXT_SEARCH.contains(function.name());
    }

    private void appendRights(SortedSet<Long> roles, long relation, StringBuilder text) {
        for (long role : roles) {
            String rows = content.fact(Kind.ROWS, role, relation);
            String columns = content.fact(Kind.SELECT, role, relation);
            if (!rows.isEmpty() || !columns.isEmpty()) {
                text.append("rights ")
                        .append(role)
                        .append(' ')
                        .append(relation)
                        .append(' ')
                        .append(rows)
                        .append(' ')
                        .append(columns)
                        .append('\n');
            }
        }
    }

    private void appendColumns(Relation relation, ReadColumns read, StringBuilder text) {
        for (Relation.Column column : relation.columns()) {
            if (!read.all() && !read.names().contains(column.name())) {
                continue;
            }
            // The server does not rewrite a column that a query names. It does rewrite one that is read as part of the
            // whole row.
            append(content.part(relation.oid(), column.number()), read.all(), text);
            if (TEXT_SEARCH_TYPES.contains(column.type())) {
                text.append(content.fact(Kind.TEXT_SEARCH, 0, 0)).append('\n');
            }
        }
    }

    private void append(Part part, boolean withOwnVersion, StringBuilder text) {
        if (withOwnVersion) {
            text.append("part ").append(part.version()).append('\n');
        }
        for (ObjectRef object : part.references()) {
            text.append(object).append(' ').append(content.version(object)).append('\n');
        }
    }
}
