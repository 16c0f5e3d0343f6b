package io.refreshd.incremental;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.catalog.IncrementalQuery.Inner;
import io.refreshd.catalog.IncrementalQuery.MapText;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class GroupedTextTest {
    private static String rows(String query, List<Inner> into, int branch, Integer... columns) {
        return GroupedText.rowsOf(query, new MapText(Optional.empty(), into, branch, List.of(columns)))
                .replaceAll("\\s+", " ");
    }

    @Test
    void theRowsOfAGroupWithSomeOfItsColumns() {
        assertThat(rows(
                        " SELECT date_trunc('day'::text, t.at) AS day,\n    sum(t.n) AS \"from\",\n    t.g\n   FROM t"
                                + "\n  WHERE (t.a IS DISTINCT FROM t.b)\n  GROUP BY (date_trunc('day'::text, t.at)), t.g\n HAVING count(*) > 1",
                        List.of(),
                        -1,
                        1,
                        3))
                .isEqualTo("SELECT date_trunc('day'::text, t.at) AS day, t.g FROM t WHERE (t.a IS DISTINCT FROM t.b)");
    }

    @Test
    void distinctAndWindowsAreLeftOut() {
        assertThat(rows("SELECT DISTINCT ON (t.g, (t.a, t.b)) t.g, t.v FROM t ORDER BY t.g, t.v", List.of(), -1, 1))
                .isEqualTo("SELECT t.g FROM t");
        assertThat(rows("SELECT DISTINCT (t.a IS DISTINCT FROM 1) AS d, t.b FROM t", List.of(), -1, 1, 2))
                .isEqualTo("SELECT (t.a IS DISTINCT FROM 1) AS d, t.b FROM t");
        assertThat(rows("SELECT t.g, rank() OVER w AS r FROM t WINDOW w AS (PARTITION BY t.g)", List.of(), -1, 1))
                .isEqualTo("SELECT t.g FROM t");
    }

    @Test
    void aSubSelectAndAQueryOfWith() {
        assertThat(rows(
                        "SELECT u.id, p.n FROM u LEFT JOIN ( SELECT t.g, count(*) AS n FROM t GROUP BY t.g) p ON p.g = u.id",
                        List.of(new Inner("p", false)),
                        -1,
                        1))
                .isEqualTo("SELECT t.g FROM t");
        assertThat(rows(
                        "WITH p AS ( SELECT t.g, count(*) AS n FROM t GROUP BY t.g) SELECT p.n FROM p",
                        List.of(new Inner("p", true)),
                        -1,
                        1))
                .isEqualTo("SELECT t.g FROM t");
    }

    @Test
    void branchesAreCountedAsTheyAreWritten() {
        String query = "( SELECT a.x FROM a UNION SELECT b.x FROM b ORDER BY 1) EXCEPT ALL ( SELECT c.x FROM c"
                + " WHERE (c.x IN ( SELECT d.x FROM d UNION SELECT 1)) GROUP BY c.x)";
        assertThat(rows(query, List.of(), 0, 1)).isEqualTo("SELECT a.x FROM a");
        assertThat(rows(query, List.of(), 1, 1)).isEqualTo("SELECT b.x FROM b");
        assertThat(rows(query, List.of(), 2, 1))
                .isEqualTo("SELECT c.x FROM c WHERE (c.x IN ( SELECT d.x FROM d UNION SELECT 1))");
        assertThat(rows("SELECT s.x FROM (" + query + ") s", List.of(new Inner("s", false)), 1, 1))
                .isEqualTo("SELECT b.x FROM b");
        assertThatThrownBy(() -> rows(query, List.of(), 3, 1)).isInstanceOf(IllegalArgumentException.class);
    }
}
