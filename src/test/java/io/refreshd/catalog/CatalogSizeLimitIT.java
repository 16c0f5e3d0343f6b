package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.ViewId;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Views that read more of the catalog than there is room for cost themselves, and no others. */
class CatalogSizeLimitIT {
    private TestDatabase database;
    private Connection connection;

    @BeforeEach
    void create() throws Exception {
        database = TestDatabase.create();
        connection = database.connect();
        database.execute(
                "CREATE TABLE small (id int PRIMARY KEY, v text)",
                "CREATE MATERIALIZED VIEW of_small AS SELECT id FROM small",
                "CREATE TABLE wide (id int, a int, b int, c int, d int) PARTITION BY LIST (id)",
                "DO $$ BEGIN FOR i IN 1..20 LOOP EXECUTE format('CREATE TABLE wide_%s PARTITION OF wide FOR VALUES IN (%1$s)', i);"
                        + " END LOOP; END $$",
                "CREATE MATERIALIZED VIEW of_wide AS SELECT id FROM wide",
                "CREATE MATERIALIZED VIEW on_wide AS SELECT id FROM of_wide",
                "CREATE MATERIALIZED VIEW of_both AS SELECT id FROM small UNION SELECT id FROM wide",
                "CREATE MATERIALIZED VIEW other_of_small AS SELECT id, v FROM small");
    }

    @AfterEach
    void drop() throws Exception {
        connection.close();
        database.close();
    }

    /** Each of the 21 tables counts as 13 columns. */
    @Test
    void theLargestAreLeftOutWithWhatStandsOnThem() throws Exception {
        assertThat(lacked(1000)).isEmpty();
        assertThat(lacked(200)).containsExactlyInAnyOrder(view("of_wide"), view("on_wide"), view("of_both"));
        assertThat(lacked(5)).hasSize(5);
    }

    @Test
    void whatSeveralReadCountsOnce() throws Exception {
        // small 10, wide and partitions 273, the views 9 or 10 each.
        assertThat(lacked(330)).isEmpty();
        assertThat(lacked(325)).containsExactly(view("of_both"));
    }

    /** What was left out must not count for those that come after it. */
    @Test
    void whatIsLeftOutTakesNoRoom() throws Exception {
        assertThat(lacked(300)).containsExactlyInAnyOrder(view("of_wide"), view("on_wide"), view("of_both"));
    }

    @Test
    void catalogAndFingerprintAreReadWithoutThem() throws Exception {
        Fingerprint fingerprint = Fingerprint.read(connection, 200);
        Catalog catalog = CatalogReader.read(connection, view -> true, fingerprint);
        assertThat(catalog.relations())
                .extracting(Relation::name)
                .containsExactlyInAnyOrder("small", "of_small", "other_of_small");
        assertThat(fingerprint.isCurrent(connection)).isTrue();
        database.execute("ALTER TABLE wide ADD COLUMN e int");
        assertThat(fingerprint.isCurrent(connection))
                .as("of a view that is left out")
                .isTrue();
        database.execute("ALTER TABLE small ADD COLUMN e int");
        assertThat(fingerprint.isCurrent(connection)).isFalse();
        assertThat(Fingerprint.read(connection, 1000).leftOut()).isEmpty();
    }

    private Set<ViewId> lacked(long most) throws Exception {
        return CatalogSizeLimit.names(connection, CatalogSizeLimit.exceeding(connection, most), view -> true);
    }

    private static ViewId view(String name) {
        return new ViewId("public", name);
    }
}
