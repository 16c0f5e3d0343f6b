package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.ViewId;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.util.List;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class DependentViewsIT {
    private TestDatabase database;

    @BeforeEach
    void create() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE parts (id int PRIMARY KEY) PARTITION BY RANGE (id)",
                "CREATE TABLE part PARTITION OF parts FOR VALUES FROM (0) TO (10)",
                "CREATE TABLE parent (id int PRIMARY KEY)",
                "CREATE TABLE child (PRIMARY KEY (id)) INHERITS (parent)",
                "CREATE TABLE of_policy (id int)",
                "CREATE TABLE lone (id int)",
                "CREATE POLICY p ON parent USING (EXISTS (SELECT FROM of_policy))",
                "CREATE VIEW inner_view AS SELECT id FROM parts",
                "CREATE VIEW outer_view AS SELECT id FROM inner_view",
                "CREATE MATERIALIZED VIEW a AS SELECT id FROM outer_view",
                "CREATE MATERIALIZED VIEW b AS SELECT p.id FROM parent p JOIN a USING (id)");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @Test
    void followsPlainViewsPartitionsChildrenAndPoliciesAndStopsAtMaterializedViews() throws Exception {
        DependentViews relations;
        try (Connection connection = database.connect()) {
            Catalog catalog = CatalogReader.read(connection);
            relations = DependentViews.of(catalog, ViewGraph.of(catalog, view -> true));
        }
        assertThat(readers(relations, "parts", "part", "inner_view", "outer_view"))
                .containsExactly("public.a");
        for (String each : List.of("parts", "part", "inner_view", "outer_view")) {
            assertThat(readers(relations, each)).containsExactly("public.a");
        }
        // The policy does not apply, since row-level security is off. To turn it on is what alters the view.
        for (String each : List.of("parent", "child", "of_policy")) {
            assertThat(readers(relations, each)).containsExactly("public.b");
        }
        assertThat(readers(relations, "a", "b", "lone")).isEmpty();
    }

    private List<String> readers(DependentViews relations, String... names) throws Exception {
        TreeSet<ObjectRef> objects = new TreeSet<>();
        for (String name : names) {
            objects.add(new ObjectRef(
                    1259,
                    Long.parseLong(database.query("SELECT '" + name + "'::regclass::oid::int8")
                            .getFirst())));
        }
        return relations.on(objects).keySet().stream()
                .map(ViewId::toString)
                .sorted()
                .toList();
    }
}
