package io.refreshd.catalog;

import io.refreshd.model.Obstacle;
import io.refreshd.model.Remedy;
import io.refreshd.model.ViewId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/** The materialized views that read other ones: as long as they do, no plain view can take the place of what they read. */
public final class MaterializedReaders {
    private final Map<Long, List<Relation>> readers = new HashMap<>();

    MaterializedReaders(Catalog catalog, CatalogIndex catalogIndex) {
        for (Rule rule : catalog.rules()) {
            Relation reader = catalogIndex.relation(rule.relation());
            if (reader != null
                    && reader.kind() == RelationKind.MATERIALIZED_VIEW
                    && catalogIndex.incremental(reader).isEmpty()) {
                for (Rule.Read read : rule.reads()) {
                    readers.computeIfAbsent(read.relation(), oid -> new ArrayList<>())
                            .add(reader);
                }
            }
        }
    }

    List<Obstacle> obstacles(Relation view) {
        return readers.getOrDefault(view.oid(), List.of()).stream()
                .filter(reader -> reader.oid() != view.oid())
                .distinct()
                .map(reader -> obstacle("materialized view " + reader.viewId(), view.viewId()))
                .toList();
    }

    /** @param what depends on the view itself, and cannot be given another one */
    public static Obstacle obstacle(String what, ViewId view) {
        return new Obstacle(
                what + " stands on " + view + ", and the server cannot make it stand on what takes its place",
                Remedy.text("drop it before the conversion, and create it again afterwards: its text stays the same"));
    }
}
