package io.refreshd.redefine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QueryTextTest {
    @Test
    void theSemicolonAtItsEndIsNoPartOfTheQuery() {
        assertThat(query("-- of sales\nSELECT 1 -- one; two\n;\n -- done;\n/* ; */ ;"))
                .isEqualTo("-- of sales\nSELECT 1 -- one; two");
        assertThat(query("\uFEFFTABLE a\r\n")).isEqualTo("TABLE a");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "select 1",
                "WITH w AS (SELECT 1) SELECT * FROM w",
                "VALUES (1)",
                "(SELECT 1) UNION (SELECT 2)",
                "SELECT ';', \";\", E'\\';', $x$ ; $x$, $$;$1$$ /* ; /* ; */ ; */",
                "SELECT a$1, b_$2, j ? 'k' FROM t",
                "SELECT 'not $1'"
            })
    void oneQueryIsTakenAsItIs(String sql) {
        assertThat(query(sql)).isEqualTo(sql);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            value = {
                "'' | holds no query",
                "' -- nothing' | holds no query",
                "' ; SELECT 1' | holds no query before the first semicolon",
                "SELECT 1; DROP TABLE t | several statements, the second in line 1",
                "'SELECT 1;\n\nSELECT 2' | the second in line 3",
                "INSERT INTO t VALUES (1) | it begins with INSERT",
                "CREATE MATERIALIZED VIEW v AS SELECT 1 | it begins with CREATE",
                "EXPLAIN SELECT 1 | it begins with EXPLAIN",
                "\\copy t | it begins with \\",
                "'SELECT 1\n WHERE id = $2' | a parameter, $2 in line 2",
                "SELECT \"open | in line 1 with \" has no end",
                "SELECT 1 /* a /* b */ | in line 1 with / has no end",
                "SELECT 1 /* | has no end",
                "'SELECT\n $x$ open $y$' | in line 2 with $ has no end",
            })
    void whatElseItHoldsIsNamed(String sql, String message) {
        assertThatThrownBy(() -> query(sql))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining(message);
    }

    /** It would go on in the statements around the query. */
    @Test
    void aTextWithoutEndIsNamed() {
        assertThatThrownBy(() -> query("SELECT 'open")).hasMessageContaining("in line 1 with ' has no end");
        assertThatThrownBy(() -> query("SELECT E'a\\' ;")).hasMessageContaining("has no end");
    }

    @Test
    void bytesThatAreNoTextAreNamed() {
        assertThatThrownBy(() -> QueryText.of("SELECT 'ü'".getBytes(StandardCharsets.ISO_8859_1)))
                .hasMessage("it is not UTF-8; save it as UTF-8");
        assertThatThrownBy(() -> query("SELECT '\0'")).hasMessageContaining("zero byte");
    }

    @Test
    void aPlaceIsSaidAsLineAndColumn() {
        assertThat(QueryError.place(1, "SELECT x")).isEqualTo(" (line 1, column 1)");
        assertThat(QueryError.place(12, "SELECT 1,\n  y")).isEqualTo(" (line 2, column 2)");
        assertThat(QueryError.place(0, "SELECT x")).isEmpty();
        assertThat(QueryError.place(99, "SELECT x")).isEmpty();
    }

    private static String query(String sql) {
        return QueryText.of(sql.getBytes(StandardCharsets.UTF_8));
    }
}
