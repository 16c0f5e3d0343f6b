package io.refreshd.catalog;

import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Cache of parsed query trees. A query is examined several times in a row: once for each table that it reads.
 *
 * <p>Invariant: the room is bounded, however many views there are and whatever their queries hold. A parsed tree takes some fifteen times
 * the room of its text.
 *
 * <p>Thread: one only.
 */
final class ParsedQueries {
    /** Characters of text whose trees are kept. The newest tree is kept whatever its size, which {@link CatalogSql} bounds. */
    private static final int MOST_CHARACTERS = 512 * 1024;

    private record Parsed(Optional<NodeTree.Node> query, int characters) {}

    private final Map<Long, Parsed> byRelation = new LinkedHashMap<>(16, 0.75f, true);
    private long characters;

    /** The parsed query; empty if its form is not known, or it was too large or is too deep to be examined. */
    Optional<NodeTree.Node> of(Rule rule) {
        Parsed known = byRelation.get(rule.relation());
        if (known == null) {
            known = new Parsed(NodeTree.query(rule.tree()), rule.tree().length());
            byRelation.put(rule.relation(), known);
            characters += known.characters();
            forgetOldest();
        }
        return known.query();
    }

    private void forgetOldest() {
        Iterator<Parsed> oldest = byRelation.values().iterator();
        while (characters > MOST_CHARACTERS && byRelation.size() > 1) {
            characters -= oldest.next().characters();
            oldest.remove();
        }
    }
}
