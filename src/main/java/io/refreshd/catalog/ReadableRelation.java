package io.refreshd.catalog;

import io.refreshd.catalog.NodeTree.Node;

/** Decides whether a query reads all rows of a table or plain view, and each of them once. */
final class ReadableRelation {
    private ReadableRelation() {}

    /**
     * Checks one entry of the range table.
     *
     * @param reader the view, for messages
     * @throws UnsupportedQueryException if it is neither a table nor a plain view, or if not all of its rows are read
     */
    static void check(Relation relation, Node entry, Relation reader, CatalogIndex catalogIndex)
            throws UnsupportedQueryException {
        if (!entry.isNull("tablesample")
                || (!entry.isNull("securityQuals")
                        && !entry.all("securityQuals").isEmpty())) {
            throw new UnsupportedQueryException(reader.sql() + " reads only part of " + relation.sql());
        }
        switch (relation.kind()) {
            case VIEW -> {
                // Its query is examined.
            }
            case TABLE -> {
                if (!catalogIndex.childrenOf(relation).isEmpty()) {
                    throw new UnsupportedQueryException("table " + relation.sql() + " has inheritance children");
                }
            }
            case PARTITIONED_TABLE -> {
                // The query reads all partitions, and each of their rows once.
                if (!entry.is("inh", "true")) {
                    throw new UnsupportedQueryException("reads ONLY " + relation.sql() + ", which holds no rows");
                }
            }
            case MATERIALIZED_VIEW ->
                throw new UnsupportedQueryException("reads the materialized view " + relation.sql());
            case FOREIGN_TABLE, SEQUENCE, OTHER ->
                throw new UnsupportedQueryException("reads " + relation.sql() + ", which is no table");
        }
    }
}
