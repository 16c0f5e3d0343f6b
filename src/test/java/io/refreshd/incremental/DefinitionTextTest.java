package io.refreshd.incremental;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.refreshd.catalog.IncrementalQuery.HiddenColumn;
import io.refreshd.model.ViewId;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DefinitionTextTest {
    private static final List<HiddenColumn> HIDDEN = List.of(
            new HiddenColumn("refreshd_1", "a \"b\"", "id", 0, 1), new HiddenColumn("refreshd_2", "c", "x,y", 1, 2));

    private static final String INSERTED =
            " \"a \"\"b\"\"\".\"id\" AS \"refreshd_1\", \"c\".\"x,y\" AS \"refreshd_2\",";

    /** Where the columns belong is marked by #. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                " SELECT# id\n   FROM t",
                " WITH w AS (\n         SELECT t.id FROM t\n        )\n SELECT# w.id,\n    w.x\n   FROM w",
                " WITH \"SELECT\" AS (SELECT 'a)(' AS \"x)\") SELECT# \"SELECT\".x FROM \"SELECT\"",
                " WITH w AS (SELECT E'it\\\\'' SELECT (' AS a) SELECT# ((a, b))[1:2], ',' AS c FROM w",
                " WITH w AS (SELECT 'E''' AS e) SELECT# e'\\\\'',' AS \"a\"\",b\" FROM w",
            })
    void theOutermostListIsFound(String marked) {
        String query = marked.replace("#", "");
        String with = DefinitionText.withHidden(query, HIDDEN);
        assertThat(with).isEqualTo(marked.replace("#", INSERTED));
        assertThat(DefinitionText.without(with, 2).replaceAll("\\s+", " ")).isEqualTo(query.replaceAll("\\s+", " "));
        assertThat(DefinitionText.withHidden(query, List.of())).isEqualTo(query);
    }

    @Test
    void aTextWithoutTheListIsNoQuery() {
        assertThatThrownBy(() -> DefinitionText.withHidden("TABLE t", HIDDEN))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> DefinitionText.withHidden("(SELECT 1", HIDDEN))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> DefinitionText.without("SELECT a, b FROM t", 2))
                .isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> DefinitionText.without("SELECT 'a", 1)).isInstanceOf(IllegalArgumentException.class);
    }

    @Test
    void namesFitAndDiffer() {
        String longest = "ä".repeat(31) + "x";
        StoreNames first = StoreNames.of(new ViewId("public", longest), 4_294_967_295L);
        StoreNames second = StoreNames.of(new ViewId("other", longest), 16_384);
        assertThat(List.of(
                        first.store().name(),
                        first.definition().name(),
                        second.store().name(),
                        second.definition().name()))
                .doesNotHaveDuplicates()
                .allMatch(name -> name.getBytes(StandardCharsets.UTF_8).length <= 63);
        assertThat(StoreNames.of(new ViewId("public", "v"), 5).store()).isEqualTo(new ViewId("refreshd_store", "v_5"));
    }
}
