package io.refreshd.incremental;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.incremental.AggregateText.Call;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

class AggregateTextTest {
    private static final String QUERY = """
            SELECT t.role,
                count(*) AS count,
                (round(avg(t.n), 2) || 'sum(x)'::text) AS said,
                (sum((t.a + t.b)) FILTER (WHERE (t.ok AND (t.a > 1))) / count(*)) AS "FROM"
               FROM public.max t
              WHERE (t.count IS DISTINCT FROM t.b)
              GROUP BY t.role
             HAVING (max(t.a) > 3)
              ORDER BY (count(*))""";

    @Test
    void theAggregatesAreFoundOnce() {
        assertThat(new AggregateText(QUERY).calls())
                .containsExactly(
                        new Call("count(*)", Optional.empty(), Optional.empty()),
                        new Call("avg(t.n)", Optional.of("t.n"), Optional.empty()),
                        new Call(
                                "sum((t.a + t.b)) FILTER (WHERE (t.ok AND (t.a > 1)))",
                                Optional.of("(t.a + t.b)"),
                                Optional.of("(t.ok AND (t.a > 1))")),
                        new Call("max(t.a)", Optional.of("t.a"), Optional.empty()));
    }

    @Test
    void otherExpressionsTakeTheirPlaces() {
        AggregateText text = new AggregateText(QUERY);
        assertThat(text.columns(Map.of(1, "s.k1"), call -> "<" + call.substring(0, 3) + ">"))
                .isEqualTo("s.k1, <cou> AS count, (round(<avg>, 2) || 'sum(x)'::text) AS said,"
                        + " (<sum> / <cou>) AS \"FROM\"");
        assertThat(text.having(call -> "<" + call + ">")).isEqualTo("(<max(t.a)> > 3)");
        assertThat(text.ofCalls(text.calls().subList(0, 1)))
                .startsWith("SELECT count(*) AS c0 FROM public.max t")
                .endsWith("GROUP BY t.role");
    }

    @Test
    void columnsAreAddedAtTheEndOfTheList() {
        assertThat(new AggregateText("SELECT a AS x\n FROM t").withColumns(List.of("b AS y", "c")))
                .isEqualTo("SELECT a AS x, b AS y, c\n FROM t");
        assertThat(new AggregateText("SELECT a FROM t GROUP BY a").having(call -> call))
                .isEmpty();
    }
}
