package io.refreshd.incremental;

import io.refreshd.catalog.IncrementalQuery;
import io.refreshd.catalog.RecomputeKeys;

/** Gives tests of other packages the text of a definition. */
public final class HiddenColumns {
    private HiddenColumns() {}

    /** @param query as {@code pg_get_viewdef} writes it */
    public static String before(String query, IncrementalQuery plan) {
        return DefinitionText.withHidden(query, plan.hidden());
    }

    /** The rows of a map: those that a query groups, or the values of a column. @param query as {@code pg_get_viewdef} writes it */
    public static String rowsOf(String query, IncrementalQuery.GroupMap map) {
        return map.value().map(RecomputeKeys::text).orElseGet(() -> GroupedText.rowsOf(query, map.text()));
    }
}
