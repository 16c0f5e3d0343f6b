package io.refreshd.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class RoleViewTemplatesTest {
    @Test
    void readsATemplate() throws Exception {
        RoleViewTemplate template = read("""
                    public.role_{role}:
                      query: SELECT id FROM main WHERE role = {role};
                      unique-key: [id]
                      roles: [a, "it's"]
                      grant-to: 'app_{role}'
                      removed: drop
                """).getFirst();
        assertThat(template.name().nameFor("a")).isEqualTo("role_a");
        assertThat(template.definition().query().with("'a'")).isEqualTo("SELECT id FROM main WHERE role = ('a')");
        assertThat(template.roles()).isEqualTo(new RoleViewTemplate.Roles.Listed(List.of("a", "it's")));
        assertThat(template.access().grantTo("x")).isEqualTo(Optional.of("app_x"));
        assertThat(template.dropRemoved()).isTrue();
    }

    @Test
    void theExampleOfTheDocumentsCanBeUsed() throws Exception {
        String text = Files.readString(Path.of("docs/configuration.md"));
        String example = text.substring(text.indexOf("role-views:\n  templates:"));
        String yaml = example.substring(0, example.indexOf("```"));
        assertThat(ConfigurationReader.read(
                                "database: { url: 'jdbc:postgresql://db/app', user: u }\n" + yaml, "f.yaml", Map.of())
                        .roleViews())
                .hasSize(1);
        assertThat(RoleViewsReader.KEYS).allSatisfy(key -> assertThat(example).contains("| `" + key + "` | "));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "SELECT '{role}'",
                "SELECT \"{role}\"",
                "SELECT 1 -- {role}",
                "SELECT /* /* */ {role} */ 1",
                "SELECT $x$ {role} $x$",
                "SELECT E'\\' {role}'",
                "SELECT 'it''s {role}'",
            })
    void refusesARoleWithinQuotes(String query) {
        assertThatThrownBy(() -> SqlTemplate.parse(query)).hasMessageContaining("within quotes or a comment");
    }

    @Test
    void leavesOtherQuotesAlone() throws Exception {
        assertThat(SqlTemplate.parse("SELECT 'a;', $1$, \"x;\", $$;$$ /* ; */ WHERE r={role} OR s={role} -- ;")
                        .parts())
                .hasSize(3);
        assertThatThrownBy(() -> SqlTemplate.parse("SELECT 1; DROP TABLE x")).hasMessageContaining("one statement");
    }

    @Test
    void saysWhatIsMissingOrWrong() {
        assertThatThrownBy(() -> read("""
                    public.v:
                      query: SELECT 1
                    v_{role}:
                      query: SELECT 1
                    public.a_{role}:
                      query: SELECT 1
                      roles: []
                    public.b_{role}:
                      query: SELECT 1
                      kind: view
                    public.c_{role}:
                      query: SELECT 1
                      kind: index
                      unique-key: [id]
                      roles: [a]
                      rols: [a]
                """))
                .isInstanceOf(ConfigurationException.class)
                .hasMessageContaining("holds {role} once")
                .hasMessageContaining("the schema is missing")
                .hasMessageContaining("unique-key is missing")
                .hasMessageContaining("neither roles nor roles-query")
                .hasMessageContaining("there is no such kind")
                .hasMessageContaining("did you mean roles?");
    }

    private static List<RoleViewTemplate> read(String templates) throws ConfigurationException {
        return ConfigurationReader.read(
                        "database: { url: 'jdbc:postgresql://db/app', user: u }\nrole-views:\n  templates:\n"
                                + templates,
                        "f.yaml",
                        Map.of())
                .roleViews();
    }
}
