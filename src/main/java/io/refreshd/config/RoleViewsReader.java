package io.refreshd.config;

import io.refreshd.client.RoleViewName;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/** Reader of the section {@code role-views}. */
final class RoleViewsReader {
    static final List<String> KEYS =
            List.of("query", "unique-key", "indexes", "roles", "roles-query", "kind", "grant-to", "owner", "removed");

    private RoleViewsReader() {}

    static List<RoleViewTemplate> read(Section roleViews) {
        roleViews.rejectUnknown(Key.leaves("role-views"));
        Section written = roleViews.section(Key.ROLE_VIEWS_TEMPLATES.leaf());
        List<RoleViewTemplate> templates = new ArrayList<>();
        for (String name : written.keys()) {
            Section section = written.section(name);
            section.rejectUnknown(KEYS);
            try {
                template(name(name), section).ifPresent(templates::add);
            } catch (InvalidValueException e) {
                written.problem(name, e);
            }
        }
        return templates;
    }

    private static RoleViewName name(String text) throws InvalidValueException {
        String expected = "write schema.name_{role}, such as public.materializeduserrole_{role}";
        try {
            RoleViewName name = RoleViewName.of(text);
            if (name.schema().isEmpty()) {
                throw new InvalidValueException("the schema is missing", expected);
            }
            return name;
        } catch (IllegalArgumentException e) {
            throw new InvalidValueException(String.valueOf(e.getMessage()), expected);
        }
    }

    private static Optional<RoleViewTemplate> template(RoleViewName name, Section section)
            throws InvalidValueException {
        RoleViewTemplate.Kind kind =
                section.given("kind", RoleViewsReader::kind).orElse(RoleViewTemplate.Kind.MATERIALIZED_VIEW);
        Optional<SqlTemplate> query = section.given("query", SqlTemplate::parse);
        List<String> key = section.list("unique-key", ValueParsers::text);
        if (!section.has("query")) {
            throw new InvalidValueException("query is missing", "write the SELECT that defines the view");
        }
        if (kind == RoleViewTemplate.Kind.MATERIALIZED_VIEW && !section.has("unique-key")) {
            throw new InvalidValueException(
                    "unique-key is missing", "write the columns of the view's key; without one it cannot be refreshed");
        }
        if (section.has("roles") == section.has("roles-query")) {
            throw new InvalidValueException(
                    section.has("roles") ? "both roles and roles-query" : "neither roles nor roles-query",
                    "write one of the two");
        }
        RoleViewTemplate.Roles roles = section.given("roles-query", SqlTemplate::statement)
                .<RoleViewTemplate.Roles>map(RoleViewTemplate.Roles.Queried::new)
                .orElseGet(() -> new RoleViewTemplate.Roles.Listed(section.list("roles", text -> text)));
        RoleViewTemplate.Access access = new RoleViewTemplate.Access(
                section.given("grant-to", ValueParsers::text), section.given("owner", ValueParsers::text));
        boolean drop = section.given("removed", RoleViewsReader::drops).orElse(false);
        List<String> indexes = section.list("indexes", ValueParsers::text);
        return query.map(sql -> new RoleViewTemplate(
                name, new RoleViewTemplate.Definition(kind, sql, key, indexes), roles, access, drop));
    }

    private static RoleViewTemplate.Kind kind(String text) throws InvalidValueException {
        return Arrays.stream(RoleViewTemplate.Kind.values())
                .filter(kind -> kind.text().equals(text))
                .findFirst()
                .orElseThrow(() -> new InvalidValueException(
                        "there is no such kind", "write materialized-view, incremental or view"));
    }

    private static boolean drops(String text) throws InvalidValueException {
        return switch (text) {
            case "keep" -> false;
            case "drop" -> true;
            default -> throw new InvalidValueException("neither keep nor drop", "write keep or drop");
        };
    }
}
