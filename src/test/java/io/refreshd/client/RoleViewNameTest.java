package io.refreshd.client;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;

class RoleViewNameTest {
    private final RoleViewName names = RoleViewName.of("public.materializeduserrole_{role}");

    @Test
    void insertsTheRole() {
        assertThat(names.nameFor("a")).isEqualTo("materializeduserrole_a");
        assertThat(names.sqlFor("x\".y")).isEqualTo("\"public\".\"materializeduserrole_x\"\".y\"");
        assertThat(RoleViewName.of("v_{role}").sqlFor("a.b")).isEqualTo("\"v_a.b\"");
        assertThat(RoleViewName.of("{role}.v").schema()).isEmpty();
    }

    @Test
    void cutsLongNamesWithAStableHashBetweenCharacters() {
        String one = names.nameFor("r".repeat(200));
        assertThat(one).startsWith("materializeduserrole_rrrr").hasSize(63).isEqualTo(names.nameFor("r".repeat(200)));
        assertThat(names.nameFor("r".repeat(201))).isNotEqualTo(one);
        for (int i = 0; i < 4; i++) {
            String wide = names.nameFor("x".repeat(i) + "🐘".repeat(50));
            assertThat(wide.getBytes(StandardCharsets.UTF_8).length).isBetween(59, 63);
            assertThat(wide).matches("materializeduserrole_x*(🐘)*_[0-9a-f]{12}");
        }
        // The name is fixed: databases contain views of that name, which a later version has to find.
        assertThat(one).isEqualTo("materializeduserrole_rrrrrrrrrrrrrrrrrrrrrrrrrrrrr_ad146de96824");
        // A name of 63 bytes is not cut.
        assertThat(names.nameFor("r".repeat(42))).isEqualTo("materializeduserrole_" + "r".repeat(42));
    }

    @Test
    void rejectsImpossibleNames() {
        assertThatThrownBy(() -> names.nameFor("a\0b")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RoleViewName.of("{role}").nameFor("")).isInstanceOf(IllegalArgumentException.class);
        assertThatThrownBy(() -> RoleViewName.of("v")).hasMessageContaining("{role} once");
        assertThatThrownBy(() -> RoleViewName.of("{role}{role}")).hasMessageContaining("{role} once");
        assertThatThrownBy(() -> RoleViewName.of("v".repeat(60) + "{role}")).hasMessageContaining("too long");
    }
}
