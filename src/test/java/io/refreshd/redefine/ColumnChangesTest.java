package io.refreshd.redefine;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.Obstacle;
import io.refreshd.model.ViewId;
import io.refreshd.redefine.ColumnChanges.Column;
import io.refreshd.redefine.ColumnChanges.Use;
import java.util.List;
import org.junit.jupiter.api.Test;

class ColumnChangesTest {
    private static final ViewId VIEW = new ViewId("s", "v");
    private static final List<Column> BEFORE =
            List.of(new Column("id", "integer"), new Column("note", "text"), new Column("sum", "numeric(9,2)"));

    @Test
    void columnsThatComeGoOrChangeAreSaid() {
        ColumnChanges changes = new ColumnChanges(
                BEFORE, List.of(new Column("sum", "numeric"), new Column("id", "integer"), new Column("day", "date")));
        assertThat(changes.words())
                .containsExactly(
                        "sum becomes numeric, was numeric(9,2)",
                        "day date is new",
                        "note goes, with its comment and grants");
        assertThat(new ColumnChanges(BEFORE, BEFORE.reversed()).words()).containsExactly("the same in another order");
        assertThat(new ColumnChanges(BEFORE, BEFORE).words()).isEmpty();
    }

    @Test
    void whoUsesAColumnThatGoesIsNamed() {
        ColumnChanges changes =
                new ColumnChanges(BEFORE, List.of(new Column("id", "bigint"), new Column("sum", "numeric(9,2)")));
        assertThat(changes
                        .obstacles(
                                VIEW,
                                List.of(
                                        new Use("note", "view s.above", true),
                                        new Use("note", "index s.v_note", false),
                                        new Use("id", "view s.above", true),
                                        new Use("id", "index s.v_key", false),
                                        new Use("sum", "view s.above", true)))
                        .stream()
                        .map(Obstacle::what))
                .containsExactly(
                        "view s.above uses column note of s.v, which the new query does not have",
                        "index s.v_note uses column note of s.v, which the new query does not have",
                        "view s.above uses column id of s.v, which becomes bigint and was integer");
    }
}
