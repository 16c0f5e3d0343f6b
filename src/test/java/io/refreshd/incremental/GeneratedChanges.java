package io.refreshd.incremental;

import io.refreshd.testing.TestDatabase;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;

/**
 * Writes rows to any table, and changes some of them, by the types of its columns.
 *
 * <p>Values come from so few that rows join. Foreign keys are switched off in the session, so that tables can be changed one by one.
 */
final class GeneratedChanges {
    private static final String TABLES = """
            SELECT c.oid::regclass::text AS name, n.nspname AS schema, a.attname AS col,
                   format_type(coalesce(nullif(t.typbasetype, 0), a.atttypid), a.atttypmod) AS type,
                   t.typtype = 'e' AS enum, a.attnotnull AS required,
                   coalesce(a.attnum = ANY (k.conkey), false) AS key, cardinality(k.conkey) = 1 AS alone
            FROM pg_class c
            JOIN pg_namespace n ON n.oid = c.relnamespace
            JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
            JOIN pg_type t ON t.oid = a.atttypid
            LEFT JOIN pg_constraint k ON k.conrelid = c.oid AND k.contype = 'p'
            WHERE c.relkind IN ('r', 'p') AND NOT c.relispartition AND n.nspname = ANY (string_to_array('%s', ','))
            ORDER BY c.oid, a.attnum
            """;

    /** Text, keys among it. */
    private static final String WORD =
            "(ARRAY['X', 'k1', 'k2', 'k3', 'k4', 'k5', 'k6', 'k7'])[1 + floor(random() * 8)::int]";

    /** A tag is missing now and then. */
    private static final String TAGS = "(jsonb_build_object('highway', " + WORD + ", 'amenity', " + WORD + ", 'name', "
            + WORD + ", 'ref', 7, 'lanes', 1 + floor(random() * 3)::int)"
            + " - (ARRAY['highway', 'amenity', 'name', 'lanes'])[1 + floor(random() * 4)::int])";

    private final Random random;

    GeneratedChanges(Random random) {
        this.random = random;
    }

    record Column(String name, String type, boolean enumerated, boolean required, boolean key, boolean onlyKey) {
        /** An expression for a value of the column, another one for each row. */
        String value() {
            // A time that may be missing says what has not happened yet.
            String filled = type.startsWith("timestamp") ? "0.5" : "0.8";
            return required || key ? some() : "CASE WHEN random() < " + filled + " THEN " + some() + " END";
        }

        private String some() {
            if (enumerated) {
                return "(enum_range(NULL::" + type + "))[1 + floor(random() * cardinality(enum_range(NULL::" + type
                        + ")))::int]";
            }
            String base = type.replaceFirst("\\(.*\\)", "");
            return switch (base) {
                // Small ones are more frequent: zero often means that something is not so.
                case "smallint", "integer", "bigint" ->
                    name.equals("createat")
                            ? "86400000 * floor(random() * 4)::bigint"
                            : onlyKey ? "floor(random() * 24)::int" : "floor(random() * random() * 9)::int";
                case "numeric" -> "(0.5 + round((random() * 20)::numeric, 2))::" + type;
                case "text", "character varying", "character" -> WORD + "::" + type;
                case "boolean" -> "random() < 0.5";
                case "date" -> "'2026-01-28'::date + floor(random() * 6)::int";
                case "timestamp without time zone", "timestamp with time zone" ->
                    "'2026-01-28'::" + type + " + floor(random() * 100) * interval '1 hour'";
                case "inet" -> "('10.0.0.' || floor(random() * 4)::int)::inet";
                case "uuid" -> "md5(floor(random() * 9)::text)::uuid";
                case "jsonb" -> TAGS;
                case "text[]" -> "ARRAY[" + WORD + ", " + WORD + "]";
                default -> throw new IllegalStateException("no values for type " + type + " of " + name);
            };
        }
    }

    record Table(String name, String schema, List<Column> columns) {
        String insert(int rows) {
            return "INSERT INTO " + name + " SELECT "
                    + columns.stream().map(Column::value).collect(Collectors.joining(", "))
                    + " FROM generate_series(1, " + rows + ") ON CONFLICT DO NOTHING";
        }

        private String oneRow() {
            List<String> key =
                    columns.stream().filter(Column::key).map(Column::name).toList();
            String row = key.isEmpty() ? "ctid" : "(" + String.join(", ", key) + ")";
            return " WHERE " + row + " = (SELECT " + (key.isEmpty() ? "ctid" : String.join(", ", key)) + " FROM " + name
                    + " ORDER BY random() LIMIT 1)";
        }
    }

    static List<Table> tables(TestDatabase database, List<String> schemas) throws Exception {
        List<Table> tables = new ArrayList<>();
        String rows = "SELECT concat_ws('|', name, schema, col, type, enum, required, key, key AND alone) FROM ("
                + TABLES.formatted(String.join(",", schemas)) + ") t";
        for (String row : database.query(rows)) {
            String[] part = String.valueOf(row).split("\\|");
            if (tables.isEmpty() || !tables.getLast().name().equals(part[0])) {
                tables.add(new Table(part[0], part[1], new ArrayList<>()));
            }
            tables.getLast()
                    .columns()
                    .add(new Column(
                            part[2],
                            part[3],
                            part[4].equals("t"),
                            part[5].equals("t"),
                            part[6].equals("t"),
                            part[7].equals("t")));
        }
        return tables;
    }

    /** One transaction that inserts, updates and deletes rows of these tables. A value that is there already is left out. */
    String transaction(List<Table> tables) {
        StringBuilder block = new StringBuilder("DO $do$ BEGIN SET LOCAL session_replication_role = replica;"
                + " PERFORM setseed(" + random.nextDouble() + ");");
        for (Table table : tables) {
            List<Column> others =
                    table.columns().stream().filter(column -> !column.key()).toList();
            block.append(table.insert(2)).append(';');
            for (int i = 0; i < 2 && !others.isEmpty(); i++) {
                Column column = others.get(random.nextInt(others.size()));
                block.append("BEGIN UPDATE " + table.name() + " SET " + column.name() + " = " + column.value()
                        + table.oneRow() + "; EXCEPTION WHEN unique_violation THEN NULL; END;");
            }
            block.append("DELETE FROM " + table.name() + table.oneRow() + ";");
        }
        return block + " END $do$";
    }
}
