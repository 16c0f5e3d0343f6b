package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import io.refreshd.model.ViewId;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.Statement;
import java.util.List;
import java.util.Set;
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

    /** Everybody may alter settings of his own role, and leave the transaction open. */
    @Test
    void whoAltersRolesConcernsTheViewsWhoseOwnersHeCouldAlter() throws Exception {
        String owner = "owner_" + database.name();
        String stranger = "stranger_" + database.name();
        database.execute(
                "CREATE ROLE " + owner + " LOGIN",
                "CREATE ROLE " + stranger + " LOGIN",
                "ALTER MATERIALIZED VIEW a OWNER TO " + owner);
        try (Connection connection = database.connect()) {
            Catalog catalog = CatalogReader.read(connection);
            DependentViews dependents = DependentViews.of(catalog, ViewGraph.of(catalog, view -> true));
            for (String user : List.of(owner, stranger)) {
                try (Connection theirs = DriverManager.getConnection(database.url(), user, "");
                        Statement statement = theirs.createStatement()) {
                    theirs.setAutoCommit(false);
                    statement.execute("ALTER ROLE " + user + " SET timezone = 'Asia/Tokyo'");
                    Set<ViewId> expected = user.equals(owner) ? Set.of(new ViewId("public", "a")) : Set.of();
                    // Other tests alter roles of the same server for a moment.
                    await(user)
                            .until(() -> dependents
                                    .on(CatalogReader.beingAltered(connection))
                                    .keySet()
                                    .equals(expected));
                }
            }
        } finally {
            database.execute("DROP OWNED BY " + owner + " CASCADE", "DROP ROLE " + owner + ", " + stranger);
        }
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
