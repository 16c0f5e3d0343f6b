package io.refreshd.doctor;

import java.util.ArrayList;
import java.util.List;

/**
 * A schema as a restore leaves it: 400 tables in two schemas, a part of them partitions, and 50 materialized views that stand on each
 * other. Most views were never populated, most lack a unique index, and some tables have no replica identity. Names hold line breaks,
 * quotes and the beginning of a comment. The views call 25 functions whose bodies the server does not look into.
 */
public final class RestoredSchema {
    public static final int TABLES = 400;
    public static final int VIEWS = 50;
    private static final int PARTITIONS = 12;
    private static final int VIEWS_OF_A_STACK = 7;
    private static final int FUNCTIONS = 25;
    /** A name that is three lines long. */
    private static final String THREE_LINES = "\"two\n-- lines; DROP \"\"t\"\" --\n/* 'x\"";

    private final List<String> statements = new ArrayList<>();
    private int tables;

    private RestoredSchema() {}

    /** The statements that create the schema. */
    public static List<String> statements() {
        RestoredSchema schema = new RestoredSchema();
        schema.add("CREATE SCHEMA app", "CREATE SCHEMA \"Old; Reports\"");
        for (int i = 0; i < 10; i++) {
            schema.partitioned(i);
        }
        for (int i = 0; i < FUNCTIONS; i++) {
            schema.add("CREATE FUNCTION app.f_" + i
                    + "(int) RETURNS int IMMUTABLE LANGUAGE plpgsql AS 'BEGIN RETURN $1; END'");
        }
        schema.table(THREE_LINES, "id int PRIMARY KEY DEFERRABLE, k int");
        for (int i = 0; i < 12; i++) {
            schema.table("without_key_" + i, "id int, k int");
            schema.table("unique_" + i, "id int NOT NULL UNIQUE, k int");
            schema.table("late_" + i, "id int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED, k int");
        }
        while (schema.tables < TABLES) {
            schema.table("t_" + schema.tables, "id int PRIMARY KEY, k int");
        }
        for (int i = 0; i < VIEWS / VIEWS_OF_A_STACK; i++) {
            schema.stack(i);
        }
        StringBuilder calls = new StringBuilder("SELECT id");
        for (int i = 0; i < FUNCTIONS; i++) {
            calls.append(", app.f_").append(i).append("(k) AS f_").append(i);
        }
        schema.view("app." + THREE_LINES.replace("two", "view of two"), calls + " FROM app." + THREE_LINES);
        return schema.statements;
    }

    /** Every second one has no primary key. */
    private void partitioned(int i) {
        String name = "app.parted_" + i;
        add("CREATE TABLE " + name + " (id int NOT NULL, k int" + (i % 2 == 0 ? ", PRIMARY KEY (id)" : "")
                + ") PARTITION BY RANGE (id)");
        for (int part = 0; part < PARTITIONS; part++) {
            add("CREATE TABLE " + name + "_" + part + " PARTITION OF " + name + " FOR VALUES FROM (" + part * 100
                    + ") TO (" + (part + 1) * 100 + ")");
            tables++;
        }
        add("INSERT INTO " + name + " SELECT i, i % 7 FROM generate_series(0, 1199, 40) i");
    }

    private void table(String name, String columns) {
        add(
                "CREATE TABLE app." + name + " (" + columns + ")",
                "INSERT INTO app." + name + " SELECT i, i % 3 FROM generate_series(1, 9) i");
        tables++;
    }

    /** Views of every kind, each on the one before. The names sort the other way round than the views stand on each other. */
    private void stack(int i) {
        String base = "app.\"z Base " + i + "\"";
        String grouped = "\"Old; Reports\".y_grouped_" + i;
        String top = "app.a_top_" + i;
        view(base, "SELECT id, k FROM app.parted_" + i % 10 + " UNION SELECT id, k FROM app.late_" + i % 12);
        view(grouped, "SELECT count(*) AS n, k FROM " + base + " GROUP BY k");
        add("CREATE VIEW app.plain_" + i + " AS SELECT g.*, 'x' AS x FROM " + grouped + " g");
        view(top, "SELECT x, n, k FROM app.plain_" + i + " WHERE n > 0");
        view("app.b_distinct_" + i, "SELECT DISTINCT k FROM app.unique_" + i % 12);
        view("app.c_total_" + i, "SELECT sum(n) AS total FROM " + top);
        view("app.d_keyless_" + i, "SELECT k, max(id) AS id FROM app.without_key_" + i % 12 + " GROUP BY k");
        view("app.e_one_" + i, "SELECT k, id, app.f_" + i + "(k) AS f, app.f_9(k) AS g FROM app.t_" + (160 + i));
        if (i % 2 == 0) {
            add("REFRESH MATERIALIZED VIEW app.e_one_" + i);
        } else {
            add("CREATE UNIQUE INDEX ON app.e_one_" + i + " (id) WHERE id > 3");
        }
    }

    private void view(String name, String query) {
        add("CREATE MATERIALIZED VIEW " + name + " AS " + query + " WITH NO DATA");
    }

    private void add(String... more) {
        statements.addAll(List.of(more));
    }
}
