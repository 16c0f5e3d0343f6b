package io.refreshd.exchange;

import io.refreshd.model.SqlNames;
import io.refreshd.model.ViewId;

/**
 * A view, and the one that is to take its place.
 *
 * @param view the name of both
 * @param old oid of the present one
 * @param oldMaterialized whether that one is a materialized view; a plain view otherwise
 * @param fresh the name of the other one until then
 * @param made oid of the other one
 * @param materialized whether the other one is a materialized view
 */
public record Place(ViewId view, long old, boolean oldMaterialized, ViewId fresh, long made, boolean materialized) {
    static String noun(boolean materialized) {
        return materialized ? "MATERIALIZED VIEW" : "VIEW";
    }

    String noun() {
        return noun(materialized);
    }

    private ViewId away() {
        return Names.temporary(view, "old", old);
    }

    String moveAway() {
        return "ALTER " + noun(oldMaterialized) + " " + SqlNames.qualified(view) + " RENAME TO "
                + SqlNames.identifier(away().name());
    }

    String moveIn() {
        return "ALTER " + noun() + " " + SqlNames.qualified(fresh) + " RENAME TO " + SqlNames.identifier(view.name());
    }

    String dropOld() {
        return "DROP " + noun(oldMaterialized) + " " + SqlNames.qualified(away());
    }
}
