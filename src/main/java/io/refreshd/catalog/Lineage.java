package io.refreshd.catalog;

import io.refreshd.model.ViewId;
import java.util.function.Predicate;

/**
 * Hashes a view's definition and everything that the view reads, rows apart. A new hash means that the view may lack changes which
 * the log never reported: rows of a partition that was attached, of a table that was not published before, or the effect of a
 * replaced view or function; or that the view shows rows which its owner may no longer see ({@link ContentLineage}).
 *
 * <p>Names of tables are left out, since renaming a table moves no row. Names of columns are hashed, since changes in the log name
 * their columns.
 */
final class Lineage {
    private final CatalogIndex catalogIndex;
    private final ContentLineage content;
    private final Predicate<ViewId> included;

    Lineage(CatalogIndex catalogIndex, ContentIndex content, Predicate<ViewId> included) {
        this.catalogIndex = catalogIndex;
        this.content = new ContentLineage(catalogIndex, content);
        this.included = included;
    }

    String of(Relation view, ViewSources sources) {
        StringBuilder text = new StringBuilder("view ").append(view.oid()).append('\n');
        for (Rule rule : sources.rules()) {
            text.append("query ").append(rule.relation()).append(' ').append(rule.hash());
            for (long oid : rule.functions()) {
                Function function = catalogIndex.function(oid);
                // Built-in functions change only with the server, and another version may give them other hashes.
                if (function != null && !function.builtIn()) {
                    text.append(' ').append(oid).append('=').append(function.hash());
                }
            }
            text.append('\n');
        }
        for (Relation relation : sources.relations()) {
            boolean tracked =
                    relation.isDecodable() && !catalogIndex.identityOf(relation).failsWhenPublished();
            describe(relation, tracked, text);
            for (Catalog.Inheritance child : catalogIndex.inheritancesOf(relation)) {
                text.append("child ")
                        .append(child.child())
                        .append(' ')
                        .append(child.version())
                        .append('\n');
            }
        }
        for (Relation other : sources.materializedViews()) {
            describe(other, included.test(other.viewId()), text);
        }
        content.append(view, sources, text);
        return Hash.sha256(text.toString());
    }

    /** @param tracked whether refreshd learns of changes of the relation's rows */
    private static void describe(Relation relation, boolean tracked, StringBuilder text) {
        text.append(relation.kind())
                .append(' ')
                .append(relation.oid())
                .append(' ')
                .append(tracked);
        for (Relation.Column column : relation.columns()) {
            text.append(' ')
                    .append(column.number())
                    .append(':')
                    // Without the length, a name could hold what looks like the next column.
                    .append(column.name().length())
                    .append(':')
                    .append(column.name())
                    .append(':')
                    .append(column.type())
                    .append(':')
                    .append(column.modifier())
                    .append(column.generated() ? "g" : "");
        }
        text.append('\n');
    }
}
