package io.refreshd.catalog;

import io.refreshd.model.ViewId;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.function.Predicate;

/**
 * Hashes what a view is made from. If it differs from what it was, the view may lack changes that no event told of: an
 * attached partition, a replaced view or function, a table that has only now become one the log tells about. Names of tables
 * are not in it: renaming moves no row. Names of columns are, since events speak of columns by name.
 */
final class Lineage {
    private final CatalogIndex catalogIndex;
    private final Predicate<ViewId> included;

    Lineage(CatalogIndex catalogIndex, Predicate<ViewId> included) {
        this.catalogIndex = catalogIndex;
        this.included = included;
    }

    String of(Relation view, Sources sources) {
        StringBuilder text = new StringBuilder("view ").append(view.oid()).append('\n');
        for (Rule rule : sources.rules()) {
            text.append("query ").append(rule.relation()).append(' ').append(rule.hash());
            for (long oid : rule.functions()) {
                Function function = catalogIndex.function(oid);
                // Built-in functions change with the server only, and a new server may hash them otherwise.
                if (function != null && !function.builtIn()) {
                    text.append(' ').append(oid).append('=').append(function.hash());
                }
            }
            text.append('\n');
        }
        for (Relation relation : sources.relations()) {
            boolean told =
                    relation.logged() && !catalogIndex.identityOf(relation).failsWhenPublished();
            describe(relation, told, text);
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
        return sha256(text.toString());
    }

    private static void describe(Relation relation, boolean told, StringBuilder text) {
        text.append(relation.kind())
                .append(' ')
                .append(relation.oid())
                .append(' ')
                .append(told);
        for (Relation.Column column : relation.columns()) {
            text.append(' ')
                    .append(column.number())
                    .append(':')
                    // The length keeps a name that looks like the next column from being taken for it.
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

    private static String sha256(String text) {
        try {
            byte[] hash = MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
            return HexFormat.of().formatHex(hash);
        } catch (NoSuchAlgorithmException everyPlatformHasIt) {
            throw new IllegalStateException(everyPlatformHasIt);
        }
    }
}
