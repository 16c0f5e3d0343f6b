package io.refreshd.catalog;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Undetermined;
import io.refreshd.model.ViewId;
import io.refreshd.testing.TestDatabase;
import java.sql.Connection;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class UndeterminedQueriesIT {
    private TestDatabase database;

    @BeforeEach
    void schema() throws Exception {
        database = TestDatabase.create();
        database.execute(
                "CREATE TABLE main (id int PRIMARY KEY, v text, f float8, d date)",
                "CREATE TABLE other (id int PRIMARY KEY, main_id int, w text)",
                "CREATE AGGREGATE first_one(text) (SFUNC = textcat, STYPE = text)",
                "CREATE VIEW numbered AS SELECT v, id, row_number() OVER () AS idx FROM main");
    }

    @AfterEach
    void drop() throws Exception {
        database.close();
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT id, v FROM main",
                "SELECT id, row_number() OVER (ORDER BY v, id) AS idx FROM main",
                "SELECT id, row_number() OVER (PARTITION BY v ORDER BY id) AS idx FROM main",
                "SELECT id, rank() OVER (ORDER BY v) AS idx, sum(id) OVER (PARTITION BY v) AS s FROM main",
                "SELECT v, count(*), row_number() OVER (ORDER BY v) AS idx FROM main GROUP BY v",
                "SELECT v FROM main ORDER BY id LIMIT 3",
                "SELECT v FROM main ORDER BY v LIMIT 3",
                "SELECT v, d FROM main ORDER BY v FETCH FIRST 3 ROWS WITH TIES",
                "SELECT DISTINCT ON (v) v, id FROM main ORDER BY v, id",
                "SELECT m.id, o.id AS oid, row_number() OVER (ORDER BY m.id, o.id) AS idx FROM main m JOIN other o ON true",
                "SELECT v, array_agg(id ORDER BY id), string_agg(DISTINCT v, ',') FROM main GROUP BY v",
                "SELECT v, count(*), sum(id), max(d), bool_or(true) FROM main GROUP BY v",
                "SELECT v FROM numbered",
                "SELECT v FROM numbered UNION SELECT w FROM other",
                "SELECT count(*) FROM (SELECT id FROM main) s",
                "SELECT ARRAY(SELECT id FROM main ORDER BY v, id) AS ids",
                "SELECT ARRAY(SELECT v FROM main ORDER BY v) AS ids",
                "SELECT id, ARRAY(SELECT unnest(string_to_array(v, ','))) AS words FROM main",
                "SELECT id, ARRAY(SELECT max(w) FROM other) AS ids FROM main",
                "SELECT mode() WITHIN GROUP (ORDER BY v) AS ids FROM main"
            })
    void aDeterminedQueryLeavesNothingOpen(String query) throws Exception {
        assertThat(of(query)).isEqualTo(Undetermined.NOTHING);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '#',
            value = {
                "SELECT row_number() OVER () AS idx, id FROM main # idx",
                "SELECT row_number() OVER (ORDER BY v) AS idx, id FROM main # idx",
                "SELECT id, lag(v) OVER (ORDER BY d) AS idx FROM main # idx",
                "SELECT id, sum(id) OVER (ORDER BY v ROWS UNBOUNDED PRECEDING) AS idx FROM main # idx",
                "SELECT m.id, row_number() OVER (ORDER BY m.id) AS idx FROM main m JOIN other o ON o.main_id = m.id # idx",
                "SELECT v, array_agg(id) AS ids FROM main GROUP BY v # ids",
                "SELECT v, sum(f) AS ids FROM main GROUP BY v # ids",
                "SELECT v, first_one(v) AS ids FROM main GROUP BY v # ids",
                "SELECT DISTINCT ON (v) v, id FROM main # id",
                "SELECT DISTINCT ON (v) v, id FROM main ORDER BY v, d # id",
                "SELECT v, idx + 1 AS later FROM numbered # later",
                "SELECT s.v, s.idx FROM (SELECT v, row_number() OVER () AS idx FROM main) s # idx",
                "WITH s AS (SELECT v, row_number() OVER () AS idx FROM main) SELECT s.idx, s.v FROM s # idx",
                "SELECT id, (SELECT w FROM other o WHERE o.main_id = m.id LIMIT 1) AS one FROM main m # one",
                "SELECT v, idx FROM numbered UNION ALL SELECT w, id FROM other # idx",
                "SELECT ARRAY(SELECT id FROM main) AS ids # ids",
                "SELECT v, (array_agg(id))[1] AS ids FROM main GROUP BY v # ids",
                "SELECT v, any_value(id) AS ids FROM main GROUP BY v # ids",
                "SELECT v, jsonb_object_agg(v, id) AS ids FROM main GROUP BY v # ids",
                "SELECT v, JSON_ARRAYAGG(id) AS ids FROM main GROUP BY v # ids",
                "SELECT v, avg(f) AS ids FROM main GROUP BY v # ids",
                "SELECT v, corr(f, id) AS ids FROM main GROUP BY v # ids",
                "SELECT id, first_value(id) OVER (PARTITION BY v) AS idx FROM main # idx",
                "SELECT id, ntile(4) OVER (ORDER BY v) AS idx FROM main # idx"
            })
    void aValueThatTheQueryLeavesOpenIsFoundByItsColumn(String query, String column) throws Exception {
        Undetermined found = of(query);
        assertThat(found.columns()).containsExactly(column);
        assertThat(found.rows()).isFalse();
        assertThat(found.reason()).startsWith("its query leaves open ");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT id FROM main LIMIT 3",
                "SELECT v, d FROM main ORDER BY v LIMIT 3",
                "SELECT v, d FROM main ORDER BY v OFFSET 1 ROWS FETCH FIRST 3 ROWS WITH TIES",
                "SELECT id FROM (SELECT id FROM main LIMIT 3) s",
                "SELECT v FROM numbered WHERE idx < 3",
                "SELECT idx, count(*) FROM numbered GROUP BY idx",
                "SELECT v, idx FROM numbered UNION SELECT w, id FROM other",
                "SELECT id FROM main WHERE v = (SELECT w FROM other LIMIT 1)",
                "SELECT max(v) FROM main GROUP BY GROUPING SETS ((v), ()) LIMIT 1",
                "SELECT m.id, u.n FROM main m, unnest(ARRAY(SELECT w FROM other)) WITH ORDINALITY AS u (w, n)"
            })
    void aChoiceOfRowsThatTheQueryLeavesOpenIsFound(String query) throws Exception {
        assertThat(of(query).rows()).isTrue();
    }

    private Undetermined of(String query) throws Exception {
        database.execute("CREATE MATERIALIZED VIEW mv AS " + query);
        try (Connection connection = database.connect()) {
            return UndeterminedQueries.of(connection, new ViewId("public", "mv"));
        }
    }
}
