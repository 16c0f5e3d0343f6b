package io.refreshd.incremental;

import static org.assertj.core.api.Assertions.assertThat;

import io.refreshd.model.TableId;
import io.refreshd.model.ViewId;
import java.util.List;
import org.junit.jupiter.api.Test;

class PlanLookTest {
    private static final ViewId VIEW = new ViewId("public", "v");

    private static PlanLook look(double cost, String alias, String... conditions) {
        return new PlanLook(
                List.of(
                        new PlanLook.Scan(new TableId("public", "small"), "s", 10, ""),
                        new PlanLook.Scan(new TableId("app", "Big"), alias, cost, "(" + alias + ".only = 1)")),
                List.of(conditions));
    }

    @Test
    void namesTheColumnByWhichTheTableIsJoined() {
        assertThat(look(5000, "d", "(d.main_id = m.id)", "(dd.x = m.y)").missingIndex(VIEW))
                .hasValueSatisfying(index -> {
                    assertThat(index.what()).contains("public.v").contains("app.Big");
                    assertThat(index.remedy().toString()).isEqualTo("CREATE INDEX ON \"app\".\"Big\" (main_id)");
                });
        assertThat(look(5000, "D", "(\"D\".\"Main Id\" = m.id)")
                        .missingIndex(VIEW)
                        .orElseThrow()
                        .remedy()
                        .toString())
                .isEqualTo("CREATE INDEX ON \"app\".\"Big\" (\"Main Id\")");
    }

    @Test
    void namesNoColumnIfTheyAreSeveral() {
        assertThat(look(5000, "d", "((d.a = m.id) OR (d.b = m.id))")
                        .missingIndex(VIEW)
                        .orElseThrow()
                        .remedy()
                        .toString())
                .isEmpty();
    }

    @Test
    void takesTheColumnOfTheFilterIfTheTableIsJoinedByNoCondition() {
        assertThat(look(5000, "d").missingIndex(VIEW).orElseThrow().remedy().toString())
                .isEqualTo("CREATE INDEX ON \"app\".\"Big\" (only)");
    }

    @Test
    void aSmallTableNeedsNoIndex() {
        assertThat(look(900, "d", "(d.main_id = m.id)").missingIndex(VIEW)).isEmpty();
    }
}
